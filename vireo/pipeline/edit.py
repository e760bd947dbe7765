"""The whole edit: a video file of any length and size and an instruction in, a video file out."""

from __future__ import annotations

import contextlib
import itertools
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vireo.errors import InputError
from vireo.monitor import Monitor
from vireo.pipeline.clip_edit import ClipEdit, Masks
from vireo.pipeline.exact import ExactEdit, operation_of
from vireo.receipt import EditDescription, ModelFacts, ReceiptWriter
from vireo.types import Composite, EditRequest, EditResult, EditSettings, Executor, Preserve
from vireo.video.before_after import BeforeAfterStrip, refuse_picture
from vireo.video.io import Quality, TimedFrame, VideoInfo, VideoReader, VideoWriter, read_clip, refuse_output
from vireo.video.io.background import queue_depth, read_ahead
from vireo.video.operations import Operation

# What only a model needs (torch, diffusers, transformers) is imported where one takes part: it takes seconds.
if TYPE_CHECKING:
    from vireo.models.editors.protocol import Editor
    from vireo.models.editors.viva import VireoPipeline

PREVIEW_STEPS = 4
"""Denoising steps of a preview."""

Progress = Callable[[int, int | None, str], None]
"""progress(done, total, label), in frames; total is None where a file does not say."""


@dataclass(frozen=True, kw_only=True)
class FileEdit:
    """An edit of a file; as in `edit_video`. model: the name that results and receipts give the editor."""

    source: Path
    output: Path
    request: EditRequest
    model: str
    reference: Path | None = None
    mask: Path | None = None
    start: float | None = None
    end: float | None = None
    compare: Path | None = None
    receipt: Path | None = None
    quality: Quality = field(default_factory=Quality)
    strict_decode: bool = False
    overwrite: bool = False

    def check(self, *further: Path | None) -> None:
        """Raises InputError for what no file can be edited by; further: other files that are to be written."""
        settings = self.request.settings
        self.request.check()
        if self.start is not None and self.end is not None and self.start >= self.end:
            raise InputError(f"start ({self.start} s) is not before end ({self.end} s)", "swap them")
        self.quality.check()
        if self.mask is not None and settings.preserve != "strict":
            raise InputError(f"with preserve {settings.preserve} a mask has no meaning", "leave one of them out")
        written = [path for path in (self.output, self.compare, self.receipt, *further) if path is not None]
        if len({path.absolute() for path in written}) < len(written):
            raise InputError("output, compare, receipt and preview name the same file", "give each its own")
        for path in written:
            for used in (self.source, self.mask, self.reference):
                refuse_output(path, used, self.overwrite)
        if self.compare is not None:
            refuse_picture(self.compare)


