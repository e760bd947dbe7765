"""The whole edit: a video file of any length and size and an instruction in, a video file out."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
import torch

from vireo.errors import InputError, ModelError
from vireo.receipt.format import ModelFacts
from vireo.receipt.writer import ReceiptWriter
from vireo.video.change import certainty, settled
from vireo.video.geometry import carry, enlarge, model_size, resize
from vireo.video.io import Quality, TimedFrame, VideoReader, VideoWriter, read_clip, refuse_output, within
from vireo.video.mask import open_masks
from vireo.video.region import Preserve, Region, composite, predict_region, to_uint8
from vireo.video.strip import BeforeAfterStrip
from vireo.video.windows import Window, join, split

if TYPE_CHECKING:
    from vireo.pipeline.pipeline import VireoPipeline

OVERLAP = 2
"""Frames that neighbouring windows share, and over which one fades into the next."""

PREVIEW_STEPS = 4
"""Denoising steps of a preview."""

ABSENT = 0.5
"""What the instruction names counts as absent where the instructor is surer of that than this."""

STAGES = ("load", "read", "encode", "denoise", "decode", "composite", "write")

Progress = Callable[..., None]
"""progress(done, total, label), in frames; total is None where a file does not say."""


@dataclass(frozen=True)
class EditResult:
    """What was done; the keys of `vireo edit --json`.

    fps: average frames per second. seconds: spent in each of `STAGES`, and in total.
    changed_fraction: share of all pixels of the clip that lie inside the predicted edit region.
    found: whether the instructor saw what the instruction names; None where it was not asked.
    left_out: what of the source the output's codec and container cannot hold, in words.
    """

    output: str
    model: str
    instruction: str
    seed: int
    steps: int
    frames: int
    width: int
    height: int
    fps: float
    seconds: dict[str, float]
    changed_fraction: float
    found: bool | None
    left_out: tuple[str, ...]


@dataclass(frozen=True)
class FramesEdit:
    """An edited clip. edited: uint8 (T, H, W, 3), put together as asked; raw: the model's own result, nothing
    composited; support: bool (T, H, W), the predicted edit region. found: as in `EditResult`."""

    edited: np.ndarray
    raw: np.ndarray
    support: np.ndarray
    found: bool | None


def edit_video(
    source: str | Path,
    instruction: str,
    output: str | Path,
    *,
    model: str | VireoPipeline = "mini",
    reference: str | Path | None = None,
    mask: str | Path | None = None,
    steps: int | None = None,
    guidance: float | None = None,
    seed: int = 0,
    preserve: Preserve = "strict",
    look: bool = True,
    start: float | None = None,
    end: float | None = None,
    compare: str | Path | None = None,
    receipt: str | Path | None = None,
    preview: str | Path | None = None,
    quality: Quality = Quality(),
    overwrite: bool = False,
    on_progress: Progress | None = None,
) -> EditResult:
    """Edits a video (or image) file as an instruction says; size, frame times and sound stay.

    model: a preset, a folder, a hub id, or a pipeline. reference: an image the instruction speaks of.
    mask: a picture or video of the clip's size, white where the edit may be; it takes the place of the predicted
    edit region. preserve: what becomes of the picture outside the edit region. look: whether the instructor looks
    first, and the clip stays as it is where it does not see what the instruction names; with a mask it is not asked.
    start, end: seconds from the first frame; frames outside are left as they are, and their packets with them where
    codec and container stay the source's. compare: also writes a before/after picture there. receipt: also writes what
    was done and what was left alone, for `vireo.receipt.verify`. preview: the same edit of at most PREVIEW_STEPS steps
    is written there first. quality: codec and quality of the output, else the source's.
    Files appear whole or not at all, whatever happens meanwhile.

    Raises InputError, or a subclass of it, for everything that is wrong with the arguments or the files.
    """
    _check(instruction, preserve, start, end)
    look = look and mask is None
    quality.check()
    if mask is not None and preserve != "strict":
        raise InputError(f"with preserve {preserve} a mask has no meaning", "leave one of them out")
    written = [Path(path) for path in (output, compare, receipt, preview) if path is not None]
    if len({path.absolute() for path in written}) < len(written):
        raise InputError("output, compare, receipt and preview name the same file", "give each its own")
    for path in written:
        for used in (source, mask, reference):
            refuse_output(path, used, overwrite)
    seconds = dict.fromkeys(STAGES, 0.0)
    began = time.perf_counter()
    with contextlib.ExitStack() as stack:
        reader = stack.enter_context(VideoReader(source))
        info = reader.info
        masks = itertools.repeat(None) if mask is None else stack.enter_context(open_masks(mask, info))
        record = None if receipt is None else stack.enter_context(ReceiptWriter(receipt))
        picture = None if reference is None else read_clip(reference, max_frames=1).frames[0]
        with _timed(seconds, "load"):
            pipe = _load(model)
        if preview is not None:
            few = min(PREVIEW_STEPS, pipe.config.steps if steps is None else steps)
            edit_video(
                source,
                instruction,
                preview,
                **{"model": pipe, "reference": reference, "mask": mask, "steps": few, "guidance": guidance},
                **{"seed": seed, "preserve": preserve, "look": look, "start": start, "end": end},
                **{"quality": quality, "overwrite": overwrite},
                on_progress=on_progress and (lambda done, total, _: on_progress(done, total, "preview")),
            )
        editor = FrameEditor(pipe, instruction, picture, steps, guidance, seed, seconds, look)
        strip, changed, count = BeforeAfterStrip(), 0, 0
        with VideoWriter(output, info, source, overwrite, quality, (start, end)) as writer:
            if on_progress is not None:
                editor.on_step = lambda: on_progress(count, info.frames, "editing")
            for frame, low in _edited_span(editor, _timed_each(reader, seconds, "read"), start, end):
                own = next(masks)
                with _timed(seconds, "composite"):
                    pixels, region = put_together(frame.pixels, low, preserve, own)
                with _timed(seconds, "write"):
                    writer.write(frame, pixels)
                strip.add(frame.pixels, pixels)
                changed, count = changed + int(region.support.sum()), count + 1
                if record is not None:
                    record.add(frame, pixels, region.share(preserve if low else "strict")[0] > 0)
                if on_progress is not None:
                    on_progress(count, info.frames, "editing")
            if editor.windows == 0:
                raise InputError("no frame of the clip lies between start and end", "give another --start or --end")
        if record is not None:
            # A receipt of an earlier output must not stand beside this one, should measuring fail.
            record.path.unlink(missing_ok=True)
            record.finish(
                Path(source),
                Path(output),
                reference=reference and Path(reference),
                mask=mask and Path(mask),
                model=ModelFacts(name=_name_of(model), sha256=weights_digest(pipe)),
                instruction=instruction,
                seed=seed,
                settings={
                    **{"steps": editor.steps_taken, "guidance": guidance, "preserve": preserve},
                    **{"look": look, "start": start, "end": end},
                },
            )
    if compare is not None:
        strip.save(Path(compare), instruction)
    seconds["total"] = time.perf_counter() - began
    return EditResult(
        output=str(output),
        model=_name_of(model),
        instruction=instruction,
        seed=seed,
        steps=editor.steps_taken,
        frames=count,
        width=info.width,
        height=info.height,
        fps=float(info.fps),
        seconds={stage: round(spent, 3) for stage, spent in seconds.items()},
        changed_fraction=changed / (count * info.width * info.height),
        found=editor.found if editor.look else None,
        left_out=writer.left_out,
    )


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
    _check(instruction, preserve, None, None)
    editor = FrameEditor(pipe, instruction, reference, steps, guidance, seed, dict.fromkeys(STAGES, 0.0), look)
    finished = []
    for source, low in editor.stream(frames, lambda pixels: pixels):
        pixels, region = put_together(source, low, preserve)
        finished.append((pixels, put_together(source, low, "off")[0], region.support[0]))
    return FramesEdit(*(np.stack(part) for part in zip(*finished, strict=True)), editor.found if editor.look else None)


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
        self.steps_taken = 0
        self.windows += 1
        if not self._sees(source):
            rebuilt = np.stack([small for _, small in window.items]) / np.float32(255)
            return np.concatenate([rebuilt, rebuilt, np.zeros_like(rebuilt[..., :2])], axis=-1)
        # The same noise for every window: what differs between them is the source alone.
        generator = torch.Generator().manual_seed(self.seed)
        edited = np.asarray(self.pipe(video=source, generator=generator, **self.request).frames[0])
        if not np.isfinite(edited).all():
            raise ModelError("the model's result is not a number", "its weights are damaged: get them again")
        for stage in ("encode", "denoise", "decode"):
            self.seconds[stage] += self.pipe.last_timings[stage]
        with _timed(self.seconds, "decode"):
            rebuilt = self.pipe.reconstruct(source)
        with _timed(self.seconds, "composite"):
            soft = predict_region(source, edited, rebuilt).soft
            sure = certainty(edited, rebuilt, soft)
        channels = np.concatenate([edited, rebuilt, np.stack([soft, sure], -1)], axis=-1)
        return np.repeat(channels, len(window.items), axis=0) if length == 1 else channels

    def _sees(self, source: np.ndarray) -> bool:
        if not self.found:
            with _timed(self.seconds, "encode"):
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


def weights_digest(pipe: VireoPipeline) -> str:
    """SHA-256 of the names and values of all weights of a pipeline."""
    digest = hashlib.sha256()
    for part, module in sorted(pipe.components.items()):
        if isinstance(module, torch.nn.Module):
            for name, value in sorted(module.state_dict().items()):
                digest.update(f"{part}.{name}".encode())
                digest.update(value.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def _name_of(model: str | VireoPipeline) -> str:
    return model if isinstance(model, str) else type(model).__name__


def _edited_span(
    editor: FrameEditor, frames: Iterable[TimedFrame], start: float | None, end: float | None
) -> Iterator[tuple[TimedFrame, LowEdit | None]]:
    """All frames in order; those from `start` up to `end` (seconds from the first) with their edit."""
    first: list[int] = []

    def inside(frame: TimedFrame) -> bool:
        first.append(frame.pts) if not first else None
        return within(float((frame.pts - first[0]) * frame.time_base), start, end)

    for wanted, group in groupby(frames, inside):
        if wanted:
            yield from editor.stream(group, lambda frame: frame.pixels)
        else:
            yield from ((frame, None) for frame in group)


def _check(instruction: str, preserve: str, start: float | None, end: float | None) -> None:
    if not instruction.strip():
        raise InputError("the instruction is empty", 'say what to change, e.g. "make the red ball blue"')
    if preserve not in get_args(Preserve):
        raise InputError(f"preserve is {preserve!r}", f"choose one of {', '.join(get_args(Preserve))}")
    if start is not None and end is not None and start >= end:
        raise InputError(f"start ({start} s) is not before end ({end} s)", "swap them")


def _load(model: str | VireoPipeline) -> VireoPipeline:
    if not isinstance(model, str):
        return model
    from vireo.pipeline.pipeline import VireoPipeline

    pipe = VireoPipeline.from_pretrained(model)
    # One bar for the whole clip is enough: `on_progress`.
    pipe.set_progress_bar_config(disable=True)
    return pipe


@contextlib.contextmanager
def _timed(seconds: dict[str, float], stage: str) -> Iterator[None]:
    began = time.perf_counter()
    try:
        yield
    finally:
        seconds[stage] += time.perf_counter() - began


def _timed_each(frames: Iterable[TimedFrame], seconds: dict[str, float], stage: str) -> Iterator[TimedFrame]:
    iterator = iter(frames)
    while True:
        with _timed(seconds, stage):
            frame = next(iterator, None)
        if frame is None:
            return
        yield frame
