"""R_PS by our own scorer: what `PreferenceHead` has learned to prefer from edits whose exact result is known (VIVA,
Eq. 6).

Like PickScore it sees the edited frames and the target's caption, not the source. Unbounded; only differences mean
something. It is there where weights are given; none ship.
"""

import numpy as np
import torch

from vireo.rewards.evidence import Evidence
from vireo.rewards.scorer import Scorer


def preference_vectors(evidence: Evidence) -> tuple[np.ndarray, np.ndarray]:
    """What the head reads, by the frozen instructor: vectors of the edited frames (T, D), and of the target's caption
    (E,)."""
    return evidence.images("instructor", "edited"), evidence.text("instructor", evidence.sample.target_caption)


@torch.no_grad()
def _score(evidence: Evidence) -> float:
    head = evidence.networks.preference
    assert head is not None, "the networks that a reward names are loaded"
    frames, text = (torch.from_numpy(vectors)[None].to(head.device) for vectors in preference_vectors(evidence))
    return head(frames, text).item()


PREFERENCE = Scorer(name="preference", score=_score, networks=("instructor", "preference"), inputs=("target_caption",))
