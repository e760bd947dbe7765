"""R_SP, source preservation (VIVA, Eq. 5, as printed, without a mask): cosine of source and edit, frame by frame,
-1..1.

By the backbone `clip` where it is loaded, else by the instructor's vision tower. It is highest for an edit that changes
nothing: of use only beside a reward of the change.
"""

from vireo.metrics.consistency import similarity
from vireo.rewards.evidence import Evidence
from vireo.rewards.scorer import Scorer


def _score(evidence: Evidence) -> float:
    network = "clip" if evidence.networks.has("clip") else "instructor"
    return similarity(evidence.images(network, "source"), evidence.images(network, "edited"))


R_SP = Scorer(name="R_SP", score=_score, networks=("instructor",))
