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
from vireo.pipeline.motion import joined, takes
from vireo.video.change import certainty, settled
from vireo.video.geometry import carry, enlarge, model_size, resize
from vireo.video.region import Preserve, Region, composite, predict_region, to_uint8
from vireo.video.windows import Window, join, split

if TYPE_CHECKING:
    from vireo.pipeline.pipeline import VireoPipeline

OVERLAP = 2
"""Frames that neighbouring windows share, and over which one fades into the next."""

ABSENT = 0.5
"""What the instruction names counts as absent where the instructor is surer of that than this."""

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
    for source, low in editor.stream(frames, lambda pixels: pixels):
        pixels, region = put_together(source, low, preserve)
        finished.append((pixels, put_together(source, low, "off")[0], region.support[0]))
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
    an object that is hidden for a moment must not fall back to its old look.
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
        self.windows = self.steps_taken = 0
        self.on_step: Callable[[], None] = lambda: None

    def stream(self, items: Iterable[Any], pixels_of: Callable[[Any], np.ndarray]) -> Iterator[tuple[Any, LowEdit]]:
        """Yields every item with its edit, in order. pixels_of: item to uint8 (H, W, 3)."""
        small = ((item, self._small(pixels_of(item))) for item in items)
        windows = split(small, self.pipe.window_frames, OVERLAP)
        for (item, _), channels in join((window, self._edit(window)) for window in windows):
            yield item, LowEdit(channels[..., :3], channels[..., 3:6], channels[..., 6], channels[..., 7])

    def _small(self, pixels: np.ndarray) -> np.ndarray:
        size = model_size(*pixels.shape[:2], self.pipe.frame_size, self.multiple)
        return to_uint8(resize(pixels[None], size)[0])

    def _edit(self, window: Window) -> np.ndarray:
        """(size, h, w, 8): the model's result, the source through the VAE, the soft region, and the certainty."""
        # A single picture is edited as one; shorter clips than a window are filled up.
        length = 1 if window.count == 1 else len(window.items)
        source = np.stack([small for _, small in window.items[:length]])
        self.windows += 1
        if not self._sees(source):
            rebuilt = np.stack([small for _, small in window.items]) / np.float32(255)
            return np.concatenate([rebuilt, rebuilt, np.zeros_like(rebuilt[..., :2])], axis=-1)
        with timed(self.seconds, "decode"):
            shown = takes(source, self.pipe)
        edited, rebuilt = joined([self._run(clip) for clip in shown.clips]), shown.rebuilt
        with timed(self.seconds, "composite"):
            soft = predict_region(source, edited, rebuilt).soft
            sure = certainty(edited, rebuilt, soft)
        channels = np.concatenate([edited, rebuilt, np.stack([soft, sure], -1)], axis=-1)
        return np.repeat(channels, len(window.items), axis=0) if length == 1 else channels

    def _run(self, clip: np.ndarray) -> np.ndarray:
        # The same noise for every clip: what differs between them is the source alone.
        generator = torch.Generator().manual_seed(self.seed)
        edited = np.asarray(self.pipe(video=clip, generator=generator, **self.request).frames[0])
        if not np.isfinite(edited).all():
            raise ModelError("the model's result is not a number", "its weights are damaged: get them again")
        for stage in ("encode", "denoise", "decode"):
            self.seconds[stage] += self.pipe.last_timings[stage]
        return edited

    def _sees(self, source: np.ndarray) -> bool:
        if not self.found:
            with timed(self.seconds, "encode"):
                self.found = bool(self.pipe.p_absent([self.request["prompt"]], [source])[0] < ABSENT)
        return self.found

    def _count_step(self, pipe: Any, step: int, timestep: Any, values: dict[str, Any]) -> dict[str, Any]:
        self.steps_taken = step + 1
        self.on_step()
        return values


@dataclass(frozen=True)
class LowEdit:
    """The edit of one frame at the model's size, float: edited and rebuilt (the source through the VAE)
    (h, w, 3) in 0..1, soft (h, w) the predicted region in 0..1, sure (h, w) how much of the change is the edit."""

    edited: np.ndarray
    rebuilt: np.ndarray
    soft: np.ndarray
    sure: np.ndarray


def put_together(
    source: np.ndarray, low: LowEdit | None, preserve: Preserve, mask: np.ndarray | None = None
) -> tuple[np.ndarray, Region]:
    """A source frame, uint8 (H, W, 3), and its edit to the output frame, and the region of that one frame.

    low: None for a frame that is not edited. mask: float (H, W) in 0..1, takes the place of the predicted region.
    """
    if low is None or np.array_equal(low.edited, low.rebuilt):  # no edit, or one that leaves all as it was
        return source, Region(np.zeros((1, *source.shape[:2]), np.float32))
    edited, soft = low.edited, low.soft
    if edited.shape[:2] != source.shape[:2]:
        if preserve != "off":
            edited = low.rebuilt + low.sure[..., None] * (edited - low.rebuilt)
        anywhere = preserve == "off" or mask is not None
        edited = carry(source, low.rebuilt, edited, np.ones_like(soft) if anywhere else soft)
        soft = enlarge(soft, source.shape[:2])
    elif preserve != "off":
        edited = settled(source, edited, low.rebuilt, low.sure)
    region = Region((soft if mask is None else mask)[None])
    return composite(source[None], edited[None], region, preserve)[0], region


@contextlib.contextmanager
def timed(seconds: dict[str, float], stage: str) -> Iterator[None]:
    """Adds the seconds that the block takes."""
    began = time.perf_counter()
    try:
        yield
    finally:
        seconds[stage] += time.perf_counter() - began
