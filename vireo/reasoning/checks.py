"""Whether a plan can be carried out: on this clip, by this editor, before a pixel changes."""

from vireo.errors import PlanError
from vireo.models.instructor.reading import read_instruction
from vireo.models.instructor.vocabulary import Vocabulary
from vireo.reasoning.found import seconds
from vireo.reasoning.literal import without_article
from vireo.reasoning.plan import MOST_STEPS, Plan, Step
from vireo.reasoning.twin import DigitalTwin


def check_plan(plan: Plan, twin: DigitalTwin | None, vocabulary: Vocabulary | None) -> None:
    """Checks every step, see `check_step`, and that what is asked back is about objects of the twin.

    vocabulary: None of an editor that takes any words. Raises PlanError that names the first step at fault.
    """
    if len(plan.steps) > MOST_STEPS:
        raise PlanError(f"the plan has {len(plan.steps)} steps", f"a plan has at most {MOST_STEPS}")
    for number, step in enumerate(plan.steps, 1):
        try:
            check_step(step, twin, vocabulary)
        except PlanError as error:
            raise PlanError(f"step {number}: {error.what}", error.fix) from None
    if plan.question is not None and twin is not None:
        _check_ids([entry.target.id for entry in plan.question.candidates], twin)


def check_step(step: Step, twin: DigitalTwin | None, vocabulary: Vocabulary | None) -> None:
    """Checks that what a step cites is in the twin and its span in the clip, and that the editor has the operation with
    these parameters and reads the instruction as one request. Raises PlanError."""
    if twin is not None:
        _check_ids([target.id for target in step.targets], twin)
        _check_ids([name for reason in step.reasons for name in reason.objects], twin)
        end = seconds(twin, ((0, twin.frames),))[0][1]
        for span in [*([step.span] if step.span else []), *(span for reason in step.reasons for span in reason.spans)]:
            if not span[0] < span[1] or span[0] >= end:
                raise PlanError(f"{span[0]:g} to {span[1]:g} s is no time of the clip", f"it lasts {end:g} s")
    elif step.span is not None and not step.span[0] < step.span[1]:
        raise PlanError(f"{step.span[0]:g} to {step.span[1]:g} s is no time", "write the start before the end")
    if vocabulary is None:
        return
    known = {operation.name: operation for operation in vocabulary.operations}
    if step.operation not in known:
        raise PlanError(f"the editor has no operation {step.operation!r}", f"it has {', '.join(known)}")
    for slot, value in step.parameters.items():
        values, value = vocabulary.words.get(slot), without_article(value) if slot == "shape" else value
        if values is not None and value not in values and not any(value in other for other in values.values()):
            raise PlanError(f"{value!r} is no {slot} that the editor knows", f"it knows {vocabulary.listed(slot)}")
    reading = read_instruction(step.instruction, vocabulary)
    if reading.text is None:
        raise PlanError(f"the editor {reading.note}", f'write another instruction than "{step.instruction}"')


def _check_ids(ids: list[str] | list[str | None], twin: DigitalTwin) -> None:
    unknown = sorted({name for name in ids if name is not None} - twin.by_id.keys())
    if unknown:
        raise PlanError(f"the clip has no object {', '.join(unknown)}", f"it has {', '.join(twin.by_id) or 'none'}")
