"""How near objects are to each other: gaps between their masks, and whether they can touch in depth, too."""

from itertools import combinations, groupby
from operator import itemgetter

import numpy as np

from vireo.reasoning.kinematics import Kinematics
from vireo.reasoning.masks import decode_mask
from vireo.reasoning.twin import DigitalTwin

TOUCH_GAP = 0.012
"""Widest gap of two masks that touch, in picture heights, beside the one pixel by which neighbours differ: what blur
and the jagged border of a mask make of contact."""

TOUCH_REACH = 1.12
"""Largest distance of the centres of two things that touch, in sums of their radii. Radii are half the mean side of a
box, and a thing reaches further along its longer side."""

REACH = 0.15
"""Gaps wider than this, in picture heights, are not measured but bounded from below by those of the boxes: nothing that
is asked for depends on them."""

_GAP_SOFTNESS, _REACH_SOFTNESS = 0.004, 0.06
_WITHOUT_DEPTH = 0.5
"""Most that masks alone say for contact: a confidence of 0.62, since one thing may lie behind the other."""


def mask_gaps(twin: DigitalTwin, kinematics: Kinematics) -> np.ndarray:
    """Least distances (N, N, T) in pixels of the pixels of two objects, 1 for neighbours; NaN where one is not seen."""
    from scipy.spatial import KDTree  # here, so that schemas load without SciPy

    boxes = kinematics.boxes
    apart = np.maximum(boxes[:, None, :, :2] - boxes[None, :, :, 2:], boxes[None, :, :, :2] - boxes[:, None, :, 2:])
    gaps = np.hypot(*np.moveaxis(np.maximum(apart, 0), -1, 0)) + 1
    near = gaps < REACH * twin.height
    for frame in range(twin.frames):
        pairs = [pair for pair in combinations(range(len(boxes)), 2) if near[(*pair, frame)]]
        outlines = {row: _outline(twin, row, frame) for row in {row for pair in pairs for row in pair}}
        for a, group in groupby(pairs, key=itemgetter(0)):  # one search for all that may be near the same object
            others = [b for _, b in group]
            points = [outlines[b] for b in others]
            distances, _ = KDTree(outlines[a]).query(np.concatenate(points))
            begins = np.cumsum([0, *map(len, points[:-1])])
            gaps[a, others, frame] = gaps[others, a, frame] = np.minimum.reduceat(distances, begins)
    return gaps


def _outline(twin: DigitalTwin, row: int, frame: int) -> np.ndarray:
    """Pixels (n, 2) of an object that have a neighbour which is not of it."""
    counts = twin.objects[row].track.masks[frame]
    assert counts is not None, "an object that is seen has a mask"
    mask = decode_mask(counts, twin.width, twin.height)
    framed = np.pad(mask, 1)
    inner = framed[:-2, 1:-1] & framed[2:, 1:-1] & framed[1:-1, :-2] & framed[1:-1, 2:]
    return np.argwhere(mask & ~inner)


def touch_margins(kinematics: Kinematics, gaps: np.ndarray, nearing: np.ndarray | float = 0.0) -> np.ndarray:
    """Log odds (N, N, T) that two objects touch: their masks do, and their centres are no further apart than they
    reach. nearing: pixels (N, N, T) by which they may come nearer before it counts."""
    height = kinematics.height
    flat = (1 + TOUCH_GAP * height - (gaps - nearing)) / (_GAP_SOFTNESS * height + 0.2)
    place = kinematics.positions
    distance = np.linalg.norm(place[:, None] - place[None], axis=-1)
    distance -= nearing * kinematics.depths[:, None] / kinematics.focal
    deep = (TOUCH_REACH - distance / (kinematics.sizes[:, None] + kinematics.sizes[None])) / _REACH_SOFTNESS
    margins = np.minimum(flat, np.where(np.isnan(deep), _WITHOUT_DEPTH, deep))
    margins[np.arange(len(margins)), np.arange(len(margins))] = np.nan
    return margins
