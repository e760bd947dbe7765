"""One step of a plan on a clip: within its time, confined to its place, in as many ways as it takes."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from vireo.monitor import Monitor
from vireo.pipeline.clip_edit import ClipEdit, Masks, edited_within
from vireo.pipeline.exact import ExactEdit, operation_of
from vireo.pipeline.replay import Replay
from vireo.reasoning.plan import Step
from vireo.reasoning.twin import DigitalTwin
from vireo.types import Composite, EditRequest, StepResult
from vireo.video.io import TimedFrame

# What only a model needs (torch, diffusers, transformers) is imported where one takes part: it takes seconds.
if TYPE_CHECKING:
    from vireo.models.editors.protocol import Editor
    from vireo.pipeline.step_check import StepCheck
    from vireo.pipeline.ways import Way
    from vireo.reasoning.edit_room import EditRoom

NO_FRAME = "no frame of the clip lies in its time"


class StepEdit:
    """begins: time of the clip's first frame in seconds. bits, masked: as in `PlanEdit`.

    step: of the plan. clip: who carries it out, in the way that was chosen last. count, changed: frames so far, and
    pixels inside their edit regions. tries, passed: as in `StepResult`.
    """

    def __init__(
        self,
        step: Step,
        request: EditRequest,
        editor: Editor | None,
        twin: DigitalTwin | None,
        bits: int,
        begins: Fraction,
        monitor: Monitor,
        *,
        check: StepCheck | None,
        masked: bool,
    ) -> None:
        self.step, self._request, self._editor, self._begins = step, request, editor, begins
        self._bits, self._monitor, self._masked, self._check = bits, monitor, masked, check
        self._room = _room_of(step, request, twin)
        self._operation = operation_of(request)
        self.clip = self._first_way()
        self.tries, self.passed, self.count, self.changed, self._pixels, self._wanted = 1, None, 0, 0, 0, 0

    @property
    def notes(self) -> tuple[str, ...]:
        late = (NO_FRAME,) if self.count and not self._wanted else ()
        failed = (f"its result did not pass the check, in any of {self.tries} ways",) if self.passed is False else ()
        return (*(self.clip.notes if self._wanted else ()), *late, *failed)

    def result(self) -> StepResult:
        return StepResult(
            instruction=self.step.instruction,
            operation=self.step.operation,
            executor=self.clip.executor,
            read_as=self.clip.read_as,
            found=self.clip.found if self._wanted else None,
            tries=self.tries,
            passed=self.passed,
            changed_fraction=self.changed / max(1, self._pixels),
            notes=self.notes,
        )

    def patches(self, shown: Iterable[TimedFrame], masks: Masks) -> Iterator[Composite]:
        """What the step makes of each frame that it is shown; of deep frames with `deep`."""
        for frame, made in edited_within(self, shown, masks, self._in_time):
            if frame.deep is not None and made.deep is None:
                made = replace(made, deep=frame.restore_depth(made.pixels))
            self.count, self._pixels = self.count + 1, self._pixels + made.region.size
            self.changed += int(made.region.sum())
            yield made

    def frames(self, frames: Iterable[TimedFrame], masks: Masks) -> Iterator[tuple[TimedFrame, Composite]]:
        """The frames in the step's time."""
        for frame, made in self._tried(frames, masks):
            self._wanted += 1
            yield frame, made

    def _in_time(self, frame: TimedFrame) -> bool:
        if self.step.span is None:
            return True
        start, end = self.step.span
        return start <= float(frame.pts * frame.time_base - self._begins) < end
