"""How far a plan is what was meant: RIVER's reasoning accuracy, taken apart.

The paper does not say how instructions are compared; here steps are compared in order, so that each part has a truth.
"""

from dataclasses import dataclass

from vireo.reasoning.plan import Plan, Step

_NEAR = 1e-6
"""Seconds by which two spans may differ and be the same."""


@dataclass(frozen=True)
class PlanMatch:
    """Whether all steps have what the true plan's have: the same operations on the same objects (`edits`), with the
    same parameters, at the same times."""

    edits: bool
    parameters: bool
    times: bool

    @property
    def whole(self) -> bool:
        return self.edits and self.parameters and self.times


def match_plans(plan: Plan, true: Plan) -> PlanMatch:
    """A plan against the true one of the same query. Without steps nothing matches that has some."""
    if len(plan.steps) != len(true.steps):
        return PlanMatch(False, False, False)
    pairs = list(zip(plan.steps, true.steps, strict=True))
    return PlanMatch(
        edits=all(_edit(one) == _edit(other) for one, other in pairs),
        parameters=all(one.parameters == other.parameters for one, other in pairs),
        times=all(_same_time(one, other) for one, other in pairs),
    )


def _edit(step: Step) -> tuple[str, tuple[str | None, ...]]:
    return step.operation, tuple(target.id for target in step.targets)


def _same_time(one: Step, other: Step) -> bool:
    if one.span is None or other.span is None:
        return one.span == other.span
    return all(abs(a - b) <= _NEAR for a, b in zip(one.span, other.span, strict=True))
