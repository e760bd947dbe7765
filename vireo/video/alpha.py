"""Where an edit is: the share of the model's result that each pixel gets.

A result differs from its source by the edit, by what the autoencoder loses, and by the model's own noise. Only the
first is wanted. It is told from the noise by its size after smoothing, and by hanging together (hysteresis, as in
Canny, "A Computational Approach to Edge Detection", 1986).

Lengths are shares of the side of the square that has the picture's area, levels are in 1/255. Each constant was chosen
on held-out pairs of the training split (docs/decisions/0016-one-alpha.md).
"""

from typing import cast

import numpy as np
from scipy.ndimage import binary_fill_holes, distance_transform_edt, gaussian_filter, label

from vireo.types import Preserve
from vireo.video.geometry import side_of

SMOOTH = 0.0125
"""Deviation of the Gaussian that averages the change before it is judged: noise averages out, faint shadows stay."""

REACH = 4.0
"""An edit extends over all connected pixels that change by this much ..."""

SEED = 5.0
"""... if it somewhere changes by so many times as much."""

NOISE = 2.25
"""REACH is raised to the picture's own noise, the median change, times this, where that is higher."""

GROW = 0.031
"""The region is widened by so much; over the outer half it falls from 1 to 0."""

CERTAIN = 0.9
"""A change of this share of the region's median is taken whole, and one of 3 x REACH at the latest. Less is taken in
part, by the square, so that what hardly changed keeps its grain."""


def estimate_alpha(
    source: np.ndarray, edited: np.ndarray, rebuilt: np.ndarray, *, everywhere: bool = False
) -> np.ndarray:
    """float32 (T, h, w) in 0..1: 1 where a pixel takes the edit whole, 0 where it stays the source's.

    source: uint8 (T, h, w, 3). edited, rebuilt: float (T, h, w, 3) in 0..1, the model's result, and the source through
    the autoencoder; what is lost there is no change. everywhere: whether the edit is known to concern the whole
    picture; then all of it is the region. Zeros where nothing but noise changed.
    """
    side = side_of(source)
    width = SMOOTH * side
    change = np.abs(gaussian_filter(255 * (edited - rebuilt), (0, width, width, 0), mode="nearest")).max(-1)
    region = np.ones_like(change) if everywhere else _widened(_core(change), GROW * side)
    if not region.any():
        return region
    certain = max(min(CERTAIN * float(np.median(change[region == 1])), 3 * REACH), 1e-3)
    return region * np.clip(change / certain, 0, 1) ** 2


def _core(change: np.ndarray) -> np.ndarray:
    """bool (T, h, w): what changed by REACH and beyond the noise, and hangs together with a change of SEED x REACH."""
    noise = NOISE * float(np.median(change))
    # Where more than half of the picture changes, its median says nothing of noise.
    reach = REACH if noise > SEED * REACH else max(REACH, noise)
    return _connected(change > reach, change > SEED * REACH)


def _connected(reached: np.ndarray, seeds: np.ndarray) -> np.ndarray:
    """The parts of `reached`, connected in space and time, that hold a seed; holes filled. bool (T, h, w)."""
    parts = np.empty(reached.shape, np.int32)
    count = cast(int, label(reached, np.ones((3, 3, 3)), output=parts))
    hit = np.bincount(parts[seeds], minlength=count + 1) > 0
    hit[0] = False
    return np.stack([np.asarray(binary_fill_holes(frame)) for frame in hit[parts]])


def _widened(core: np.ndarray, grow: float) -> np.ndarray:
    """1 in the core and up to half of `grow` pixels around it, then falling to 0 at `grow`."""
    alpha = np.zeros(core.shape, np.float32)
    for frame, inside in zip(alpha, core, strict=True):
        if inside.any():
            frame[:] = np.clip(2 - 2 * np.asarray(distance_transform_edt(~inside)) / grow, 0, 1)
    return alpha


def spread(alpha: np.ndarray, preserve: Preserve) -> np.ndarray:
    """The share of the edit that each pixel of a frame gets, (h, w) in 0..1; 0 where the source stays.

    strict: alpha. soft: alpha with its edge blurred once more. off: 1 everywhere.
    """
    if preserve == "off":
        return np.ones_like(alpha)
    if preserve == "strict":
        return alpha
    return np.maximum(alpha, gaussian_filter(alpha, GROW * side_of(alpha[None]) / 2, mode="nearest"))
