"""Whether the beginning of what a step has made looks as planned.

A stream cannot be read again, so a step is judged by its first frames, before it goes on with the way that it has
begun. `ChangeCheck` costs nothing and is asked of every plan of several steps; `TwinCheck` needs a perception, which
looks at these frames before and after.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

import numpy as np

from vireo.reasoning.masks import masks_of
from vireo.reasoning.plan import Step
from vireo.reasoning.twin import DigitalTwin, TwinObject
from vireo.types import Composite
from vireo.video.io import TimedFrame

Made = Sequence[tuple[TimedFrame, Composite]]
"""Frames as a step was shown them, and what it made of them."""


class StepCheck(Protocol):
    """frames: how many are judged. tries: in how many ways a step is carried out at most. enough: the least score with
    which a way passes."""

    frames: int
    tries: int
    enough: float

    def score(self, step: Step, made: Made, found: bool | None) -> float | None:
        """How much of the plan is seen in the beginning of a step, 0..1; None where there is nothing to judge.

        found: as in `EditResult`, up to now.
        """
        ...


class ChangeCheck:
    """Implements `StepCheck`: an editor that sees what is named, and was not asked for less, changes something."""

    enough = 1.0

    def __init__(self, frames: int, tries: int = 3) -> None:
        self.frames, self.tries = frames, tries

    def score(self, step: Step, made: Made, found: bool | None) -> float | None:
        if found is False:
            return None
        return float(any(composite.region.any() for _, composite in made))


class TwinCheck:
    """Implements `StepCheck` by the twins of the frames before and after.

    Half of the score is whether the target became what was planned, half the share of other objects that stayed alike.

    The target is what covers most of the edit region before the step. Of operations other than those in `_OUTCOMES` and
    where nothing is seen in the region, nothing is said.
    """

    enough = 0.9

    def __init__(
        self, perceive: Callable[[Iterable[np.ndarray], Sequence[float]], DigitalTwin], frames: int, tries: int = 3
    ) -> None:
        self._perceive, self.frames, self.tries = perceive, frames, tries

    def score(self, step: Step, made: Made, found: bool | None) -> float | None:
        outcome = _OUTCOMES.get(step.operation)
        if outcome is None or found is False or not made:
            return None
        if not any(composite.region.any() for _, composite in made):
            return 0.0
        times = [frame.seconds for frame, _ in made]
        before = self._perceive((frame.pixels for frame, _ in made), times)
        after = self._perceive((composite.pixels for _, composite in made), times)
        target = _edited(before, np.stack([composite.region for _, composite in made]))
        if target is None:
            return None
        partners = _partners(before, after)
        others = [(entry, partners[entry.id]) for entry in before.objects if entry.id != target.id]
        kept = [other is not None and _same(entry, other) for entry, other in others]
        done = outcome(step.parameters, target, partners[target.id])
        return 0.5 * done + 0.5 * (sum(kept) / len(kept) if kept else 1.0)


Outcome = Callable[[dict[str, str], TwinObject, TwinObject | None], bool]
"""parameters of the step, target before and after (None where it is not seen) -> whether it became what was planned"""

_LARGER = 1.15
"""Ratio of areas from which on an object counts as grown; the studio's standard step is 1.5 or more."""


def _becomes(name: str, slot: str) -> Outcome:
    def judged(parameters: dict[str, str], target: TwinObject, after: TwinObject | None) -> bool:
        wanted = parameters.get(slot, "").removeprefix("a ").removeprefix("an ").split()
        return after is not None and bool(wanted) and after.value(name) == wanted[-1]

    return judged


def _grows(least: float, most: float) -> Outcome:
    def judged(parameters: dict[str, str], target: TwinObject, after: TwinObject | None) -> bool:
        return after is not None and least <= _size(after) / _size(target) <= most

    return judged


_OUTCOMES: dict[str, Outcome] = {
    "recolor": _becomes("color", "color"),
    "material": _becomes("material", "material"),
    "replace": _becomes("category", "shape"),
    "remove": lambda parameters, target, after: after is None,
    "grow": _grows(_LARGER, np.inf),
    "shrink": _grows(0.0, 1 / _LARGER),
}

_SAME_PLACE = 0.3
"""Least overlap (intersection by union over all frames) of an object before and after; a replaced one is of another
outline."""


def _size(entry: TwinObject) -> float:
    boxes = [box for box in entry.track.boxes if box is not None]
    return float(np.median([(right - left) * (bottom - top) for left, top, right, bottom in boxes])) if boxes else 1.0


def _edited(twin: DigitalTwin, region: np.ndarray) -> TwinObject | None:
    """The object of which most lies in a region, bool (T, H, W) of any size."""
    rows = np.linspace(0, region.shape[1] - 1, twin.height).round().astype(int)
    columns = np.linspace(0, region.shape[2] - 1, twin.width).round().astype(int)
    small = region[:, rows][:, :, columns]
    inside = {entry.id: _masks(entry, twin) for entry in twin.objects}
    shares = {name: (mask & small).sum() / max(1, mask.sum()) for name, mask in inside.items()}
    best = max(shares, key=lambda name: shares[name], default=None)
    return twin.by_id[best] if best is not None and shares[best] > 0 else None


def _partners(before: DigitalTwin, after: DigitalTwin) -> dict[str, TwinObject | None]:
    """For each object before the one after that lies where it lay; None where none does."""
    found: dict[str, TwinObject | None] = {}
    later = {entry.id: _masks(entry, after) for entry in after.objects}
    for entry in before.objects:
        mask = _masks(entry, before)
        shared = {name: (mask & other).sum() / max(1, (mask | other).sum()) for name, other in later.items()}
        best = max(shared, key=lambda name: shared[name], default=None)
        found[entry.id] = after.by_id[best] if best is not None and shared[best] >= _SAME_PLACE else None
    return found


def _masks(entry: TwinObject, twin: DigitalTwin) -> np.ndarray:
    return masks_of(entry.track, twin.width, twin.height)


def _same(before: TwinObject, after: TwinObject) -> bool:
    return all(before.value(name) == after.value(name) for name in ("category", "color"))
