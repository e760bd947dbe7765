"""What a plan is worth: RIVER's two rewards, how well it matches the true one, and how well its result the exact one.

The paper does not say how either is computed. Here a plan is matched part by part (`reasoning.plan_match`), and its
result is measured by `edit_error`; what was no valid call costs.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from vireo.metrics.truth import dilated, edit_error
from vireo.models.editors.protocol import Editor
from vireo.pipeline.execute import Execution, execute_frames
from vireo.reasoning.plan import Plan
from vireo.reasoning.plan_match import match_plans
from vireo.types import EditPair, EditRequest
from vireo.video.io import read_clip

Quality = Callable[[EditPair, Plan], float]
"""How good a plan's result is, 0 (as far from the exact one as the source, or farther) to 1 (exact)."""


def accuracy(plan: Plan, true: Plan) -> float:
    """0..1: half for the right operations on the right objects; if so, a quarter each for parameters and times."""
    match = match_plans(plan, true)
    return 0.5 * match.edits + 0.25 * (match.edits and match.parameters) + 0.25 * (match.edits and match.times)


@dataclass
class EditQuality:
    """Carries plans out on the clips of a pair set. What was computed once is kept: plans of one query are few."""

    folder: Path
    editor: Editor
    _known: dict[tuple[str, str], float] = field(default_factory=dict)

    def __call__(self, pair: EditPair, plan: Plan) -> float:
        bare = Plan(query="-", steps=tuple(step.model_copy(update={"reasons": ()}) for step in plan.steps))
        key = (pair.id, bare.model_dump_json())
        if key not in self._known:
            self._known[key] = self._measured(pair, bare) if plan.steps else 0.0
        return self._known[key]

    def _measured(self, pair: EditPair, plan: Plan) -> float:
        source, target = (read_clip(self.folder / path, trusted=True) for path in (pair.source, pair.target))
        mask = read_clip(self.folder / pair.mask, trusted=True).frames[..., 0] > 127
        request = EditRequest(instruction=plan.query)
        made = execute_frames(Execution(plan=plan, editor=self.editor), source.frames, source.fps, request)
        error = edit_error(made.edited, source.frames, target.frames, dilated(mask))
        return 0.0 if error is None else max(0.0, 1 - error)
