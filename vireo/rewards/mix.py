"""The reward that we recommend to train editors with; how it was chosen is in docs/log.md (2026-11-22, reward lab)."""

import numpy as np

from vireo.rewards.checklist import p_yes_by_part
from vireo.rewards.evidence import Evidence
from vireo.rewards.scorer import Scorer
from vireo.rewards.seen_change import seen_change


def _gate(evidence: Evidence) -> float:
    """Keeps "nothing done" from being anyone's best answer: VIVA's R_SP pays for it in full, and a critic alone is
    fooled now and then."""
    return seen_change(evidence.sample.source, evidence.sample.edited)


def _score_whole(evidence: Evidence) -> float:
    """0 to 1: the geometric mean of the critic's P("Yes") to accuracy and to overall, times `seen_change`."""
    return float(np.sqrt(evidence.p_yes("accuracy") * evidence.p_yes("overall"))) * _gate(evidence)


def _score(evidence: Evidence) -> float:
    """0 to 1: the same for an instruction of one part. Of several, the geometric mean over them of P("Yes") to accuracy
    alone, times `seen_change`: asked about one part, "overall" takes the others for faults."""
    if len(evidence.parts) == 1:
        return _score_whole(evidence)
    return p_yes_by_part(evidence, "accuracy") * _gate(evidence)


RECOMMENDED = Scorer(name="recommended", score=_score, networks=("instructor",))
RECOMMENDED_WHOLE = Scorer(name="recommended, whole", score=_score_whole, networks=("instructor",))
"""What `RECOMMENDED` is compared with."""
