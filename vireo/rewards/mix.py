"""The reward that we recommend to train editors with; how it was chosen is in docs/log.md (2026-11-22, reward lab)."""

import numpy as np

from vireo.rewards.evidence import Evidence
from vireo.rewards.scorer import Scorer
from vireo.rewards.seen_change import seen_change


def _score(evidence: Evidence) -> float:
    """0 to 1: the geometric mean of the critic's P("Yes") to accuracy and to overall, times `seen_change`.

    The factor keeps "nothing done" from being anyone's best answer: VIVA's R_SP pays for it in full, and a critic alone
    is fooled now and then.
    """
    verdict = np.sqrt(evidence.p_yes("accuracy") * evidence.p_yes("overall"))
    return float(verdict) * seen_change(evidence.sample.source, evidence.sample.edited)


RECOMMENDED = Scorer(name="recommended", score=_score, networks=("instructor",))
