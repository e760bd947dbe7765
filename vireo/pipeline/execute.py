"""Carries out a plan: every step is a `ClipEdit` on the frames that earlier steps have made, all in one pass.

Steps are chained as iterators, so that a file is read and written once and memory does not grow with the clip. A step
is shown what the steps before it have made, but for those that it commutes with (`reasoning.plan_edits`): two edits
whose places do not overlap are both made of the same frames, so that their order makes no difference, to the bit.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

import numpy as np

from vireo.models.instructor.reading import read_instruction
from vireo.monitor import Monitor
from vireo.pipeline.clip_edit import Masks, unchanged
from vireo.pipeline.exact import operation_of
from vireo.pipeline.step_edit import ClipFacts, StepEdit
from vireo.reasoning.plan import Plan, Step, TimeSpan
from vireo.reasoning.plan_edits import commute
from vireo.reasoning.twin import DigitalTwin
from vireo.types import Composite, EditRequest, EditSettings, StepResult
from vireo.video.io import TimedFrame

# What only a model needs (torch, diffusers, transformers) is imported where one takes part: it takes seconds.
if TYPE_CHECKING:
    from vireo.models.editors.protocol import Editor
    from vireo.pipeline.step_check import StepCheck
    from vireo.reasoning.edit_room import EditRoom


@dataclass(frozen=True, kw_only=True)
class Execution:
    """Who carries out a plan, and with what.

    editor: None where every step is an exact function of the pixels (`needs_model`). twin: of the clip; under strict
    preservation, a step whose targets it shows is confined to them and their surroundings. check: judges what each step
    makes.
    """

    plan: Plan
    editor: Editor | None
    twin: DigitalTwin | None = None
    check: StepCheck | None = None

    @property
    def span(self) -> TimeSpan | None:
        """The shortest span of time, in seconds, outside of which no step changes anything; None for the whole clip."""
        spans = [step.span for step in self.plan.steps]
        known = [span for span in spans if span is not None]
        if not known or len(known) < len(spans):
            return None
        return min(start for start, _ in known), max(end for _, end in known)


@dataclass(frozen=True)
class PlannedFrames:
    """edited: uint8 (T, H, W, 3). region: bool (T, H, W), the edit region. steps: what was done for each."""

    edited: np.ndarray
    region: np.ndarray
    steps: tuple[StepResult, ...]


def step_request(step: Step, request: EditRequest, editor: Editor | None) -> EditRequest:
    """A plan's request for one of its steps, which has the reference picture where it speaks of one."""
    refers = request.reference is not None and (editor is None or _refers(step, editor))
    return replace(request, instruction=step.instruction, reference=request.reference if refers else None)


def _refers(step: Step, editor: Editor) -> bool:
    vocabulary = editor.facts.vocabulary
    return vocabulary is None or read_instruction(step.instruction, vocabulary).refers


def needs_model(plan: Plan, settings: EditSettings, *, reference: bool) -> bool:
    """Whether a step is no exact function of the pixels. Raises InputError where the settings allow no other."""
    requests = [EditRequest(instruction=step.instruction, settings=settings) for step in plan.steps]
    return any(operation_of(request, reference=reference) is None for request in requests)


