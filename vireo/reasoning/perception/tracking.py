"""Detections to tracks: which object of one frame is which of the next."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import linear_sum_assignment

from vireo.reasoning.perception.grouping import Detection

APPEARANCE = {"color": 0.5, "category": 0.25, "material": 0.25}
"""Heads by which objects are told apart, and how much each counts: from another side a shape may look like another, its
colour does not."""

REACH = 2.5
"""Furthest that an object moves from where it is expected, in its radii, from one look to the next; further after it
has been out of sight, up to `REACH_HIDDEN`."""

REACH_HIDDEN = 8.0

UNLIKE = 0.8
"""Greatest difference of appearance (see `_difference`) of two looks at one object that follow each other at once. What
comes back after a while has to look the same far more surely."""

UNLIKE_HIDDEN = 0.3

BRIEF_SECONDS = 0.3
"""A track that is seen for less than that, in a clip that goes on longer, is a mistake."""

LEAST_SIGHTINGS = 2
"""The same in looks."""

_NEVER = 1e6

_AROUND = 0.26
"""Seconds."""


@dataclass
class Sighted:
    """An object over time: its detections by frame."""

    detections: dict[int, Detection] = field(default_factory=dict)

    @property
    def last(self) -> int:
        return max(self.detections)

    def expected(self, frame: int) -> np.ndarray:
        """Where its centre should be: on its way straight on, or where it was last after it was lost."""
        now = self.detections[self.last]
        before = self.detections.get(self.last - 1)
        place = np.array(now.center)
        if before is None or frame != self.last + 1:
            return place
        return 2 * place - before.center

    def mean_scores(self, head: str) -> np.ndarray:
        """Mean log probability of each value, the larger looks counting more."""
        looks = list(self.detections.values())
        weights = np.sqrt([look.area for look in looks])
        return np.stack([look.scores[head] for look in looks], 1) @ (weights / weights.sum())


def track_objects(frames: Iterable[Sequence[Detection]], times: Sequence[float]) -> list[Sighted]:
    """The objects of a clip from the detections of each frame, by first appearance and then from left to right.

    Hungarian assignment by distance, overlap and appearance. What is out of sight keeps its track, and takes it up
    again where something of the same looks comes back in reach.
    """
    tracks: list[Sighted] = []
    for frame, found in enumerate(frames):
        costs = np.array([[_cost(track, frame, look) for look in found] for track in tracks])
        costs = costs.reshape(len(tracks), len(found))
        taken = set()
        for row, column in zip(*linear_sum_assignment(costs), strict=True):
            if costs[row, column] < _NEVER:
                tracks[row].detections[frame] = found[column]
                taken.add(column)
        tracks += [Sighted({frame: look}) for column, look in enumerate(found) if column not in taken]
    kept = [track for track in tracks if _lasts(track, times)]
    return sorted(kept, key=_first_place)


def _first_place(track: Sighted) -> tuple[int, float]:
    first = min(track.detections)
    look = track.detections[first]
    return first, look.left + float(np.nonzero(look.mask)[1].mean())


def _lasts(track: Sighted, times: Sequence[float]) -> bool:
    count = len(track.detections)
    if len(times) <= LEAST_SIGHTINGS:
        return True
    long = (times[-1] - times[0]) / (len(times) - 1) * count
    return count >= LEAST_SIGHTINGS and (long >= BRIEF_SECONDS or times[-1] - times[0] < 2 * BRIEF_SECONDS)


def _cost(track: Sighted, frame: int, look: Detection) -> float:
    before = track.detections[track.last]
    gap = frame - track.last
    radius = np.sqrt(max(before.area, look.area) / np.pi)
    distance = float(np.linalg.norm(track.expected(frame) - look.center)) / radius
    difference = _difference(track, look)
    hidden = gap > 1
    reach = min(REACH * gap**0.5, REACH_HIDDEN)
    if distance > reach or difference > (UNLIKE_HIDDEN if hidden and distance > 1 else UNLIKE):
        return _NEVER
    return distance / reach + difference + (1 - before.overlap(look)) / 2


def _difference(track: Sighted, look: Detection) -> float:
    """0 where two looks are of the same kind for sure, 1 where they cannot be: 1 - the cosine of their probabilities,
    over all heads."""
    total = 0.0
    for head, weight in APPEARANCE.items():
        one, other = np.exp(track.mean_scores(head)), np.exp(look.scores[head])
        total += weight * (1 - float(one @ other) / float(np.linalg.norm(one) * np.linalg.norm(other)))
    return total


def smooth_depths(track: Sighted, times: Sequence[float]) -> np.ndarray:
    """(T,) NaN where the object is not seen, elsewhere as `smoothed`."""
    at = sorted(track.detections)
    return smoothed(at, [track.detections[frame].depth for frame in at], times)


def smoothed(at: Sequence[int], depths: Sequence[float], times: Sequence[float]) -> np.ndarray:
    """(T,) NaN but in the frames `at`: of each of these the line through the depths at most `_AROUND` seconds away,
    whose errors are larger than what an object does in so short a time."""
    clock, known = np.array(times)[list(at)], np.array(depths)
    found = np.full(len(times), np.nan)
    for frame, now in zip(at, clock, strict=True):
        near = np.abs(clock - now) <= _AROUND
        lever = np.column_stack([np.ones(near.sum()), clock[near] - now])
        found[frame] = np.linalg.lstsq(lever, known[near], rcond=None)[0][0]
    return found