def edit_video(  # noqa: PLR0913 - what a user can ask for, as on the command line
    source: str | Path,
    instruction: str,
    output: str | Path,
    *,
    model: str | Editor | VireoPipeline = "mini",
    reference: str | Path | None = None,
    mask: str | Path | None = None,
    steps: int | None = None,
    guidance: float | None = None,
    seed: int = 0,
    preserve: Preserve = "strict",
    look: bool = True,
    executor: Executor = "auto",
    start: float | None = None,
    end: float | None = None,
    compare: str | Path | None = None,
    receipt: str | Path | None = None,
    preview: str | Path | None = None,
    quality: Quality = Quality(),
    strict_decode: bool = False,
    overwrite: bool = False,
    device: str = "auto",
    dtype: str | None = None,
    adapter: str | None = None,
    cancelled: threading.Event | None = None,
    on_progress: Progress | None = None,
) -> EditResult:
    """Edits a video (or image) file as an instruction says; size, frame times and sound stay.

    model: a preset, a folder, a hub id, an editor of `open_editor`, or a pipeline; device, dtype, adapter: how it is
    opened, see there. reference: an image the instruction speaks of.
    mask: a picture or video of the clip's size, white where the edit may be; it takes the place of the predicted
    edit region. preserve: what becomes of the picture outside the edit region. look: whether it is checked first that
    the model knows the words of the instruction and that the clip shows what they name (with a mask only the words);
    where that is not so, the clip stays as it is.
    executor: "model", "exact" (the instruction asks for a function of the pixels, such as black and white or night,
    which is carried out on every frame at its full size, without the model being opened; InputError where it does not)
    or "auto": exact where that can be, else model.
    start, end: seconds from the first frame; frames outside are left as they are, and their packets with them where
    codec and container stay the source's. compare: also writes a before/after picture there. receipt: also writes what
    was done and what was left alone, for `vireo.receipt.verify`. preview: the same edit of at most PREVIEW_STEPS steps
    is written there first. quality: codec and quality of the output, else the source's. strict_decode: a frame that is
    damaged is an error; else it shows what can be decoded, or the frame before, and the result says which ones are.
    cancelled: an event by which another thread ends the edit. Files appear whole or not at all, whatever happens
    meanwhile.

    Raises InputError, or a subclass of it, for everything that is wrong with the arguments or the files, and Cancelled.
    """
    settings = EditSettings(steps=steps, guidance=guidance, seed=seed, preserve=preserve, gate=look, executor=executor)
    job = FileEdit(
        source=Path(source),
        output=Path(output),
        request=EditRequest(instruction=instruction, settings=settings),
        model=model if isinstance(model, str) else type(model).__name__,
        reference=_path(reference),
        mask=_path(mask),
        start=start,
        end=end,
        compare=_path(compare),
        receipt=_path(receipt),
        quality=quality,
        strict_decode=strict_decode,
        overwrite=overwrite,
    )
    job.check(_path(preview))
    operation = operation_of(job.request, reference=job.reference is not None)
    if job.mask is not None:
        from vireo.video.mask import check_length  # loads SciPy

        check_length(job.mask, job.source)
    monitor, began = Monitor(cancelled=cancelled), time.perf_counter()
    with monitor.time("load"):
        by = operation or _opened(model, device, dtype, adapter)
    if job.reference is not None:
        picture = read_clip(job.reference, max_frames=1).frames[0]
        job = replace(job, request=replace(job.request, reference=picture))
    if preview is not None:
        first = replace(job, output=Path(preview), compare=None, receipt=None, request=_quick(job.request, by))
        edit_file(by, first, Monitor(cancelled=cancelled), on_progress and _labelled(on_progress, "preview"))
    result = edit_file(by, job, monitor, on_progress)
    return replace(result, seconds=result.seconds | {"total": round(time.perf_counter() - began, 3)})


def edit_file(
    by: Editor | Operation, job: FileEdit, monitor: Monitor, on_progress: Progress | None = None
) -> EditResult:
    """Carries out an edit of a file.

    by: an operation, or an editor that is open; several threads may edit with one editor.
    """
    began, settings = time.perf_counter(), job.request.settings
    with contextlib.ExitStack() as stack:
        reader = stack.enter_context(VideoReader(job.source, strict=job.strict_decode))
        info, readers, masks = reader.info, [reader], itertools.repeat(None)
        clip = _clip_edit(by, job, info, monitor)
        if job.mask is not None:
            from vireo.video.mask import read_masks

            readers.append(stack.enter_context(VideoReader(job.mask, strict=job.strict_decode)))
            masks = read_masks(readers[1], info)
        record = None if job.receipt is None else stack.enter_context(ReceiptWriter(job.receipt))
        strip = None if job.compare is None else BeforeAfterStrip()
        changed = count = edited = 0

        def show() -> None:
            if on_progress is not None:
                on_progress(count, info.frames, "editing")

        monitor.on_step = show
        span = (job.start, job.end)
        depth = queue_depth(3 * info.width * info.height)
        frames = stack.enter_context(read_ahead(_timed_each(reader, monitor), depth))
        with VideoWriter(job.output, info, job.source, job.overwrite, job.quality, span) as writer:
            for wanted, group in groupby(frames, lambda frame: info.within(frame.pts, *span)):
                for frame, made in (clip.frames if wanted else _unedited)(group, masks):
                    monitor.check()
                    shown = frame if made.deep is None else replace(frame, pixels=made.pixels, deep=made.deep)
                    with monitor.time("write"):
                        writer.write(shown, made.pixels)
                    if strip is not None:
                        strip.add(frame.pixels, made.pixels)
                    changed, count, edited = changed + int(made.region.sum()), count + 1, edited + wanted
                    if record is not None:
                        record.add(frame, made.pixels, made.touched, made.deep if writer.deep else None)
                    show()
            if not edited:
                raise InputError("no frame of the clip lies between start and end", "give another --start or --end")
        if record is not None:
            # A receipt of an earlier output must not stand beside this one, should measuring fail.
            record.path.unlink(missing_ok=True)
            record.finish(_described(job, clip, monitor.steps))
    if strip is not None and job.compare is not None:
        strip.save(job.compare, job.request.instruction)
    monitor.seconds["total"] = time.perf_counter() - began
    return EditResult(
        output=str(job.output),
        model=job.model if clip.executor == "model" else None,
        executor=clip.executor,
        operation=clip.operation,
        instruction=job.request.instruction,
        seed=settings.seed,
        steps=monitor.steps,
        frames=count,
        width=info.width,
        height=info.height,
        fps=float(info.fps),
        seconds={stage: round(spent, 3) for stage, spent in monitor.seconds.items()},
        changed_fraction=changed / (count * info.width * info.height),
        read_as=clip.read_as,
        found=clip.found,
        notes=clip.notes,
        left_out=writer.left_out,
        damaged=tuple(reader.damaged),
        warnings=(*clip.warnings, *itertools.chain.from_iterable(map(_damage, readers))),
    )


