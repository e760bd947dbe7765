"""The reward that we recommend to train editors with; how it was chosen is in docs/log.md (2026-11-22, reward lab)."""

import numpy as np

from vireo.rewards.checklist import p_yes_by_part
from vireo.rewards.evidence import Evidence
from vireo.rewards.scorer import Scorer
from vireo.rewards.seen_change import seen_change


def _gated(evidence: Evidence, accuracy: float, overall: float) -> float:
    """The geometric mean of both, times `seen_change`.

    The factor keeps "nothing done" from being anyone's best answer: VIVA's R_SP pays for it in full, and a critic alone
    is fooled now and then.
    """
    return float(np.sqrt(accuracy * overall)) * seen_change(evidence.sample.source, evidence.sample.edited)


def _score(evidence: Evidence) -> float:
    """0 to 1: of the critic's P("Yes") to accuracy and to overall, each asked part by part."""
    return _gated(evidence, p_yes_by_part(evidence, "accuracy"), p_yes_by_part(evidence, "overall"))


def _score_whole(evidence: Evidence) -> float:
    """The same, asked about the whole instruction."""
    return _gated(evidence, evidence.p_yes("accuracy"), evidence.p_yes("overall"))


RECOMMENDED = Scorer(name="recommended", score=_score, networks=("instructor",))
RECOMMENDED_WHOLE = Scorer(name="recommended, whole", score=_score_whole, networks=("instructor",))
"""What `RECOMMENDED` is compared with; the same for an instruction of one part."""
