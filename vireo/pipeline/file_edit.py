"""One read and one write of a video file around the edit of its frames."""

from __future__ import annotations

import contextlib
import itertools
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from vireo.errors import InputError
from vireo.monitor import Monitor
from vireo.pipeline.clip_edit import ClipEdit, edited_within
from vireo.pipeline.exact import ExactEdit
from vireo.pipeline.execute import Execution, PlanEdit
from vireo.pipeline.step_edit import ClipFacts
from vireo.receipt import EditDescription, ModelFacts, ReceiptWriter, StepFacts
from vireo.types import EditRequest, EditResult, StepResult
from vireo.video.before_after import BeforeAfterStrip, refuse_picture
from vireo.video.io import Quality, TimedFrame, VideoInfo, VideoReader, VideoWriter, refuse_output
from vireo.video.io.background import queue_depth, read_ahead
from vireo.video.operations import Operation

# What only a model needs (torch, diffusers, transformers) is imported where one takes part: it takes seconds.
if TYPE_CHECKING:
    from vireo.models.editors.protocol import Editor

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


def edit_file(
    by: Editor | Operation | Execution, job: FileEdit, monitor: Monitor, on_progress: Progress | None = None
) -> EditResult:
    """Carries out an edit of a file.

    by: an operation, an editor that is open, or what carries out a plan; several threads may edit with one editor.
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

            def wanted(frame: TimedFrame) -> bool:
                return info.within(frame.pts, *span)

            for frame, made in edited_within(clip.frames, frames, masks, wanted):
                monitor.check()
                shown = frame if made.deep is None else replace(frame, pixels=made.pixels, deep=made.deep)
                with monitor.time("write"):
                    writer.write(shown, made.pixels)
                if strip is not None:
                    strip.add(frame.pixels, made.pixels)
                changed, count, edited = changed + int(made.region.sum()), count + 1, edited + wanted(frame)
                if record is not None:
                    record.add(frame, made.pixels, made.touched, made.deep if writer.deep else None, made.by_step)
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
        plan=clip.results() if isinstance(clip, PlanEdit) else (),
    )


def _clip_edit(by: Editor | Operation | Execution, job: FileEdit, info: VideoInfo, monitor: Monitor) -> ClipEdit:
    if isinstance(by, Operation):
        return ExactEdit(by, job.request, info.bits, monitor)
    if isinstance(by, Execution):
        facts = ClipFacts(info.bits, info.first_pts * info.time_base, masked=job.mask is not None)
        return PlanEdit(by, job.request, facts, monitor)
    from vireo.pipeline.model_edit import ModelEdit

    return ModelEdit(by, job.request, monitor, masked=job.mask is not None)


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
        steps=[_step_facts(step) for step in clip.results()] if isinstance(clip, PlanEdit) else (),
    )


def _step_facts(step: StepResult) -> StepFacts:
    return StepFacts(operation=step.operation, instruction=step.instruction, executor=step.executor, passed=step.passed)


def _timed_each(frames: Iterable[TimedFrame], monitor: Monitor) -> Iterator[TimedFrame]:
    iterator = iter(frames)
    while True:
        with monitor.time("read"):
            frame = next(iterator, None)
        if frame is None:
            return
        yield frame
