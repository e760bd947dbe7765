"""What people do with plans: take steps back, and put them in another order."""

from collections.abc import Sequence

import numpy as np

from vireo.errors import InputError
from vireo.reasoning.plan import Plan, Step, TimeSpan
from vireo.reasoning.twin import DigitalTwin

GAP = 1
"""Pixels of the twin that are kept between two rooms which do not overlap: rooms are enlarged to a clip's size."""


def commute(first: Step, second: Step, twin: DigitalTwin | None) -> bool:
    """Whether two steps give the same result in either order: their times or their places do not overlap.

    Places are known from a twin alone, and only of steps with targets; steps whose places are not known are taken to
    overlap.
    """
    if _apart(first.span, second.span):
        return True
    if twin is None:
        return False
    from scipy.ndimage import binary_dilation  # here, since most plans are carried out without a twin

    from vireo.reasoning.edit_room import room_of

    rooms = [room_of(step, twin) for step in (first, second)]
    if rooms[0] is None or rooms[1] is None:
        return False
    near = np.ones((1 + 2 * GAP, 1 + 2 * GAP), bool)
    return not any(
        bool((np.asarray(binary_dilation(rooms[0].between(frame), near)) & rooms[1].between(frame)).any())
        for frame in range(twin.frames)
    )


def without(plan: Plan, *numbers: int) -> Plan:
    """The plan with some of its steps taken back. numbers: from 1; InputError for one that it has not."""
    _check(plan, numbers)
    steps = tuple(step for number, step in enumerate(plan.steps, 1) if number not in numbers)
    return plan.model_copy(update={"steps": steps})


def reordered(plan: Plan, order: Sequence[int], twin: DigitalTwin | None) -> Plan:
    """The plan with its steps in another order, which has to give the same result.

    order: their numbers, counted from 1. Raises InputError where that is no order of the plan's steps, or puts one
    before another with which it does not commute (`commute`).
    """
    _check(plan, order)
    if sorted(order) != list(range(1, len(plan.steps) + 1)):
        raise InputError(f"{list(order)} is no order of {len(plan.steps)} steps", "name each of them once")
    for place, later in enumerate(order):
        for earlier in order[place + 1 :]:
            if earlier < later and not commute(plan.steps[earlier - 1], plan.steps[later - 1], twin):
                raise InputError(f"step {later} changes what step {earlier} does", "leave these two in their order")
    return plan.model_copy(update={"steps": tuple(plan.steps[number - 1] for number in order)})


def _check(plan: Plan, numbers: Sequence[int]) -> None:
    unknown = [number for number in numbers if not 1 <= number <= len(plan.steps)]
    if unknown:
        raise InputError(f"the plan has no step {unknown[0]}", f"it has {len(plan.steps)}, counted from 1")


def _apart(first: TimeSpan | None, second: TimeSpan | None) -> bool:
    return first is not None and second is not None and (first[1] <= second[0] or second[1] <= first[0])
