"""The reward that we recommend to train editors with; how it was chosen is in docs/log.md (2026-11-22, reward lab)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.ndimage import uniform_filter

from vireo.models.instructor.prompts import QuestionKind

VISIBLE = 24.0
"""Difference of any channel, of 255, averaged over 3 x 3 pixels, that is seen in full; as the critic is shown it."""


def seen_change(source: np.ndarray, clip: np.ndarray) -> float:
    """How visibly an edit changed anything, 0 (not at all) to 1: its most changed place, mean over frames.

    source, clip: uint8 (T, H, W, 3).
    """
    gaps = [np.abs(a.astype(np.float32) - b).max(-1) for a, b in zip(source, clip, strict=True)]
    return float(np.mean([min(1.0, uniform_filter(gap, 3).max() / VISIBLE) for gap in gaps]))


def recommended(sure: Mapping[QuestionKind, float], source: np.ndarray, clip: np.ndarray) -> float:
    """0 to 1: the geometric mean of the critic's P("Yes") to accuracy and to overall, and nothing for an edit that
    changes nothing.

    sure: of the critic. The gate `seen_change` keeps "nothing done" from being anyone's best answer: VIVA's R_SP pays
    for it in full, and a critic alone is fooled now and then.
    """
    return float(np.sqrt(sure["accuracy"] * sure["overall"])) * seen_change(source, clip)
