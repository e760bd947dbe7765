"""How much of each object is seen, from masks and depths."""

from collections.abc import Sequence

import numpy as np
from scipy.ndimage import binary_dilation

from vireo.reasoning.perception.grouping import Detection
from vireo.reasoning.perception.tracking import Sighted

_TOUCH = 3
"""Pixels between two masks that count as meeting: the borders of masks are no surer."""


def seen_shares(tracks: Sequence[Sighted], raster: tuple[int, int], frames: int) -> np.ndarray:
    """Share of each object that is seen in each frame, 0..1 (N, frames); 0 where it is not.

    All of it where it meets neither something nearer nor the border of the picture. Where it does, its area is
    compared with that in the frame closest in time in which it does not, each times its depth squared; without such a
    frame, with the largest.
    """
    shares = np.zeros((len(tracks), frames))
    for row, track in enumerate(tracks):
        at = np.array(sorted(track.detections))
        looks = [track.detections[frame] for frame in at.tolist()]
        sizes = np.array([look.area * look.depth**2 for look in looks])
        others = [other for other in tracks if other is not track]
        covered = np.array(
            [_may_be_covered(look, frame, others, raster) for look, frame in zip(looks, at.tolist(), strict=True)]
        )
        free = np.flatnonzero(~covered)
        for number, frame in enumerate(at):
            whole = sizes[free[np.abs(at[free] - frame).argmin()]] if len(free) else sizes.max()
            shares[row, frame] = min(1.0, sizes[number] / whole) if covered[number] else 1.0
    return shares


def _may_be_covered(look: Detection, frame: int, others: Sequence[Sighted], raster: tuple[int, int]) -> bool:
    height, width = raster
    bottom, right = look.top + look.mask.shape[0], look.left + look.mask.shape[1]
    if look.top == 0 or look.left == 0 or bottom == height or right == width:
        return True
    for other in others:
        near = other.detections.get(frame)
        if near is not None and near.depth < look.depth and _meet(look, near):
            return True
    return False


def _meet(one: Detection, other: Detection) -> bool:
    top, left = min(one.top, other.top) - _TOUCH, min(one.left, other.left) - _TOUCH
    bottom = max(one.top + one.mask.shape[0], other.top + other.mask.shape[0]) + _TOUCH
    right = max(one.left + one.mask.shape[1], other.left + other.mask.shape[1]) + _TOUCH
    high, wide = bottom - top, right - left
    if high > sum(m.shape[0] for m in (one.mask, other.mask)) + 3 * _TOUCH:
        return False
    if wide > sum(m.shape[1] for m in (one.mask, other.mask)) + 3 * _TOUCH:
        return False
    masks = np.zeros((2, high, wide), bool)
    for mask, look in zip(masks, (one, other), strict=True):
        down, across = look.top - top, look.left - left
        mask[down : down + look.mask.shape[0], across : across + look.mask.shape[1]] = look.mask
    return bool((binary_dilation(masks[0], iterations=_TOUCH) & masks[1]).any())
