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
from typing import TYPE_CHECKING

import torch

from vireo.errors import InputError
from vireo.pipeline.compositing import Edits, put_together
from vireo.pipeline.stream import STAGES, FrameEditor, check_request, timed
from vireo.receipt import EditDescription, ModelFacts, ReceiptWriter
from vireo.video.before_after import BeforeAfterStrip, refuse_picture
from vireo.video.io import Quality, TimedFrame, VideoInfo, VideoReader, VideoWriter, read_clip, refuse_output
from vireo.video.mask import open_masks
from vireo.video.region import Preserve

if TYPE_CHECKING:
    from vireo.models.editors.viva import VireoPipeline

PREVIEW_STEPS = 4
"""Denoising steps of a preview."""

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
    check_request(instruction, preserve)
    if start is not None and end is not None and start >= end:
        raise InputError(f"start ({start} s) is not before end ({end} s)", "swap them")
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
    if compare is not None:
        refuse_picture(Path(compare))
    seconds = dict.fromkeys(STAGES, 0.0)
    began = time.perf_counter()
    with contextlib.ExitStack() as stack:
        reader = stack.enter_context(VideoReader(source))
        info = reader.info
        masks = itertools.repeat(None) if mask is None else stack.enter_context(open_masks(mask, info))
        record = None if receipt is None else stack.enter_context(ReceiptWriter(receipt))
        picture = None if reference is None else read_clip(reference, max_frames=1).frames[0]
        with timed(seconds, "load"):
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
            for frame, edits in _edited_span(editor, _timed_each(reader, seconds, "read"), info, start, end):
                own = next(masks)
                with timed(seconds, "composite"):
                    pixels, region = put_together(frame.pixels, edits, preserve, own)
                with timed(seconds, "write"):
                    writer.write(frame, pixels)
                strip.add(frame.pixels, pixels)
                changed, count = changed + int(region.support.sum()), count + 1
                if record is not None:
                    record.add(frame, pixels, region.share(preserve if edits else "strict")[0] > 0)
                if on_progress is not None:
                    on_progress(count, info.frames, "editing")
            if editor.windows == 0:
                raise InputError("no frame of the clip lies between start and end", "give another --start or --end")
        if record is not None:
            # A receipt of an earlier output must not stand beside this one, should measuring fail.
            record.path.unlink(missing_ok=True)
            description = EditDescription(
                source=Path(source),
                output=Path(output),
                reference=Path(reference) if reference else None,
                mask=Path(mask) if mask else None,
                model=ModelFacts(name=_name_of(model), sha256=weights_digest(pipe)),
                instruction=instruction,
                seed=seed,
                settings={
                    **{"steps": editor.steps_taken, "guidance": guidance, "preserve": preserve},
                    **{"look": look, "start": start, "end": end},
                },
            )
            record.finish(description)
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
    editor: FrameEditor, frames: Iterable[TimedFrame], info: VideoInfo, start: float | None, end: float | None
) -> Iterator[tuple[TimedFrame, Edits | None]]:
    """All frames in order; those from `start` up to `end` with their edits."""
    for wanted, group in groupby(frames, lambda frame: info.within(frame.pts, start, end)):
        if wanted:
            yield from editor.stream(group, lambda frame: frame.pixels)
        else:
            yield from ((frame, None) for frame in group)


def _load(model: str | VireoPipeline) -> VireoPipeline:
    if not isinstance(model, str):
        return model
    from vireo.models.editors.viva import VireoPipeline

    pipe = VireoPipeline.from_pretrained(model)
    # One bar for the whole clip is enough: `on_progress`.
    pipe.set_progress_bar_config(disable=True)
    return pipe


def _timed_each(frames: Iterable[TimedFrame], seconds: dict[str, float], stage: str) -> Iterator[TimedFrame]:
    iterator = iter(frames)
    while True:
        with timed(seconds, stage):
            frame = next(iterator, None)
        if frame is None:
            return
        yield frame
