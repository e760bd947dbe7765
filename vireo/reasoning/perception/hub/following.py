"""From detections in key frames and masks between them to objects over a clip.

In key frames what is detected is compared with what is followed. What is new is followed from there on, and backwards
through the pictures that are still at hand: it may have been there for a while. An object that the segmenter has lost
and the detector has found again is recognised by that way back, which leads to where it was lost.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from vireo.reasoning.masks import decode_mask, encode_mask
from vireo.reasoning.perception.hub.boxes import matches
from vireo.reasoning.perception.hub.parts import Detector, Follower, Found, Segmenter
from vireo.reasoning.twin import Box

KEY_SECONDS = 1.0
"""Longest time between two frames in which things are looked for."""

HISTORY = 64
"""Pictures that are kept, through which new objects are followed backwards."""

KNOWN = 0.5
"""Overlap, as intersection over union, of a detected box with the box of a followed object from which they are one."""

SAME = 0.6
"""The same of two masks."""

CONFIRMED = 1 / 3
"""Share of the key frames, of those in which an object is followed, in which it must be detected: what a detector sees
once, a segmenter follows for ever."""

LEAST_AREA = 5e-4
"""Share of the picture without which an object counts as not seen: SAM 2's masks are 256 pixels wide."""

_LOST = 8
"""Frames on the way back in which nothing is seen, after which it ends."""


@dataclass
class Moment:
    """A frame. masks: run lengths by object, of those that are seen."""

    frame: int
    picture: np.ndarray
    masks: dict[int, str] = field(default_factory=dict)

    def mask(self, number: int) -> np.ndarray:
        height, width = self.picture.shape[:2]
        return decode_mask(self.masks[number], width, height)


@dataclass
class Evidence:
    """What speaks for an object. scores: of each noun, of each detection. keys: key frames in which it was followed."""

    scores: list[np.ndarray] = field(default_factory=list)
    keys: int = 0

    @property
    def confirmed(self) -> bool:
        return len(self.scores) >= CONFIRMED * self.keys


def key_frames(times: Sequence[float]) -> frozenset[int]:
    """The first frame, the last one, and others between them, evenly and about `KEY_SECONDS` apart or less."""
    if not len(times):
        return frozenset()
    count = 1 + int(np.ceil((times[-1] - times[0]) / KEY_SECONDS - 1e-6))
    wanted = np.linspace(times[0], times[-1], max(count, 2))
    return frozenset(np.abs(np.array(times)[None] - wanted[:, None]).argmin(1).tolist())


class ObjectFollower:
    """Follows the objects of one clip. evidence: of each, by its number. Moments come out complete, in order, once
    they are older than the history."""

    def __init__(self, detector: Detector, segmenter: Segmenter) -> None:
        self.detector, self.segmenter = detector, segmenter
        self.evidence: list[Evidence] = []
        self._follower = segmenter.start()
        self._owners: list[int] = []  # number of the object that each of the follower's is
        self._history: deque[Moment] = deque()

    def push(self, picture: np.ndarray, key: bool) -> Iterator[Moment]:
        """Takes the next picture, all of one size; key: whether things are looked for in it."""
        frame = self._history[-1].frame + 1 if self._history else 0
        moment, seen = Moment(frame, picture), {}
        for number, mask in zip(self._owners, self._follower.advance(picture), strict=True):
            if _visible(mask):  # of an object that was lost and found again the later one counts
                seen[number] = mask
        moment.masks = {number: encode_mask(mask) for number, mask in seen.items()}
        self._history.append(moment)
        if key:
            self._look(moment, seen)
        while len(self._history) > HISTORY:
            yield self._history.popleft()

    def finish(self) -> Iterator[Moment]:
        """The moments that are left."""
        while self._history:
            yield self._history.popleft()

    def _look(self, moment: Moment, seen: dict[int, np.ndarray]) -> None:
        found, numbers = self.detector.find(moment.picture), list(seen)
        known = matches([each.box for each in found], [_box(seen[number]) for number in numbers], KNOWN)
        for number in numbers:
            self.evidence[number].keys += 1
        for index, place in known.items():
            self.evidence[numbers[place]].scores.append(found[index].scores)
        self._begin(moment, [each for index, each in enumerate(found) if index not in known], seen)

    def _begin(self, moment: Moment, fresh: list[Found], seen: dict[int, np.ndarray]) -> None:
        """Follows what is detected and not yet known, unless its mask says that it is."""
        if not fresh:
            return
        back = self.segmenter.start()
        back.advance(moment.picture)
        masks = back.add([each.box for each in fresh])
        kept: dict[int, list[np.ndarray]] = {}  # places in fresh, and scores
        for place, (each, mask) in enumerate(zip(fresh, masks, strict=True)):
            if not _visible(mask):
                continue
            owner = next((number for number, other in seen.items() if overlap(mask, other) >= SAME), None)
            twin = next((other for other in kept if overlap(mask, masks[other]) >= SAME), None)
            if owner is not None:
                self.evidence[owner].scores.append(each.scores)
            elif twin is not None:
                kept[twin].append(each.scores)
            else:
                kept[place] = [each.scores]
        if not kept:
            return
        traces = self._trace_back(back, list(kept), set(seen))
        for place, scores in kept.items():
            number = _resumed(traces[place], set(seen))
            if number is None:
                number = len(self.evidence)
                self.evidence.append(Evidence())
            self.evidence[number].keys += 1
            self.evidence[number].scores.append(np.max(scores, axis=0))
            self._owners.append(number)
            moment.masks[number], seen[number] = encode_mask(masks[place]), masks[place]
            for earlier, mask in traces[place]:
                earlier.masks.setdefault(number, encode_mask(mask))
        self._follower.add([fresh[place].box for place in kept])

    def _trace_back(
        self, back: Follower, places: list[int], seen: set[int]
    ) -> dict[int, list[tuple[Moment, np.ndarray]]]:
        """Where each was before: moments and masks, the latest first, of those in which it is seen. It ends where all
        are out of sight, and of each where its mask comes to lie on an object that is still seen elsewhere."""
        traces: dict[int, list[tuple[Moment, np.ndarray]]] = {place: [] for place in places}
        ended, unseen = set(), 0
        for moment in list(self._history)[-2::-1]:
            masks = back.advance(moment.picture)
            others = [moment.mask(number) for number in moment.masks if number in seen]
            for place in places:
                if place in ended or not _visible(masks[place]):
                    continue
                if any(overlap(masks[place], other) >= SAME for other in others):
                    ended.add(place)
                    continue
                traces[place].append((moment, masks[place]))
            here = [place for place in places if place not in ended]
            unseen = 0 if any(_visible(masks[place]) for place in here) else unseen + 1
            if not here or unseen >= _LOST:
                break
        return traces


def _resumed(trace: list[tuple[Moment, np.ndarray]], seen: set[int]) -> int | None:
    """The object that was lost and is this one: on more than half of the frames of the way back in which it is seen,
    the two are the same."""
    both: dict[int, list[bool]] = {}
    for moment, mask in trace:
        for number in moment.masks.keys() - seen:
            both.setdefault(number, []).append(overlap(mask, moment.mask(number)) >= SAME)
    alike = {number: sum(same) for number, same in both.items() if sum(same) * 2 > len(same)}
    return max(alike, key=lambda number: (alike[number], -number), default=None)


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    """Intersection over union of two masks; 0 where both are empty."""
    return float((one & other).sum() / max((one | other).sum(), 1))


def _visible(mask: np.ndarray) -> bool:
    return bool(mask.any() and mask.mean() >= LEAST_AREA)


def _box(mask: np.ndarray) -> Box:
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)
