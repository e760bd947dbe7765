"""Pieces: what perception takes for an object of its own and is a part of another.

What covers the middle of an object cuts it in two, and so do glass, a fast fall and a ring's hole, of which the network
is least sure. Within a picture such pieces point to nearly the same place and have the same colour, so they are joined.
Others betray themselves over time, by coming from nowhere and staying briefly; those are dropped.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np

from vireo.reasoning.perception.grouping import Detection
from vireo.reasoning.perception.tracking import Sighted

NEAR = 0.75
"""Distance of two centres in radii of the larger part, up to which they are those of one object."""

ALIKE = 0.8
"""Least cosine of the probabilities of two parts' colours."""

SAME_DEPTH = 0.1
"""Greatest difference of the logarithms of their depths: what stands in front of a like thing is another one."""

PIECE_SHARE = 0.5
"""Of a clip's frames, in fewer of which pieces of other objects are seen."""

COVERED_BEFORE = 0.5
"""Share of the place of a piece at which others were seen a frame before."""

NEAR_BORDER = 0.05
"""Heights of the picture: what begins nearer to its border may have come in."""


def joined(looks: Sequence[Detection]) -> list[Detection]:
    """The objects of one picture: looks at parts of the same are put together, those with the nearest centres first."""
    looks = list(looks)
    while True:
        apart = {(one, other): _apart(looks[one], looks[other]) for one, other in combinations(range(len(looks)), 2)}
        pair = min(apart, key=lambda key: apart[key], default=None)
        if pair is None or apart[pair] > NEAR:
            return looks
        one, other = (looks[number] for number in pair)
        looks = [look for number, look in enumerate(looks) if number not in pair]
        looks.append(_union(one, other))


def _apart(one: Detection, other: Detection) -> float:
    """How far the centres are from each other, in radii of the larger one; infinitely far where the looks say that
    these are two things."""
    colors = [np.exp(look.scores["color"]) for look in (one, other)]
    cosine = float(colors[0] @ colors[1]) / float(np.linalg.norm(colors[0]) * np.linalg.norm(colors[1]))
    if cosine < ALIKE or abs(np.log(one.depth / other.depth)) > SAME_DEPTH:
        return np.inf
    radius = np.sqrt(max(one.area, other.area) / np.pi)
    return float(np.linalg.norm(np.subtract(one.center, other.center)) / radius)


def _union(one: Detection, other: Detection) -> Detection:
    left, top = min(one.left, other.left), min(one.top, other.top)
    right = max(look.left + look.mask.shape[1] for look in (one, other))
    bottom = max(look.top + look.mask.shape[0] for look in (one, other))
    moved = [replace(look, left=look.left - left, top=look.top - top) for look in (one, other)]
    share = one.area / (one.area + other.area)

    def mean(mine: np.ndarray, theirs: np.ndarray) -> np.ndarray:
        return share * mine + (1 - share) * theirs

    across, down = mean(np.array(one.center), np.array(other.center))
    return Detection(
        mask=np.logical_or(*(look.painted(bottom - top, right - left) for look in moved)),
        left=left,
        top=top,
        center=(float(across), float(down)),
        depth=share * one.depth + (1 - share) * other.depth,
        scores={head: mean(scores, other.scores[head]) for head, scores in one.scores.items()},
    )


def without_pieces(tracks: Sequence[Sighted], size: tuple[int, int], frames: int) -> list[Sighted]:
    """The tracks that are not pieces of others: nothing begins in plain sight where another thing has just been, and
    is gone again before half of the clip is over. Where things touch, a few cells point between them now and then.

    size: height and width of the pictures. frames: of the clip.
    """
    return [track for track in tracks if not _is_piece(track, tracks, size, frames)]


def _is_piece(track: Sighted, tracks: Sequence[Sighted], size: tuple[int, int], frames: int) -> bool:
    first = min(track.detections)
    if first == 0 or len(track.detections) >= PIECE_SHARE * frames:
        return False
    look, (height, width) = track.detections[first], size
    rows, columns = look.mask.shape
    slack = NEAR_BORDER * height
    if min(look.left, look.top) <= slack or look.left + columns >= width - slack or look.top + rows >= height - slack:
        return False
    before = np.zeros(size, bool)
    for other in tracks:
        if other is not track and first - 1 in other.detections:
            before |= other.detections[first - 1].painted(height, width)
    return bool(before[look.painted(height, width)].mean() >= COVERED_BEFORE)
