"""Boxes that overlap."""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment

from vireo.reasoning.perception.hub.parts import Found

SAME_BOX = 0.6
"""Overlap, as intersection over union, from which two boxes of one picture are taken for the same thing, whatever noun
each was found by: "cup" and "mug"."""

MOST_FOUND = 30
"""Things of a picture that are followed: the surest."""


def overlaps(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Intersection over union (n, m) of boxes (n, 4) and (m, 4); 0 of boxes without area."""
    sides = np.minimum(one[:, None, 2:], other[None, :, 2:]) - np.maximum(one[:, None, :2], other[None, :, :2])
    common = np.prod(np.maximum(sides, 0), axis=-1)
    areas = [np.prod(np.maximum(boxes[:, 2:] - boxes[:, :2], 0), axis=-1) for boxes in (one, other)]
    union = areas[0][:, None] + areas[1][None] - common
    return np.divide(common, union, out=np.zeros_like(common), where=union > 0)


def distinct(boxes: np.ndarray, scores: np.ndarray, least: float) -> list[Found]:
    """The things behind boxes (n, 4), the surest first: of those that overlap the surest is kept, with the best score
    of each noun among them (non-maximum suppression over all nouns).

    scores: of each noun, 0..1 (n, nouns). least: score of its best noun without which a box is none.
    """
    best = scores.max(1)
    order = [int(row) for row in np.argsort(-best, kind="stable") if best[row] >= least]
    shared = overlaps(boxes, boxes)
    found, taken = [], set()
    for row in order:
        if row in taken or len(found) == MOST_FOUND:
            continue
        alike = [other for other in order if other not in taken and (other == row or shared[row, other] >= SAME_BOX)]
        taken.update(alike)
        left, top, right, bottom = map(float, boxes[row])
        found.append(Found((left, top, right, bottom), scores[alike].max(0)))
    return found


def matches(one: Sequence[tuple[float, ...]], other: Sequence[tuple[float, ...]], least: float) -> dict[int, int]:
    """Which box of `one` is which of `other`: the assignment of the greatest overlap, each pair's at least `least`."""
    if not one or not other:
        return {}
    shared = overlaps(np.array(one, float), np.array(other, float))
    rows, columns = linear_sum_assignment(-shared)
    return {int(a): int(b) for a, b in zip(rows, columns, strict=True) if shared[a, b] >= least}
