"""Ways of carrying out one step that really differ, for when the first one fails.

An editor that samples makes another edit of another seed. One that does not, as mini, makes the same edit for ever,
until something else is put before it: other words, or the same frames moved by half a patch.
"""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from vireo.models.editors.protocol import Editor, EditorFacts
from vireo.models.instructor.reading import read_instruction
from vireo.monitor import Monitor
from vireo.pipeline.clip_edit import Masks
from vireo.pipeline.model_edit import ModelEdit
from vireo.pipeline.stream import sampling_of
from vireo.reasoning.plan import Step
from vireo.types import Composite, EditRequest
from vireo.video.io import TimedFrame

MOVED = 4
"""Pixels of the model's raster by which a moved copy is moved right and down: half a patch of mini's, so that what lay
on the border of two patches lies within one."""

STRONGER = 1.5
"""Times the guidance, where an editor is guided at all."""


@dataclass(frozen=True)
class Way:
    """request: of the step, with the words and settings of this way. moved: pixels of the model's raster."""

    request: EditRequest
    moved: int = 0


def ways_of(step: Step, request: EditRequest, facts: EditorFacts, *, masked: bool) -> list[Way]:
    """Ways of carrying out a step, the usual one first, the cheapest and likeliest to help next."""
    settings, sampling = request.settings, sampling_of(request.settings, facts)
    found = [Way(request)]
    if step.targets and not masked and settings.preserve == "strict":  # what leaves a moved frame would stay as it is
        found.append(Way(request, moved=MOVED))
    if facts.vocabulary is not None:
        requests = read_instruction(step.instruction, facts.vocabulary).requests
        others = requests[0].wordings(facts.vocabulary) if len(requests) == 1 else []
        found += [Way(replace(request, instruction=text)) for text in others if text != step.instruction][:1]
    if sampling.steps > 1:
        found.append(Way(replace(request, settings=replace(settings, seed=settings.seed + 1))))
    if sampling.guidance > 1:
        found.append(Way(replace(request, settings=replace(settings, guidance=STRONGER * sampling.guidance))))
    return found


class MovedEdit(ModelEdit):
    """The edit of frames that are moved right and down by `moved` pixels of the model's raster, and moved back.

    What comes in at the left and top repeats the border; what leaves at the right and bottom stays as it is.
    """

    def __init__(self, editor: Editor, request: EditRequest, monitor: Monitor, *, masked: bool, moved: int) -> None:
        super().__init__(editor, request, monitor, masked=masked)
        self._moved, self._raster = moved, editor.facts.frame_size

    def frames(self, frames: Iterable[TimedFrame], masks: Masks) -> Iterator[tuple[TimedFrame, Composite]]:
        originals, shown = itertools.tee(frames)
        moved = (replace(frame, pixels=self._away(frame.pixels), deep=None) for frame in shown)
        for frame, (_, made) in zip(originals, super().frames(moved, masks), strict=False):
            yield frame, self._back(frame, made)

    def _offset(self, pixels: np.ndarray) -> tuple[int, int]:
        height, width = pixels.shape[:2]
        return round(self._moved * height / self._raster[0]), round(self._moved * width / self._raster[1])

    def _away(self, pixels: np.ndarray) -> np.ndarray:
        (rows, columns), (height, width) = self._offset(pixels), pixels.shape[:2]
        return np.pad(pixels, ((rows, 0), (columns, 0), (0, 0)), mode="edge")[:height, :width]

    def _back(self, frame: TimedFrame, made: Composite) -> Composite:
        (rows, columns), (height, width) = self._offset(frame.pixels), frame.pixels.shape[:2]
        pixels, inside = frame.pixels.copy(), np.s_[: height - rows, : width - columns]
        region, touched = np.zeros((2, height, width), bool)
        for whole, part in ((pixels, made.pixels), (region, made.region), (touched, made.touched)):
            whole[inside] = part[rows:, columns:]
        return Composite(pixels, region, touched)
