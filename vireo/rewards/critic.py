"""The critic (ReViSE 4.2.2): the frozen instructor's probability of "Yes" about the edit, 0..1, mean over its
questions; see `vireo.models.instructor.critic`.
"""

from typing import get_args

import numpy as np

from vireo.models.instructor.prompts import QuestionKind
from vireo.rewards.evidence import Evidence
from vireo.rewards.scorer import Scorer

QUESTIONS: tuple[QuestionKind, ...] = get_args(QuestionKind)


def _score(evidence: Evidence) -> float:
    return float(np.mean([evidence.p_yes(question) for question in QUESTIONS]))


CRITIC = Scorer(name="critic", score=_score, networks=("instructor",))
