"""What is kept of each object in each frame, and the track that follows from it. Masks are kept as run lengths, so that
a clip of minutes fits into memory."""

from dataclasses import dataclass, field

import numpy as np

from vireo.reasoning.perception.grouping import Detection
from vireo.reasoning.perception.hub.following import Moment
from vireo.reasoning.perception.tracking import smoothed
from vireo.reasoning.perception.visibility import may_be_covered, shares_of
from vireo.reasoning.twin import Box, Track

_MARGIN = 0.15
"""Of an object's sides, by which its picture goes beyond it: what is around tells its size and light."""

_COVERED = 0.5
"""Worth of a picture of an object that may be covered by another."""

_LEAST_SHARE = float(np.finfo(np.float32).eps)


@dataclass
class _Look:
    """depth: median over the mask. covered: whether the object may go on behind something."""

    counts: str
    box: Box
    centroid: tuple[float, float]
    area: int
    depth: float
    covered: bool


@dataclass
class Looks:
    """An object over time. portrait: the picture that shows it best."""

    by_frame: dict[int, _Look] = field(default_factory=dict)
    portrait: np.ndarray | None = None
    _worth: float = 0.0

    @property
    def first(self) -> tuple[int, float]:
        """Its first frame, and its column there."""
        frame = min(self.by_frame)
        return frame, self.by_frame[frame].centroid[0]

    def take(self, frame: int, look: _Look, picture: np.ndarray) -> None:
        self.by_frame[frame] = look
        worth = look.area * (_COVERED if look.covered else 1.0)
        if worth > self._worth:
            self._worth, self.portrait = worth, _crop(picture, look.box)

    def track(self, times: tuple[float, ...], ratios: bool) -> Track:
        """ratios: whether ratios of depths mean something; else the track has none, and sizes are compared as they
        are."""
        at = sorted(self.by_frame)
        looks = [self.by_frame[frame] for frame in at]
        scales = [look.depth**2 if ratios else 1.0 for look in looks]
        sizes = [look.area * scale for look, scale in zip(looks, scales, strict=True)]
        shares = shares_of(at, sizes, [look.covered for look in looks])
        seen = {frame: max(float(share), _LEAST_SHARE) for frame, share in zip(at, shares, strict=True)}
        far = smoothed(at, [look.depth for look in looks], times) if ratios else np.full(len(times), np.nan)
        frames = [self.by_frame.get(frame) for frame in range(len(times))]
        return Track(
            boxes=tuple(look and look.box for look in frames),
            centroids=tuple(look and look.centroid for look in frames),
            masks=tuple(look and look.counts for look in frames),
            depths=tuple(None if np.isnan(depth) else float(depth) for depth in far),
            visibility=tuple(seen.get(frame, 0.0) for frame in range(len(times))),
        )


def take_looks(looks: dict[int, Looks], moment: Moment, depth: np.ndarray | None) -> np.ndarray:
    """Adds what a moment shows to the looks at each object. depth: (h, w), rising with the distance; None where it is
    unknown. Returns where objects are, bool (h, w)."""
    height, width = moment.picture.shape[:2]
    everything, shown = np.zeros((height, width), bool), {}
    for number in moment.masks:
        mask = moment.mask(number)
        everything |= mask
        shown[number] = _detection(mask, np.nan if depth is None else float(np.median(depth[mask])))
    for number, look in shown.items():
        others = [other for key, other in shown.items() if key != number]
        right, bottom = look.left + look.mask.shape[1], look.top + look.mask.shape[0]
        box = (float(look.left), float(look.top), float(right), float(bottom))
        covered = may_be_covered(look, others, (height, width))
        entry = _Look(moment.masks[number], box, look.center, look.area, look.depth, covered)
        looks.setdefault(number, Looks()).take(moment.frame, entry, moment.picture)
    return everything


def _detection(mask: np.ndarray, depth: float) -> Detection:
    rows, columns = np.nonzero(mask)
    top, left = int(rows.min()), int(columns.min())
    part = mask[top : rows.max() + 1, left : columns.max() + 1]
    return Detection(part, left, top, (float(columns.mean()) + 0.5, float(rows.mean()) + 0.5), depth, {})


def _crop(picture: np.ndarray, box: Box) -> np.ndarray:
    left, top, right, bottom = box
    across, down = _MARGIN * (right - left), _MARGIN * (bottom - top)
    rows = slice(max(0, round(top - down)), round(bottom + down))
    return picture[rows, max(0, round(left - across)) : round(right + across)].copy()
