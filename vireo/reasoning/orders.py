"""Which object is most so, and the n-th in an order: by a quantity, or by when something happened to it."""

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np

from vireo.errors import InputError
from vireo.reasoning.found import LIKELY, Found, When, found
from vireo.reasoning.kinematics import Kinematics, measure
from vireo.reasoning.relations import MOVING, odds_to_chance
from vireo.reasoning.twin import DigitalTwin, Event

Extreme = Literal[
    "leftmost",
    "rightmost",
    "nearest",
    "farthest",
    "largest",
    "smallest",
    "fastest",
    "slowest",
    "highest",
    "lowest",
]
"""As the viewer sees it: nearest to the camera, highest in the picture."""

_SOFT: dict[str, float] = {"leftmost": 0.02, "nearest": 0.01, "largest": 0.04, "fastest": MOVING / 3, "highest": 0.02}
"""By how much two objects must differ for the order to be clear (0.73): shares of the picture's height, logarithms of
distances and sizes, heights a second."""

_OPPOSITE = {
    "rightmost": "leftmost",
    "farthest": "nearest",
    "smallest": "largest",
    "slowest": "fastest",
    "lowest": "highest",
}


def extreme(
    twin: DigitalTwin, which: Extreme, among: Found | None = None, when: When | None = None, rank: int = 1
) -> Found:
    """The object that is most so, or second, third, ... most so (`rank`), over the mean of `when` (None: of the clip).

    Confidence falls where the next in order is hardly less so; that one is in the answer with the rest of it. Objects
    of which it is not known are left out, and so are unlikely members of `among` where there are likely ones. Raises
    InputError on an unknown word.
    """
    if which not in get_args(Extreme):
        raise InputError(f'nothing can be "{which}"', f"use one of: {', '.join(get_args(Extreme))}")
    base = _OPPOSITE.get(which, which)
    values = _measured(measure(twin), base, frames_of(twin, when)) * (1 if base == which else -1)
    chances = {entry.id: 1.0 for entry in twin.objects} if among is None else among.confidences
    likely = set(chances if among is None else among.likely or among.ids)
    rows = [row for row, entry in enumerate(twin.objects) if entry.id in likely and not np.isnan(values[row])]
    rows.sort(key=lambda row: -values[row])
    if not 1 <= rank <= len(rows):
        return found({})
    at, answer, sure = rank - 1, {}, 1.0
    for near in (at - 1, at + 1):
        if 0 <= near < len(rows):
            gap = abs(values[rows[at]] - values[rows[near]])
            chance = float(odds_to_chance(np.array(gap / _SOFT[base])))
            answer[twin.objects[rows[near]].id] = (1 - chance) * chances[twin.objects[rows[near]].id]
            sure = min(sure, chance)
    chosen = twin.objects[rows[at]].id
    answer = {chosen: sure * chances[chosen]} | answer
    return found(answer, (), () if when is None else when.spans)


def nth(events: Sequence[tuple[str, Event, float]], rank: int) -> list[tuple[str, Event, float]]:
    """Of events in an order: the one by which an object comes n-th (`rank`) of all objects, each counted once; who
    shares its frame shares the place. Unlikely ones are left out where there are likely ones. The confidence is that
    those ahead count, and those left out do not."""
    firsts: dict[str, tuple[str, Event, float]] = {}
    for entry in events:
        firsts.setdefault(entry[0], entry)
    counted = [entry for entry in firsts.values() if entry[2] >= LIKELY] or list(firsts.values())
    if not 1 <= rank <= len(counted):
        return []
    frame, sure = counted[rank - 1][1].frame, 1.0
    for entry in firsts.values():
        if entry[1].frame == frame:
            break
        sure *= entry[2] if entry in counted else 1 - entry[2]
    return [(name, event, sure * chance) for name, event, chance in counted if event.frame == frame]


def frames_of(twin: DigitalTwin, when: When | None) -> list[int]:
    """The frames of these moments; None: all of the clip."""
    return list(range(twin.frames)) if when is None else [f for start, end in when.spans for f in range(start, end)]


def _measured(now: Kinematics, which: str, frames: list[int]) -> np.ndarray:
    """The quantity (N,) of which most is meant by a word, over frames; NaN where it is not known."""
    depths, sizes = now.depths[:, frames], now.sizes[:, frames]
    table = {
        "leftmost": -now.centroids[:, frames, 0] / now.height,
        "highest": -now.centroids[:, frames, 1] / now.height,
        "nearest": -np.log(depths),
        "largest": np.log(sizes),
        "fastest": now.speeds[:, frames],
    }
    values, mean = table[which], np.full(len(depths), np.nan)
    known = ~np.isnan(values).all(1) if values.shape[1] else np.zeros(len(values), bool)
    mean[known] = np.nanmean(values[known], axis=1)
    return mean
