"""One step of a plan on a clip: within its time, confined to its place, in as many ways as it takes."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from vireo.monitor import Monitor
from vireo.pipeline.clip_edit import ClipEdit, Frames, Masks, edited_within
from vireo.pipeline.exact import ExactEdit, operation_of
from vireo.pipeline.replay import Replay
from vireo.reasoning.plan import Step
from vireo.types import Composite, EditRequest, StepResult
from vireo.video.io import TimedFrame

# What only a model needs (torch, diffusers, transformers) is imported where one takes part: it takes seconds.
if TYPE_CHECKING:
    from vireo.models.editors.protocol import Editor
    from vireo.pipeline.step_check import StepCheck
    from vireo.pipeline.ways import Way
    from vireo.reasoning.edit_room import EditRoom

NO_FRAME = "no frame of the clip lies in its time"


@dataclass(frozen=True)
class ClipFacts:
    """bits: of a sample of the clip. begins: time of its first frame in seconds. masked: as in `ModelEdit`."""

    bits: int
    begins: Fraction
    masked: bool = False


class StepEdit:
    """request: of the step. editor: None where the step is an exact function of the pixels. room: to which the step is
    confined. check: what judges the result; None where nothing does.

    clip: who carries the step out, in the way that was tried last.
    """

    def __init__(
        self,
        step: Step,
        request: EditRequest,
        editor: Editor | None,
        monitor: Monitor,
        facts: ClipFacts,
        *,
        room: EditRoom | None = None,
        check: StepCheck | None = None,
    ) -> None:
        self.step, self._request, self._editor, self._monitor = step, request, editor, monitor
        self._facts, self._room, self._check = facts, room, check
        self._operation = operation_of(request)
        self.clip: ClipEdit = self._begun(None)
        self._tries, self._passed = 1, None
        self._wanted = self._changed = self._pixels = 0

    @property
    def notes(self) -> tuple[str, ...]:
        """As in `StepResult`."""
        if self._pixels and not self._wanted:
            return (NO_FRAME,)
        failed = f"its result did not pass the check, whichever of {self._tries} ways was taken"
        return (*self.clip.notes, *((failed,) if self._passed is False else ()))

    def result(self) -> StepResult:
        """What was done, once all frames are through."""
        return StepResult(
            instruction=self.step.instruction,
            operation=self.step.operation,
            executor=self.clip.executor,
            read_as=self.clip.read_as,
            found=self.clip.found if self._wanted else None,
            tries=self._tries,
            passed=self._passed,
            changed_fraction=self._changed / max(1, self._pixels),
            notes=self.notes,
        )

    def patches(self, shown: Iterable[TimedFrame], masks: Masks) -> Iterator[Composite]:
        """What the step makes of each frame that it is shown; `deep` of those that are."""
        for frame, made in edited_within(self._tried, shown, masks, self._in_time):
            self._pixels, self._changed = self._pixels + made.region.size, self._changed + int(made.region.sum())
            finer = frame.deep is not None and made.deep is None
            yield replace(made, deep=frame.restore_depth(made.pixels)) if finer else made

    def _in_time(self, frame: TimedFrame) -> bool:
        if self.step.span is None:
            return True
        start, end = self.step.span
        return start <= self._seconds(frame) < end

    def _seconds(self, frame: TimedFrame) -> float:
        return float(frame.pts * frame.time_base - self._facts.begins)

    def _tried(self, frames: Iterable[TimedFrame], masks: Masks) -> Frames:
        """The frames in the step's time, in the first way whose beginning passes the check; else in the best one.

        A stream cannot be read again, so ways are judged by their first frames (`StepCheck.frames`), and what the
        editor has read for them is kept until one is chosen. Where the first way passes, nothing is computed twice.
        """
        replay = Replay(zip(frames, masks, strict=False))
        made = self._confined(self.clip, replay)
        if self._check is not None and self._operation is None:
            made = self._chosen(replay, made, self._check)
        replay.forget()
        for each in made:
            self._wanted += 1
            yield each

    def _chosen(self, replay: Replay[tuple[TimedFrame, np.ndarray | None]], made: Frames, check: StepCheck) -> Frames:
        from vireo.pipeline.ways import ways_of

        assert self._editor is not None, "no operation carries it out"
        ways = ways_of(self.step, self._request, self._editor.facts, masked=self._facts.masked)[: check.tries]
        scores: list[float] = []
        first: list[tuple[TimedFrame, Composite]] = []
        for number, way in enumerate(ways):
            if number:
                self.clip = self._begun(way)
                made = self._confined(self.clip, replay)
            first = list(itertools.islice(made, check.frames))
            score = check.score(self.step, first, self.clip.found)
            if score is None:  # there is nothing to judge yet
                return _joined(first, made)
            scores.append(score)
            self._tries = len(scores)
            if score >= check.enough:
                self._passed = True
                return _joined(first, made)
        self._passed = False
        best = int(np.argmax(scores))
        if best == len(ways) - 1:
            return _joined(first, made)
        self.clip = self._begun(ways[best])
        return self._confined(self.clip, replay)

    def _begun(self, way: Way | None) -> ClipEdit:
        """A new edit of the clip; way: None for the usual one."""
        if self._operation is not None:
            return ExactEdit(self._operation, self._request, self._facts.bits, self._monitor)
        from vireo.pipeline.model_edit import ModelEdit
        from vireo.pipeline.ways import MovedEdit

        assert self._editor is not None, "no operation carries it out"
        request = self._request if way is None else way.request
        if way is not None and way.moved:
            return MovedEdit(self._editor, request, self._monitor, masked=self._facts.masked, moved=way.moved)
        return ModelEdit(self._editor, request, self._monitor, masked=self._facts.masked)

    def _confined(self, clip: ClipEdit, replay: Replay[tuple[TimedFrame, np.ndarray | None]]) -> Frames:
        for frame, made in clip.frames(*_unzipped(replay)):
            if self._room is None:
                yield frame, made
            else:
                yield frame, _within(frame, made, self._room.at(self._seconds(frame)))


def _joined(first: Sequence[tuple[TimedFrame, Composite]], rest: Frames) -> Frames:
    yield from first
    yield from rest


def _unzipped(pairs: Iterable[tuple[TimedFrame, np.ndarray | None]]) -> tuple[Iterator[TimedFrame], Masks]:
    first, second = itertools.tee(pairs)
    return (frame for frame, _ in first), (mask for _, mask in second)


def _within(frame: TimedFrame, made: Composite, room: np.ndarray) -> Composite:
    """What was made inside of a room, bool (h, w), at whose border it fades into the frame."""
    from vireo.video.geometry import enlarge

    if not made.touched.any():
        return made
    share = enlarge(room.astype(np.float32), made.touched.shape)
    inside = share > 0
    pixels = np.rint(frame.pixels + share[..., None] * (made.pixels.astype(np.float32) - frame.pixels))
    return Composite(pixels.astype(np.uint8), made.region & inside, made.touched & inside)
