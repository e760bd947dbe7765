"""Exact targets made worse in one known way, by a known strength: what judges and metrics are graded on.

A corruption takes a pair's truth, the truth of another pair, and a strength in 0..1 (0 is the exact target), and gives
a clip, uint8 (T, H, W, 3), or None where it means nothing for that pair.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.ndimage import gaussian_filter

from vireo.evaluation.pair_clips import Truth
from vireo.metrics.truth import dilated, is_global

Corruption = Callable[[Truth, Truth, float], np.ndarray | None]

STRENGTHS = (0.25, 0.5, 1.0)
BLUR = 3.0
"""Pixels at a height of 96, at full strength."""

CAST = (1.35, 0.8, 0.65)
"""What red, green and blue of the whole picture are multiplied with, at full strength."""


def _mixed(first: np.ndarray, second: np.ndarray, share: np.ndarray | float) -> np.ndarray:
    """first and second, which has this share."""
    a, b = first.astype(np.float32), second.astype(np.float32)
    return np.clip(np.round(a + share * (b - a)), 0, 255).astype(np.uint8)


def nothing_done(truth: Truth, other: Truth, strength: float) -> np.ndarray:
    """Faded back to the source."""
    return _mixed(truth.target, truth.source, strength)


def over_edit(truth: Truth, other: Truth, strength: float) -> np.ndarray:
    """The whole picture tinted."""
    gain = 1 + strength * (np.array(CAST, np.float32) - 1)
    return np.clip(np.round(truth.target * gain), 0, 255).astype(np.uint8)


def wrong_object(truth: Truth, other: Truth, strength: float) -> np.ndarray | None:
    """The change of colour fades from its object and goes to one that the edit does not concern."""
    if truth.concerned is None or not truth.concerned.any() or not truth.others.any():
        return None
    own = truth.concerned
    change = truth.target[own].mean(0, dtype=np.float64) - truth.source[own].mean(0, dtype=np.float64)
    faded = _mixed(truth.target, truth.source, strength).astype(np.float64)
    faded[truth.others] += strength * change
    return np.clip(np.round(faded), 0, 255).astype(np.uint8)


def wrong_time(truth: Truth, other: Truth, strength: float) -> np.ndarray | None:
    """The last frames are left undone; at full strength all but the first."""
    count = round(strength * (len(truth.target) - 1))
    if not count:
        return None
    return np.concatenate([truth.target[:-count], truth.source[-count:]])


def wrong_side(truth: Truth, other: Truth, strength: float) -> np.ndarray | None:
    """The change fades from its place and goes to the mirrored one; local edits."""
    if is_global(dilated(truth.mask)):
        return None
    change = truth.target.astype(np.float32) - truth.source
    moved = truth.source + (1 - strength) * change + strength * change[:, :, ::-1]
    return np.clip(np.round(moved), 0, 255).astype(np.uint8)


def flicker(truth: Truth, other: Truth, strength: float) -> np.ndarray | None:
    """Every second frame fades back to the source."""
    if len(truth.target) < 2:
        return None
    odd = (np.arange(len(truth.target)) % 2)[:, None, None, None]
    return _mixed(truth.target, truth.source, strength * odd.astype(np.float32))


def blur(truth: Truth, other: Truth, strength: float) -> np.ndarray:
    """The whole picture out of focus."""
    sigma = strength * BLUR * truth.target.shape[1] / 96
    soft = gaussian_filter(truth.target.astype(np.float32), (0, sigma, sigma, 0))
    return np.clip(np.round(soft), 0, 255).astype(np.uint8)


def background_swapped(truth: Truth, other: Truth, strength: float) -> np.ndarray | None:
    """Where neither the edit nor an object is, another clip shows through."""
    if truth.concerned is None or other.source.shape != truth.source.shape:
        return None
    behind = ~(truth.mask | truth.concerned | truth.others)
    return _mixed(truth.target, other.source, strength * behind[..., None].astype(np.float32))


def shadow_left(truth: Truth, other: Truth, strength: float) -> np.ndarray | None:
    """What the edit changes beside its object, its shadow and reflection, fades back to the source."""
    if truth.concerned is None or not truth.concerned.any():
        return None
    beside = truth.mask & ~dilated(truth.concerned)
    if beside.mean() < 0.002:
        return None
    return _mixed(truth.target, truth.source, strength * beside[..., None].astype(np.float32))


CORRUPTIONS: dict[str, Corruption] = {
    function.__name__: function
    for function in (
        nothing_done,
        over_edit,
        wrong_object,
        wrong_time,
        wrong_side,
        flicker,
        blur,
        background_swapped,
        shadow_left,
    )
}

OF_REMOVALS = ("shadow_left",)
"""Corruptions of removals alone; elsewhere what lies beside an object may be part of the new one."""
