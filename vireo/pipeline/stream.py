"""The edit of frames: windows of the model's size and length, and their results put on the source."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
import torch

from vireo.errors import InputError, ModelError
from vireo.pipeline.compositing import Box, Edits, LowEdit, mixed, put_together
from vireo.pipeline.crops import UNSURE, beyond, is_seen, likeliest, parts
from vireo.pipeline.slow_motion import joined, takes
from vireo.video.change import certainty
from vireo.video.geometry import model_size, resize
from vireo.video.region import Preserve, predict_region, to_uint8
from vireo.video.windows import Window, join, split

if TYPE_CHECKING:
    from vireo.models.editors.viva import VireoPipeline

OVERLAP = 2
"""Frames that neighbouring windows share, and over which one fades into the next."""

STAGES = ("load", "read", "encode", "denoise", "decode", "composite", "write")
"""Of the seconds that are counted."""


@dataclass(frozen=True)
class FramesEdit:
    """An edited clip. edited: uint8 (T, H, W, 3), put together as asked; raw: the model's own result, nothing
    composited; support: bool (T, H, W), the predicted edit region. found: as in `EditResult`."""

    edited: np.ndarray
    raw: np.ndarray
    support: np.ndarray
    found: bool | None


def edit_frames(
    pipe: VireoPipeline,
    frames: np.ndarray,
    instruction: str,
    *,
    reference: np.ndarray | None = None,
    steps: int | None = None,
    guidance: float | None = None,
    seed: int = 0,
    preserve: Preserve = "strict",
    look: bool = True,
) -> FramesEdit:
    """Edits a clip in memory, exactly as `edit_video` edits a file.

    frames: uint8 (T, H, W, 3). reference: uint8 (h, w, 3). Raises InputError as `edit_video` does.
    """
    check_request(instruction, preserve)
    editor = FrameEditor(pipe, instruction, reference, steps, guidance, seed, dict.fromkeys(STAGES, 0.0), look)
    finished = []
    for source, edits in editor.stream(frames, lambda pixels: pixels):
        pixels, region = put_together(source, edits, preserve)
        finished.append((pixels, put_together(source, edits, "off")[0], region.support[0]))
    return FramesEdit(*(np.stack(part) for part in zip(*finished, strict=True)), editor.found if editor.look else None)


def check_request(instruction: str, preserve: str) -> None:
    """Raises InputError for what no clip can be edited by."""
    if not instruction.strip():
        raise InputError("the instruction is empty", 'say what to change, e.g. "make the red ball blue"')
    if preserve not in get_args(Preserve):
        raise InputError(f"preserve is {preserve!r}", f"choose one of {', '.join(get_args(Preserve))}")


class FrameEditor:
    """One edit of one clip: gives every frame its edit, at the model's size.

    windows: how many have been edited. steps_taken: denoising steps of each. found: whether the instructor has seen
    what the instruction names in a window so far; until then windows stay as they are. From then on all are edited:
    an object that is hidden for a moment must not fall back to its old look. box: the part of the frame that the model
    was last shown, None for all of it; where it is a part, the instructor looks again in every window.
    """

    def __init__(
        self,
        pipe: VireoPipeline,
        instruction: str,
        reference: np.ndarray | None,
        steps: int | None,
        guidance: float | None,
        seed: int,
        seconds: dict[str, float],
        look: bool,
    ) -> None:
        self.pipe, self.seed, self.seconds = pipe, seed, seconds
        self.look = look and pipe.template.locates
        self.found = not self.look
        self.request: dict[str, Any] = {
            "prompt": instruction,
            "image": reference,
            "num_inference_steps": steps,
            "guidance_scale": guidance,
            "output_type": "np",
            "callback_on_step_end": self._count_step,
        }
        self.multiple = pipe.size_multiple
        self.box: Box | None = None
        self.windows = self.steps_taken = 0
        self.on_step: Callable[[], None] = lambda: None

    def stream(self, items: Iterable[Any], pixels_of: Callable[[Any], np.ndarray]) -> Iterator[tuple[Any, Edits]]:
        """Yields every item with its edits, in order. pixels_of: item to uint8 (H, W, 3)."""
        small = ((item, self._small(pixels_of(item))) for item in items)
        windows = split(small, self.pipe.window_frames, OVERLAP)
        for (item, _), edits in join((window, self._edit(window, pixels_of)) for window in windows):
            yield item, mixed(edits)

    def _small(self, pixels: np.ndarray) -> np.ndarray:
        size = model_size(*pixels.shape[:2], self.pipe.frame_size, self.multiple)
        return to_uint8(resize(pixels[None], size)[0])

    def _edit(self, window: Window, pixels_of: Callable[[Any], np.ndarray]) -> list[LowEdit]:
        """One edit an item."""
        # A single picture is edited as one; shorter clips than a window are filled up.
        length = 1 if window.count == 1 else len(window.items)
        source = np.stack([small for _, small in window.items[:length]])
        frames = [pixels_of(item) for item, _ in window.items[:length]]
        self.windows += 1
        boxes = parts(frames[0].shape[:2], self.pipe.frame_size) if self.look and self.multiple is None else []
        if not self._sees(source, frames, boxes):
            same, none = source / np.float32(255), np.zeros(source.shape[:3], np.float32)
            edits = [LowEdit(*maps) for maps in zip(same, same, none, none, strict=True)]
        elif self.box is None:
            edits = self._edits(source)
        else:
            edits = self._edits_of_part(frames, self.box, boxes)
        return edits * (len(window.items) // length)

    def _edits_of_part(self, frames: list[np.ndarray], part: Box, boxes: list[Box]) -> list[LowEdit]:
        """Of the part, or where what it edits is cut at its border, of the neighbour that shows it whole."""
        edits = self._edits(self._smalls(frames, part), part)
        other = beyond(np.stack([low.soft for low in edits]), part, boxes)
        if other is not None:
            again = self._edits(self._smalls(frames, other), other)
            soft = np.stack([low.soft for low in again])
            if soft.any() and beyond(soft, other, boxes) is None:
                self.box = other
                return again
        return edits

    def _smalls(self, frames: list[np.ndarray], part: Box) -> np.ndarray:
        return np.stack([self._small(pixels[part]) for pixels in frames])

    def _edits(self, source: np.ndarray, part: Box | None = None) -> list[LowEdit]:
        """Of what the model is shown, uint8 (T, h, w, 3)."""
        with timed(self.seconds, "decode"):
            shown = takes(source, self.pipe)
        edited, rebuilt = joined([self._run(clip) for clip in shown.clips]), shown.rebuilt
        with timed(self.seconds, "composite"):
            soft = predict_region(source, edited, rebuilt).soft
            sure = certainty(edited, rebuilt, soft)
        return [LowEdit(*maps, part) for maps in zip(edited, rebuilt, soft, sure, strict=True)]

    def _run(self, clip: np.ndarray) -> np.ndarray:
        # The same noise for every clip: what differs between them is the source alone.
        generator = torch.Generator().manual_seed(self.seed)
        edited = np.asarray(self.pipe(video=clip, generator=generator, **self.request).frames[0])
        if not np.isfinite(edited).all():
            raise ModelError("the model's result is not a number", "its weights are damaged: get them again")
        for stage in ("encode", "denoise", "decode"):
            self.seconds[stage] += self.pipe.last_timings[stage]
        return edited

    def _sees(self, source: np.ndarray, frames: list[np.ndarray], boxes: list[Box]) -> bool:
        """Whether a window is to be edited; sets `box`. source: (T, h, w, 3) of `frames`, (H, W, 3) each."""
        if self.found and self.box is None:
            return True
        some = [frames[k] for k in (0, len(frames) // 2, -1)]
        with timed(self.seconds, "encode"):
            views = [source, *(self._smalls(some, box) for box in boxes)]
            absent = self.pipe.p_absent([self.request["prompt"]] * len(views), views)
        if is_seen(absent):
            self.found = True
            self.box = boxes[likeliest(absent[1:])] if boxes and absent[0] > UNSURE else None
        return self.found

    def _count_step(self, pipe: Any, step: int, timestep: Any, values: dict[str, Any]) -> dict[str, Any]:
        self.steps_taken = step + 1
        self.on_step()
        return values


@contextlib.contextmanager
def timed(seconds: dict[str, float], stage: str) -> Iterator[None]:
    """Adds the seconds that the block takes."""
    began = time.perf_counter()
    try:
        yield
    finally:
        seconds[stage] += time.perf_counter() - began
