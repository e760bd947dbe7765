"""R_SP, source preservation (VIVA, Eq. 5): cosine of source and edit, frame by frame, -1..1.

R_SP            as printed, without a mask. It is highest for an edit that changes nothing: of use only beside a reward
                of the change.
R_SP, outside   as the paper's words have it ("regions outside the edit"): what an edit does inside of the sample's
                region does not count, since the source is put back there before frames are compared. 1 for every edit
                that keeps to its region. Undefined without a region and where it is the whole picture.

By the backbone `clip` where it is loaded, else by the instructor's vision tower.
"""

from vireo.metrics.consistency import similarity
from vireo.metrics.truth import is_global
from vireo.rewards.evidence import Evidence, Which
from vireo.rewards.scorer import Scorer, Undefined, Value


def _likeness(evidence: Evidence, which: Which) -> float:
    network = "clip" if evidence.networks.has("clip") else "instructor"
    return similarity(evidence.images(network, "source"), evidence.images(network, which))


def _score_outside(evidence: Evidence) -> Value:
    region = evidence.sample.region
    if region is not None and is_global(region):
        return Undefined("the region is the whole picture")
    return _likeness(evidence, "restored")


R_SP = Scorer(name="R_SP", score=lambda e: _likeness(e, "edited"), networks=("instructor",))
R_SP_OUTSIDE = Scorer(name="R_SP, outside", score=_score_outside, networks=("instructor",), inputs=("region",))
