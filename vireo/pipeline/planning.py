"""From an instruction to the plan that is carried out, if there is to be one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from pydantic import BaseModel, ValidationError

from vireo.errors import AsksBack, InputError
from vireo.models.instructor.vocabulary import Vocabulary
from vireo.pipeline.exact import operation_of
from vireo.pipeline.execute import Execution
from vireo.reasoning.plan import Plan, Step
from vireo.reasoning.planner import Planner
from vireo.reasoning.reading_planner import ReadingPlanner
from vireo.reasoning.twin import DigitalTwin
from vireo.runtime import whole_file
from vireo.types import EditRequest, Reason
from vireo.video.io import VideoReader, write_errors
from vireo.video.operations import Operation

# What only a model needs (torch, diffusers, transformers) is imported where one takes part: it takes seconds.
if TYPE_CHECKING:
    from vireo.models.editors.protocol import Editor

Part = TypeVar("Part", bound=BaseModel)

LONGEST_QUERY = 1000
"""Letters of a query that can be planned; longer ones go to the editor as they are."""

Perceive = Callable[[Iterable[np.ndarray], Sequence[float]], DigitalTwin]
"""frames, uint8 (H, W, 3) each, and their times in seconds -> their twin, with its relations and events."""

Look = Callable[[], DigitalTwin]
"""Makes the twin of the clip at hand, when it is needed."""


def plan_edit(
    query: str,
    reason: Reason,
    vocabulary: Vocabulary | None,
    operation: Operation | None = None,
    planner: Planner | None = None,
    twin: DigitalTwin | None = None,
    look: Look | None = None,
) -> tuple[Plan | None, DigitalTwin | None]:
    """The plan of an instruction, and the clip's twin where there is one now; no plan of what is too long for one.

    vocabulary: what the editor knows; None where it takes any words. operation: the exact function of the pixels that
    the query asks for, if it does. planner: a reasoner; without it plans are made by words alone. twin: of the clip;
    else `look` makes it, should the planner come to need one.

    auto: what words alone tell to be one thing or several is planned by them; only what they do not understand is
    reasoned about.
    """
    if len(query) > LONGEST_QUERY:
        return None, twin
    if operation is not None:
        return Plan(query=query, steps=(Step(operation=operation.title, instruction=query),)), twin
    if vocabulary is None:
        by_words = Plan(query=query, steps=(), fallback="the editor takes any words")
    else:
        by_words = ReadingPlanner(vocabulary).plan(query, twin)
    if planner is None or (reason == "auto" and by_words.steps):
        return by_words, twin
    why = planner.unknown(query)
    if why:  # nobody needs to look at the clip
        return by_words.model_copy(update={"fallback": by_words.fallback or why}), twin
    if twin is None and look is not None:
        twin = look()
    return planner.plan(query, twin), twin


def execution_of(
    plan: Plan | None,
    editor: Editor | None,
    twin: DigitalTwin | None = None,
    perceive: Perceive | None = None,
    *,
    always: bool,
) -> Execution | None:
    """Who carries a plan out; None where the editor is given the query itself.

    twin: of the clip that the plan was made for. always: whether a plan that says no more than its query is one all the
    same (but is not checked, so that its result is what the editor makes of the query), and whether what steps have
    made is looked at by perceive; else only whether they have made anything is checked (decision 23).
    """
    if plan is None or is_direct(plan) or (is_literal(plan) and not always):
        return None
    check = None
    if editor is not None and not is_literal(plan):
        from vireo.pipeline.step_check import ChangeCheck, TwinCheck  # loads SciPy

        frames = editor.facts.window_frames
        check = TwinCheck(perceive, frames) if perceive is not None and always else ChangeCheck(frames)
    return Execution(plan=plan, editor=editor, twin=twin, check=check)


def plan_clip(
    editor: Editor,
    request: EditRequest,
    reason: Reason,
    frames: np.ndarray,
    fps: Fraction,
    planner: Planner | None,
    perceive: Perceive | None,
) -> Execution | None:
    """Who carries out an edit of a clip in memory by a plan, exactly as of a file; None where that takes none.

    frames: uint8 (T, H, W, 3). Where the plan asks back, its best guess counts.
    """
    if reason == "never":
        return None
    look: Look | None = None
    if perceive is not None:
        look = partial(perceive, frames, [float(number / fps) for number in range(len(frames))])
    operation = operation_of(request)
    plan, twin = plan_edit(request.instruction, reason, editor.facts.vocabulary, operation, planner, None, look)
    return execution_of(plan, editor, twin, perceive, always=reason == "always")


def is_direct(plan: Plan) -> bool:
    """Whether the editor is given the query itself."""
    return not plan.steps and (plan.fallback is not None or plan.question is not None)


def is_literal(plan: Plan) -> bool:
    """Whether a plan says no more than its query: one step in the same words, of no known place and at any time."""
    if len(plan.steps) != 1:
        return False
    step = plan.steps[0]
    return step.instruction == plan.query and step.span is None and all(each.id is None for each in step.targets)


def settle(plan: Plan | None, *, ask: bool) -> None:
    """Raises AsksBack where a plan has a question; ask: else its best guess counts, the steps that it has."""
    if ask and plan is not None and plan.question is not None:
        candidates = tuple((each.target.name, each.confidence) for each in plan.question.candidates)
        raise AsksBack(plan.question.text, candidates)


def look_at(path: Path, perceive: Perceive, *, strict: bool = False) -> DigitalTwin:
    """The twin of a video file, which is read twice: for its times, and for its frames, one after another."""
    with VideoReader(path, strict=strict) as reader:
        times = [float((frame.pts - reader.info.first_pts) * reader.info.time_base) for frame in reader]
    with VideoReader(path, strict=strict) as reader:
        return perceive((frame.pixels for frame in reader), times)


def read_plan(path: Path) -> Plan:
    """Raises InputError where the file is missing or no plan."""
    return _read(path, Plan, "plan", "vireo edit --save-plan")


def read_twin(path: Path) -> DigitalTwin:
    """Also of the whole that `vireo explain --json` writes. Raises InputError where the file is missing or no twin."""
    return _read(path, DigitalTwin, "digital twin", "vireo explain --json")


def _read(path: Path, kind: type[Part], name: str, writer: str) -> Part:
    try:
        text = path.read_bytes()
        found = json.loads(text)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise InputError(f"{path} cannot be read: {why}", f"name a file that {writer} wrote") from None
    except (ValueError, RecursionError):
        raise InputError(f"{path} is no JSON", f"name a file that {writer} wrote") from None
    inner = found.get("twin") if kind is DigitalTwin and isinstance(found, dict) else None
    try:
        return kind.model_validate_json(text if inner is None else json.dumps(inner))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        what = f"{path} is no {name}: {where + ': ' if where else ''}{first['msg']}"
        raise InputError(what, f"name a file that {writer} wrote") from None


def write_plan(plan: Plan | None, path: Path) -> None:
    """Writes a plan as JSON; the file appears whole or not at all. Raises InputError where there is no plan."""
    if plan is None:
        raise InputError("there is no plan to save", f"let it reason, about at most {LONGEST_QUERY} letters")
    with write_errors(path), whole_file(path) as temporary:
        temporary.write_text(plan.model_dump_json(indent=1) + "\n", encoding="utf-8")
