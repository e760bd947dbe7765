"""The whole edit: a video file of any length and size and an instruction in, a video file out."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from vireo.errors import InputError
from vireo.monitor import Monitor
from vireo.pipeline.exact import operation_of
from vireo.pipeline.execute import Execution, needs_model
from vireo.pipeline.file_edit import FileEdit, Progress, edit_file
from vireo.pipeline.planning import Perceive, execution_of, is_direct, look_at, plan_edit, settle, write_plan
from vireo.reasoning.checks import check_plan
from vireo.reasoning.opening import NamedPerception, named_planner
from vireo.reasoning.plan import Plan
from vireo.reasoning.planner import Planner
from vireo.reasoning.twin import DigitalTwin
from vireo.types import EditRequest, EditResult, EditSettings, Executor, Preserve, Reason
from vireo.video.io import Quality, read_clip
from vireo.video.operations import Operation

# What only a model needs (torch, diffusers, transformers) is imported where one takes part: it takes seconds.
if TYPE_CHECKING:
    from vireo.models.editors.protocol import Editor
    from vireo.models.editors.viva import VireoPipeline

PREVIEW_STEPS = 4
"""Denoising steps of a preview."""


def edit_video(  # noqa: PLR0913 - what a user can ask for, as on the command line
    source: str | Path,
    instruction: str | None,
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
    reason: Reason = "auto",
    plan: Plan | None = None,
    twin: DigitalTwin | None = None,
    planner: Planner | str | None = "mini",
    perceive: Perceive | str | None = "mini",
    save_plan: str | Path | None = None,
    ask: bool = True,
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
    reason: "never" (the editor is given the instruction as it stands), "always" (it is turned into a plan, whose steps
    are carried out one after another) or "auto": an instruction that asks for one thing in words that the editor knows
    is given to it as it stands, others become plans. plan: such a plan, in place of an instruction; twin: of the clip
    that it was made for, to whose objects its steps are confined then. planner: who makes plans where words alone do
    not do, by what perceive sees in the clip: both by name (`open_reasoner`, `open_perception`), or None for nobody.
    save_plan: also writes the plan there, as JSON. ask: where the plan asks
    back, so does this, by AsksBack; else it goes by the plan's best guess.
    start, end: seconds from the first frame; frames outside are left as they are, and their packets with them where
    codec and container stay the source's. compare: also writes a before/after picture there. receipt: also writes what
    was done and what was left alone, for `vireo.receipt.verify`. preview: the same edit of at most PREVIEW_STEPS steps
    is written there first. quality: codec and quality of the output, else the source's. strict_decode: a frame that is
    damaged is an error; else it shows what can be decoded, or the frame before, and the result says which ones are.
    cancelled: an event by which another thread ends the edit. Files appear whole or not at all, whatever happens
    meanwhile.

    Raises InputError, or a subclass of it, for everything that is wrong with the arguments or the files, AsksBack and
    Cancelled.
    """
    if (instruction is None) == (plan is None):
        raise InputError("it is not clear what is to be done", "give either an instruction or a plan")
    query = instruction if plan is None else plan.query
    assert query is not None, "one of them is given"
    settings = EditSettings(steps=steps, guidance=guidance, seed=seed, preserve=preserve, gate=look, executor=executor)
    job = FileEdit(
        source=Path(source),
        output=Path(output),
        request=EditRequest(instruction=query, settings=settings),
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
    job.check(_path(preview), _path(save_plan))
    pictured = job.reference is not None
    direct = plan is None or is_direct(plan)
    operation = operation_of(job.request, reference=pictured) if direct else None
    if job.mask is not None:
        from vireo.video.mask import check_length  # loads SciPy

        check_length(job.mask, job.source)
    monitor, began = Monitor(cancelled=cancelled), time.perf_counter()
    with monitor.time("load"):
        models = operation is None if plan is None or direct else needs_model(plan, settings, reference=pictured)
        editor = _opened(model, device, dtype, adapter) if models else None
    made = plan
    vocabulary = None if editor is None else editor.facts.vocabulary
    if plan is not None:
        check_plan(plan, twin, vocabulary if look else None)
    perceive = NamedPerception(perceive) if isinstance(perceive, str) else perceive
    if plan is None and reason != "never":
        look_now = None if perceive is None else partial(look_at, job.source, perceive, strict=strict_decode)
        who = named_planner(planner, vocabulary)
        made, twin = plan_edit(query, reason, vocabulary, operation, who, twin, look_now)
    settle(made, ask=ask)
    if save_plan is not None:
        write_plan(made, Path(save_plan))
    execution = execution_of(made, editor, twin, perceive, always=plan is not None or reason == "always")
    by = execution or operation or editor
    if execution is not None:
        job = _narrowed(job, execution)
    assert by is not None, "without a plan there is an operation, or else an editor"
    if job.reference is not None:
        picture = read_clip(job.reference, max_frames=1).frames[0]
        job = replace(job, request=replace(job.request, reference=picture))
    if preview is not None:
        first = replace(job, output=Path(preview), compare=None, receipt=None, request=_quick(job.request, by))
        edit_file(by, first, Monitor(cancelled=cancelled), on_progress and _labelled(on_progress, "preview"))
    result = edit_file(by, job, monitor, on_progress)
    return replace(result, seconds=result.seconds | {"total": round(time.perf_counter() - began, 3)})


def _narrowed(job: FileEdit, execution: Execution) -> FileEdit:
    """The job bounded by the time in which its plan changes anything."""
    if execution.span is None:
        return job
    start, end = execution.span
    last = end if job.end is None else min(end, job.end)
    return replace(job, start=max(start, job.start or 0.0), end=last)


def _quick(request: EditRequest, by: Editor | Operation | Execution) -> EditRequest:
    """The same edit with at most PREVIEW_STEPS steps."""
    editor = by.editor if isinstance(by, Execution) else by
    if editor is None or isinstance(editor, Operation):
        return request
    from vireo.pipeline.stream import sampling_of

    few = min(PREVIEW_STEPS, sampling_of(request.settings, editor.facts).steps)
    return replace(request, settings=replace(request.settings, steps=few))


def _opened(model: str | Editor | VireoPipeline, device: str, dtype: str | None, adapter: str | None) -> Editor:
    from vireo.models.editors.opening import as_editor, open_editor

    if isinstance(model, str):
        return open_editor(model, device=device, dtype=dtype, adapter=adapter)
    return as_editor(model)


def _path(path: str | Path | None) -> Path | None:
    return None if path is None else Path(path)


def _labelled(progress: Progress, label: str) -> Progress:
    return lambda done, total, _: progress(done, total, label)