class PlanEdit:
    """Implements `ClipEdit`. request: its instruction is not used."""

    def __init__(self, execution: Execution, request: EditRequest, clip: ClipFacts, monitor: Monitor) -> None:
        plan, editor = execution.plan, execution.editor
        twin = execution.twin if request.settings.preserve == "strict" and not clip.masked else None
        self._steps = [
            StepEdit(
                step,
                step_request(step, request, editor),
                editor,
                monitor,
                clip,
                room=_room_of(step, twin),
                check=execution.check,
            )
            for step in plan.steps
        ]
        self._seen = _seen_steps(plan.steps, twin)

    @property
    def executor(self) -> Literal["model", "exact"]:
        return "model" if any(step.clip.executor == "model" for step in self._steps) else "exact"

    @property
    def operation(self) -> str | None:
        titles = [step.clip.operation for step in self._steps]
        return None if None in titles or not titles else ", then ".join(filter(None, titles))

    @property
    def read_as(self) -> str | None:
        texts = [step.clip.read_as for step in self._steps]
        return None if None in texts else ", then ".join(filter(None, texts))

    @property
    def found(self) -> bool | None:
        found = [step.clip.found for step in self._steps if step.clip.found is not None]
        return all(found) if found else None

    @property
    def notes(self) -> tuple[str, ...]:
        return tuple(
            f"step {number}, {step.step.instruction}: {note}"
            for number, step in enumerate(self._steps, 1)
            for note in step.notes
        )

    @property
    def warnings(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(warning for step in self._steps for warning in step.clip.warnings))

    def weights(self) -> str | None:
        return next((weights for step in self._steps if (weights := step.clip.weights()) is not None), None)

    def results(self) -> tuple[StepResult, ...]:
        """Of each step, once all frames are through."""
        return tuple(step.result() for step in self._steps)

    def frames(self, frames: Iterable[TimedFrame], masks: Masks) -> Iterator[tuple[TimedFrame, Composite]]:
        count = len(self._steps)
        sources, each_masks = itertools.tee(frames, count + 1), itertools.tee(masks, max(1, count))
        patches: list[list[Iterator[Composite]]] = []
        for number, step in enumerate(self._steps):
            before = [patches[earlier].pop() for earlier in self._seen[number]]
            made = step.patches(_patched(sources[number], before), each_masks[number])
            users = sum(number in seen for seen in self._seen)
            patches.append(list(itertools.tee(made, users + 1)))
        for frame, *made in zip(sources[count], *(copies[0] for copies in patches), strict=True):
            yield frame, _merged(frame, made)


def _room_of(step: Step, twin: DigitalTwin | None) -> EditRoom | None:
    if twin is None:
        return None
    from vireo.reasoning.edit_room import room_of  # loads SciPy

    return room_of(step, twin)


def execute_frames(
    execution: Execution, frames: np.ndarray, fps: Fraction, request: EditRequest, monitor: Monitor | None = None
) -> PlannedFrames:
    """Carries out a plan on a clip in memory, exactly as on a file. frames: uint8 (T, H, W, 3)."""
    timed = (TimedFrame(pixels, number, 1, 1 / fps) for number, pixels in enumerate(frames))
    clip = PlanEdit(execution, request, ClipFacts(8, Fraction(0)), monitor or Monitor())
    made = [composite for _, composite in clip.frames(timed, itertools.repeat(None))]
    edited, region = np.stack([each.pixels for each in made]), np.stack([each.region for each in made])
    return PlannedFrames(edited, region, clip.results())


def _seen_steps(steps: Sequence[Step], twin: DigitalTwin | None) -> list[list[int]]:
    """For each step the earlier ones whose results it is shown: those that it does not commute with, and what these
    were shown in turn."""
    seen: list[set[int]] = []
    for number, step in enumerate(steps):
        mine: set[int] = set()
        for earlier in range(number):
            if not commute(steps[earlier], step, twin):
                mine |= {earlier} | seen[earlier]
        seen.append(mine)
    return [sorted(each) for each in seen]


def _patched(frames: Iterable[TimedFrame], patches: Sequence[Iterator[Composite]]) -> Iterator[TimedFrame]:
    """Frames with patches put on them in turn."""
    for frame, *made in zip(frames, *patches, strict=True):
        whole = _merged(frame, made)
        yield frame if not made else replace(frame, pixels=whole.pixels, deep=whole.deep)


def _merged(frame: TimedFrame, patches: Sequence[Composite]) -> Composite:
    """A frame with patches put on it in turn, where they touch it; of a deep frame they are deep, too."""
    if not patches:
        return unchanged(frame)
    pixels, deep, region, touched = frame.pixels, frame.deep, patches[0].region, patches[0].touched
    for patch in patches:
        if patch.touched.any():
            where = patch.touched[..., None]
            pixels = np.where(where, patch.pixels, pixels)
            if deep is not None:
                assert patch.deep is not None, "a step makes deep frames of deep ones"
                deep = np.where(where, patch.deep, deep)
        region, touched = region | patch.region, touched | patch.touched
    by_step = tuple(patch.touched for patch in patches)
    return Composite(pixels, region, touched, deep, by_step)