def _clip_edit(by: Editor | Operation, job: FileEdit, info: VideoInfo, monitor: Monitor) -> ClipEdit:
    if isinstance(by, Operation):
        return ExactEdit(by, job.request, info, monitor)
    from vireo.pipeline.model_edit import ModelEdit

    return ModelEdit(by, job.request, monitor, masked=job.mask is not None)


def _unedited(frames: Iterable[TimedFrame], masks: Masks) -> Iterator[tuple[TimedFrame, Composite]]:
    for frame, _ in zip(frames, masks, strict=False):
        nowhere = np.zeros(frame.pixels.shape[:2], bool)
        yield frame, Composite(frame.pixels, nowhere, nowhere)


def _quick(request: EditRequest, by: Editor | Operation) -> EditRequest:
    """The same edit with at most PREVIEW_STEPS steps."""
    if isinstance(by, Operation):
        return request
    from vireo.pipeline.stream import sampling_of

    few = min(PREVIEW_STEPS, sampling_of(request.settings, by.facts).steps)
    return replace(request, settings=replace(request.settings, steps=few))


def _damage(reader: VideoReader) -> Iterator[str]:
    """What to say of a file that could not be read whole."""
    runs = [[number for _, number in run] for _, run in groupby(enumerate(reader.damaged), lambda x: x[1] - x[0])]
    if runs:
        named = ", ".join(f"{run[0]}" if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs)
        stead = "what can be decoded or the frame before stands there"
        yield f"{reader.path} is damaged at frame{'s' * (len(reader.damaged) > 1)} {named}, counted from 0: {stead}"
    if reader.ends_early:
        yield f"{reader.path} cannot be read to its end: what follows is left out"


def _described(job: FileEdit, clip: ClipEdit, steps: int) -> EditDescription:
    """What a receipt says of an edit."""
    settings, weights = job.request.settings, clip.weights()
    return EditDescription(
        source=job.source,
        output=job.output,
        reference=job.reference,
        mask=job.mask,
        model=None if weights is None else ModelFacts(name=job.model, sha256=weights),
        instruction=job.request.instruction,
        seed=settings.seed,
        settings={
            "executor": clip.executor,
            "operation": clip.operation,
            "steps": steps,
            "guidance": settings.guidance,
            "preserve": settings.preserve,
            "look": settings.gate,
            "read_as": clip.read_as,
            "start": job.start,
            "end": job.end,
        },
    )


def _opened(model: str | Editor | VireoPipeline, device: str, dtype: str | None, adapter: str | None) -> Editor:
    from vireo.models.editors.opening import as_editor, open_editor

    if isinstance(model, str):
        return open_editor(model, device=device, dtype=dtype, adapter=adapter)
    return as_editor(model)


def _path(path: str | Path | None) -> Path | None:
    return None if path is None else Path(path)


def _labelled(progress: Progress, label: str) -> Progress:
    return lambda done, total, _: progress(done, total, label)


def _timed_each(frames: Iterable[TimedFrame], monitor: Monitor) -> Iterator[TimedFrame]:
    iterator = iter(frames)
    while True:
        with monitor.time("read"):
            frame = next(iterator, None)
        if frame is None:
            return
        yield frame
