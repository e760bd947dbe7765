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

from vireo.errors import InputError
from vireo.models.editors.protocol import Editor
from vireo.monitor import Monitor
from vireo.pipeline.compositing import Edits, composited
from vireo.pipeline.stream import ClipEditor, check_request, edit_stream, sampling_of, warnings_of
from vireo.receipt import EditDescription, ModelFacts, ReceiptWriter
from vireo.types import EditRequest, EditResult, EditSettings, Preserve
from vireo.video.before_after import BeforeAfterStrip, refuse_picture
from vireo.video.io import Quality, TimedFrame, VideoInfo, VideoReader, VideoWriter, read_clip, refuse_output
from vireo.video.io.background import queue_depth, read_ahead
from vireo.video.mask import open_masks

if TYPE_CHECKING:
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
    overwrite: bool = False

    def check(self, *further: Path | None) -> None:
        """Raises InputError for what no file can be edited by; further: other files that are to be written."""
        settings = self.request.settings
        check_request(self.request)
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
    start: float | None = None,
    end: float | None = None,
    compare: str | Path | None = None,
    receipt: str | Path | None = None,
    preview: str | Path | None = None,
    quality: Quality = Quality(),
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
    start, end: seconds from the first frame; frames outside are left as they are, and their packets with them where
    codec and container stay the source's. compare: also writes a before/after picture there. receipt: also writes what
    was done and what was left alone, for `vireo.receipt.verify`. preview: the same edit of at most PREVIEW_STEPS steps
    is written there first. quality: codec and quality of the output, else the source's.
    cancelled: an event by which another thread ends the edit. Files appear whole or not at all, whatever happens
    meanwhile.

    Raises InputError, or a subclass of it, for everything that is wrong with the arguments or the files, and Cancelled.
    """
    settings = EditSettings(steps=steps, guidance=guidance, seed=seed, preserve=preserve, gate=look)
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
        overwrite=overwrite,
    )
    job.check(_path(preview))
    monitor, began = Monitor(cancelled=cancelled), time.perf_counter()
    with monitor.time("load"):
        editor = _opened(model, device, dtype, adapter)
    if job.reference is not None:
        picture = read_clip(job.reference, max_frames=1).frames[0]
        job = replace(job, request=replace(job.request, reference=picture))
    if preview is not None:
        few = min(PREVIEW_STEPS, sampling_of(settings, editor.facts).steps)
        first = replace(job, output=Path(preview), compare=None, receipt=None)
        first = replace(first, request=replace(job.request, settings=replace(settings, steps=few)))
        edit_file(editor, first, Monitor(cancelled=cancelled), on_progress and _labelled(on_progress, "preview"))
    result = edit_file(editor, job, monitor, on_progress)
    return replace(result, seconds=result.seconds | {"total": round(time.perf_counter() - began, 3)})


def edit_file(editor: Editor, job: FileEdit, monitor: Monitor, on_progress: Progress | None = None) -> EditResult:
    """Carries out an edit of a file with an editor that is open; several threads may do so with one editor."""
    began, settings = time.perf_counter(), job.request.settings
    warnings = warnings_of(settings, editor.facts)
    with contextlib.ExitStack() as stack:
        reader = stack.enter_context(VideoReader(job.source))
        info = reader.info
        masks = itertools.repeat(None) if job.mask is None else stack.enter_context(open_masks(job.mask, info))
        record = None if job.receipt is None else stack.enter_context(ReceiptWriter(job.receipt))
        gate = editor.gate() if job.mask is None else None
        state = ClipEditor[TimedFrame](editor, gate, job.request, monitor, lambda frame: frame.pixels)
        strip = None if job.compare is None else BeforeAfterStrip()
        changed = count = 0

        def show() -> None:
            if on_progress is not None:
                on_progress(count, info.frames, "editing")

        monitor.on_step = show
        span = (job.start, job.end)
        depth = queue_depth(3 * info.width * info.height)
        frames = stack.enter_context(read_ahead(_timed_each(reader, monitor), depth))
        with VideoWriter(job.output, info, job.source, job.overwrite, job.quality, span) as writer:
            for frame, edits in _edited_span(state, frames, info, span):
                monitor.check()
                mask = next(masks)
                with monitor.time("composite"):
                    made = composited(frame.pixels, edits, settings.preserve, mask)
                with monitor.time("write"):
                    writer.write(frame, made.pixels)
                if strip is not None:
                    strip.add(frame.pixels, made.pixels)
                changed, count = changed + int(made.region.sum()), count + 1
                if record is not None:
                    record.add(frame, made.pixels, made.touched)
                show()
            if state.count == 0:
                raise InputError("no frame of the clip lies between start and end", "give another --start or --end")
        if record is not None:
            # A receipt of an earlier output must not stand beside this one, should measuring fail.
            record.path.unlink(missing_ok=True)
            record.finish(_described(job, state, monitor.steps))
    if strip is not None and job.compare is not None:
        strip.save(job.compare, job.request.instruction)
    monitor.seconds["total"] = time.perf_counter() - began
    return EditResult(
        output=str(job.output),
        model=job.model,
        instruction=job.request.instruction,
        seed=settings.seed,
        steps=monitor.steps,
        frames=count,
        width=info.width,
        height=info.height,
        fps=float(info.fps),
        seconds={stage: round(spent, 3) for stage, spent in monitor.seconds.items()},
        changed_fraction=changed / (count * info.width * info.height),
        read_as=state.reading.text,
        found=state.seen,
        notes=state.notes,
        left_out=writer.left_out,
        warnings=tuple(warnings),
    )


def _described(job: FileEdit, state: ClipEditor[TimedFrame], steps: int) -> EditDescription:
    """What a receipt says of an edit."""
    settings = job.request.settings
    return EditDescription(
        source=job.source,
        output=job.output,
        reference=job.reference,
        mask=job.mask,
        model=ModelFacts(name=job.model, sha256=state.editor.digest()),
        instruction=job.request.instruction,
        seed=settings.seed,
        settings={
            "steps": steps,
            "guidance": settings.guidance,
            "preserve": settings.preserve,
            "look": settings.gate,
            "read_as": state.reading.text,
            "start": job.start,
            "end": job.end,
        },
    )


def _edited_span(
    state: ClipEditor[TimedFrame],
    frames: Iterable[TimedFrame],
    info: VideoInfo,
    span: tuple[float | None, float | None],
) -> Iterator[tuple[TimedFrame, Edits | None]]:
    """All frames in order; those of the span with their edits."""
    for wanted, group in groupby(frames, lambda frame: info.within(frame.pts, *span)):
        if wanted:
            yield from edit_stream(state, group)
        else:
            yield from ((frame, None) for frame in group)


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
