"""R_PS, human preference (VIVA, Eq. 6): mean cosine, -1..1, of the frames and the target's caption, by PickScore's
model (backbone `pick`) where it is loaded, else by CLIP.
"""

from vireo.rewards.evidence import Evidence
from vireo.rewards.scorer import Scorer


def _score(evidence: Evidence) -> float:
    network = "pick" if evidence.networks.has("pick") else "clip"
    frames = evidence.images(network, "edited")
    return float((frames @ evidence.text(network, evidence.sample.target_caption)).mean())


R_PS = Scorer(name="R_PS", score=_score, networks=("clip",), inputs=("target_caption",))
