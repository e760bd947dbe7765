"""Cells of a picture to objects: as many as the places at which cells point.

Panoptic-DeepLab looks for centres in a map of its own; here they are where votes lie dense, so that an object whose
centre is hidden, or outside of the picture, has one too. Depth is a third direction: of two objects in a line of sight
the centres fall together in the picture alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import distance_transform_edt
from scipy.special import softmax

from vireo.reasoning.masks import LEAST_AREA
from vireo.reasoning.perception.network import CELL, CENTER_UNIT, DEPTH_ORIGIN, DEPTH_UNIT, FINE, LEAST_SHARE

LEAST_VOTES = 2.0
"""Cells' worth of votes for one place under which no object is there: where two objects meet, a few cells point between
their centres."""

_SPREAD = 5.0
"""Pixels by which the votes for one centre differ."""

_APART = 11.0
"""Pixels from which two centres are those of two objects; what is nearer belongs together. The studio's smallest
objects have a radius of 12."""

_OWN = 0.85
"""Votes for which a place is the nearest one, over those that are dense there: fewer are the outskirts of others."""

_FAR = 40.0
"""Pixels from a centre up to which a vote is for it, if for any: centres outside of the picture are guessed at."""

_NOBODY = -1
"""Owner of what belongs to no object."""

_DEPTH_PIXELS = 16.0
"""Pixels that `DEPTH_UNIT` counts for."""


@dataclass(frozen=True)
class Detection:
    """An object in one picture.

    mask: bool (h, w) within its box, whose left upper corner is (left, top). center: column and row of the body's
    centre, hidden or not. depth: its distance from the camera, in the unit of the maker. scores: of each head the mean
    log probability of its values over the object's cells.
    """

    mask: np.ndarray
    left: int
    top: int
    center: tuple[float, float]
    depth: float
    scores: Mapping[str, np.ndarray]

    @property
    def area(self) -> int:
        return int(self.mask.sum())

    def painted(self, height: int, width: int) -> np.ndarray:
        """Its mask bool (height, width) in the whole picture."""
        whole = np.zeros((height, width), bool)
        whole[self.top : self.top + self.mask.shape[0], self.left : self.left + self.mask.shape[1]] = self.mask
        return whole

    def overlap(self, other: "Detection") -> float:
        """Intersection over union of the masks."""
        left, top = max(self.left, other.left), max(self.top, other.top)
        right = min(self.left + self.mask.shape[1], other.left + other.mask.shape[1])
        bottom = min(self.top + self.mask.shape[0], other.top + other.mask.shape[0])
        if right <= left or bottom <= top:
            return 0.0
        common = int((self._part(left, top, right, bottom) & other._part(left, top, right, bottom)).sum())
        return common / (self.area + other.area - common)

    def _part(self, left: int, top: int, right: int, bottom: int) -> np.ndarray:
        return self.mask[top - self.top : bottom - self.top, left - self.left : right - self.left]


def group_objects(
    foreground: np.ndarray,
    center: np.ndarray,
    depth: np.ndarray,
    scores: Mapping[str, np.ndarray],
    size: tuple[int, int],
) -> list[Detection]:
    """The objects of one picture.

    foreground: probabilities (rows FINE, columns FINE). center (2, rows, columns), depth (rows, columns): as the
    network gives them. scores: log probabilities (values, rows, columns) of the heads that describe objects. size:
    height and width of the picture, which the grid covers.
    """
    rows, columns = depth.shape
    shares = (foreground > 0.5).reshape(rows, FINE, columns, FINE).mean((1, 3))
    row, column = np.nonzero(shares >= LEAST_SHARE)
    if not len(row):
        return []
    middles = np.stack([column, row], 1) * CELL + CELL / 2
    votes = np.column_stack([middles + center[:, row, column].T * CENTER_UNIT, depth[row, column] * _DEPTH_PIXELS])
    weights = shares[row, column]
    members = _members(votes, weights)
    if not len(members):
        return []
    owners = np.where(members.any(0), members.argmax(0), _NOBODY)
    cells = np.zeros((len(members), rows, columns))
    cells[:, row, column] = members
    claimed = np.zeros((rows, columns), bool)
    claimed[row, column] = True
    painted = _paint(foreground, cells, claimed, size)
    found = []
    for owner in range(len(members)):
        mine, mask = owners == owner, painted == owner
        if not mine.any() or mask.mean() < LEAST_AREA:
            continue
        share = weights[mine] / weights[mine].sum()
        across, down, far = share @ votes[mine]
        ys, xs = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        found.append(
            Detection(
                mask=mask[ys[0] : ys[-1] + 1, xs[0] : xs[-1] + 1],
                left=int(xs[0]),
                top=int(ys[0]),
                center=(float(across), float(down)),
                depth=float(DEPTH_ORIGIN * np.exp(far / _DEPTH_PIXELS * DEPTH_UNIT)),
                scores={head: values[:, row[mine], column[mine]] @ share for head, values in scores.items()},
            )
        )
    return found


def _members(votes: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(K, N): to which of K objects each vote (N, 3) belongs, by how near it is; a column of zeros where to none."""
    distances = np.linalg.norm(votes[:, None] - votes[None], axis=-1)
    density = np.exp(-0.5 * (distances / _SPREAD) ** 2) @ weights
    peaks: list[int] = []
    for vote in np.argsort(-density, kind="stable"):
        if density[vote] < LEAST_VOTES:
            break
        if all(distances[vote, peak] >= _APART for peak in peaks):
            peaks.append(int(vote))
    while peaks:
        nearest = distances[peaks].argmin(0)
        own = np.bincount(nearest, weights, len(peaks)) / density[peaks]
        if own.min() >= _OWN:
            break
        del peaks[int(own.argmin())]
    if not peaks:
        return np.zeros((0, len(votes)))
    near = distances[peaks]
    return softmax(-0.5 * (near / _SPREAD) ** 2, axis=0) * (near.min(0) < _FAR)


def _paint(foreground: np.ndarray, cells: np.ndarray, claimed: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """(height, width): the number of the object at each pixel, `_NOBODY` where there is none.

    cells: (K, rows, columns), to which objects they belong. claimed: which have a vote; others are as the nearest.
    """
    nearest = distance_transform_edt(~claimed, return_distances=False, return_indices=True)
    assert isinstance(nearest, np.ndarray), "indices were asked for"
    shares = np.stack([_enlarged(cell[tuple(nearest)], FINE) for cell in cells])
    owners = np.where(shares.max(0) > 0.1, shares.argmax(0), _NOBODY)
    fine = owners.repeat(CELL // FINE, 0).repeat(CELL // FINE, 1)
    height, width = size
    return np.where(_enlarged(foreground, CELL // FINE) > 0.5, fine, _NOBODY)[:height, :width]


def _enlarged(values: np.ndarray, factor: int) -> np.ndarray:
    """Values (h, w) between which is interpolated: bilinear, each value standing in the middle of its square."""
    for axis in (0, 1):
        count = values.shape[axis]
        at = np.clip((np.arange(count * factor) + 0.5) / factor - 0.5, 0, count - 1)
        low = np.minimum(at.astype(int), max(count - 2, 0))
        share = (at - low).reshape((-1, 1) if axis == 0 else (1, -1))
        high = np.minimum(low + 1, count - 1)
        values = np.take(values, low, axis) * (1 - share) + np.take(values, high, axis) * share
    return values
