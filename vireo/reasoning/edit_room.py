"""Where in the picture a step of a plan may change anything: around its targets, shadows included.

The object alone would be too little: its shadow and reflection go with it, and what it becomes may be larger. In 300
frames of edits of the studio (training split), 0.99 of the wanted change lie within ROOM of the object in 0.95 of them.
"""

from functools import lru_cache

import numpy as np
from scipy.ndimage import distance_transform_edt

from vireo.reasoning.masks import decode_mask
from vireo.reasoning.plan import Step
from vireo.reasoning.twin import DigitalTwin, Track

ROOM = 0.75
"""How far a room reaches beyond a target, as a share of the target's size, the root of its area."""

ROOM_TO_GROW = 1.25
"""The same where the object gets larger."""

GROWING = ("grow",)
"""Operations, by their names, that need ROOM_TO_GROW."""

LEAST_ROOM = 0.02
"""A room reaches at least so far beyond a target, as a share of the side of the square that has the picture's area."""


class EditRoom:
    """Of one step and one twin. At a time between two frames of the twin it is both of theirs; in frames where none of
    the targets is seen, what it was when they were seen last and will be when they are seen next."""

    def __init__(self, tracks: tuple[Track, ...], reach: float, twin: DigitalTwin) -> None:
        self._tracks, self._reach, self._twin, self._times = tracks, reach, twin, np.array(twin.times)
        seen = [frame for frame in range(twin.frames) if any(track.masks[frame] is not None for track in tracks)]
        assert seen, "else there is no room"
        self._seen = np.array(seen)
        self._around = lru_cache(maxsize=4)(self._around)

    def at(self, seconds: float) -> np.ndarray:
        """bool (height, width) of the twin. seconds: from the first frame."""
        place = int(np.searchsorted(self._times - self._times[0], seconds + 1e-6, side="right")) - 1
        place = min(max(place, 0), self._twin.frames - 1)
        return self.between(place) if seconds > self._times[place] - self._times[0] + 1e-3 else self._room(place)

    def between(self, frame: int) -> np.ndarray:
        """The room from a frame of the twin up to its next one, if there is any."""
        return self._room(frame) | self._room(min(frame + 1, self._twin.frames - 1))

    def _room(self, frame: int) -> np.ndarray:
        place = int(np.searchsorted(self._seen, frame))
        if place < len(self._seen) and self._seen[place] == frame:
            return self._around(frame)
        nearest = {int(self._seen[near]) for near in (max(place - 1, 0), min(place, len(self._seen) - 1))}
        return np.logical_or.reduce([self._around(near) for near in nearest])

    def _around(self, frame: int) -> np.ndarray:
        height, width = self._twin.height, self._twin.width
        room = np.zeros((height, width), bool)
        for track in self._tracks:
            counts = track.masks[frame]
            if counts is not None:
                mask = decode_mask(counts, width, height)
                reach = max(self._reach * mask.sum() ** 0.5, LEAST_ROOM * (width * height) ** 0.5)
                room |= np.asarray(distance_transform_edt(~mask)) <= reach
        return room


def room_of(step: Step, twin: DigitalTwin) -> EditRoom | None:
    """The room of a step; None where it concerns the whole picture, what is to come, or an object that the twin does
    not have or never shows."""
    ids = [target.id for target in step.targets]
    if not ids or any(name is None or name not in twin.by_id or not twin.by_id[name].track.seen() for name in ids):
        return None
    tracks = tuple(twin.by_id[name].track for name in ids if name is not None)
    return EditRoom(tracks, ROOM_TO_GROW if step.operation in GROWING else ROOM, twin)
