"""R_IF, instruction following (VIVA, Eq. 4): how much nearer the frames are to the target's caption than to the
source's, by CLIP; mean over frames of the difference of both cosines, -2..2.
"""

from vireo.rewards.evidence import Evidence
from vireo.rewards.scorer import Scorer


def _score(evidence: Evidence) -> float:
    frames, sample = evidence.images("clip", "edited"), evidence.sample
    target, source = (evidence.text("clip", caption) for caption in (sample.target_caption, sample.source_caption))
    return float((frames @ target - frames @ source).mean())


R_IF = Scorer(name="R_IF", score=_score, networks=("clip",), inputs=("source_caption", "target_caption"))
