"""How visibly an edit changed anything, without a look at what."""

import numpy as np
from scipy.ndimage import uniform_filter

from vireo.rewards.evidence import Evidence
from vireo.rewards.scorer import Scorer

VISIBLE = 24.0
"""Difference of any channel, of 255, averaged over 3 x 3 pixels, that is seen in full; as the critic is shown it."""


def seen_change(source: np.ndarray, edited: np.ndarray) -> float:
    """0 (nothing changed) to 1: the change at the most changed place of a frame, mean over frames.

    source, edited: uint8 (T, H, W, 3).
    """
    changes = [np.abs(a.astype(np.float32) - b).max(-1) for a, b in zip(source, edited, strict=True)]
    return float(np.mean([min(1.0, uniform_filter(change, 3).max() / VISIBLE) for change in changes]))


def _score(evidence: Evidence) -> float:
    return seen_change(evidence.sample.source, evidence.sample.edited)


SEEN_CHANGE = Scorer(name="seen change", score=_score)
