"""How much of each object is seen, from masks and depths."""

from collections.abc import Iterable, Sequence

import numpy as np
from scipy.ndimage import binary_dilation

from vireo.reasoning.perception.grouping import Detection
from vireo.reasoning.perception.tracking import Sighted

_TOUCH = 3
"""Pixels between two masks that count as meeting: the borders of masks are no surer."""


def seen_shares(tracks: Sequence[Sighted], raster: tuple[int, int], frames: int) -> np.ndarray:
    """Share of each object that is seen in each frame, 0..1 (N, frames); 0 where it is not."""
    shares = np.zeros((len(tracks), frames))
    for row, track in enumerate(tracks):
        at = sorted(track.detections)
        looks = [track.detections[frame] for frame in at]
        others = [other for other in tracks if other is not track]
        covered = [
            may_be_covered(look, [near for other in others if (near := other.detections.get(frame))], raster)
            for look, frame in zip(looks, at, strict=True)
        ]
        shares[row, at] = shares_of(at, [look.area * look.depth**2 for look in looks], covered)
    return shares


def shares_of(at: Sequence[int], sizes: Sequence[float], covered: Sequence[bool]) -> np.ndarray:
    """Share of an object that is seen in each of the frames `at`, 0..1.

    All of it where nothing may cover it. Where something may, its size is compared with that in the frame closest in
    time in which nothing does; without such a frame, with the largest. sizes: areas, each times its depth squared.
    """
    frames, whole = np.array(at), np.array(sizes, float)
    free = np.flatnonzero(~np.array(covered, bool))
    shares = np.ones(len(frames))
    for number in np.flatnonzero(covered):
        full = whole[free[np.abs(frames[free] - frames[number]).argmin()]] if len(free) else whole.max()
        shares[number] = min(1.0, whole[number] / full)
    return shares


def may_be_covered(look: Detection, others: Iterable[Detection], raster: tuple[int, int]) -> bool:
    """Whether an object meets the border of the picture, or something in it that may be nearer: of unknown depth (NaN)
    anything may be."""
    height, width = raster
    bottom, right = look.top + look.mask.shape[0], look.left + look.mask.shape[1]
    if look.top == 0 or look.left == 0 or bottom == height or right == width:
        return True
    return any(not other.depth >= look.depth and _meet(look, other) for other in others)


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
