"""The samples of one iteration of Edit-GRPO, as its updates need them and as checkpoints hold them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import torch
from torch import Tensor

from vireo.flow.sde import Gaussian, Trajectory
from vireo.models.editors.viva import VireoPipeline
from vireo.models.instructor.states import Conditioning
from vireo.training.rollout import EditField

_ROWS = ("clean", "advantages", "optimality")


@dataclass(frozen=True, kw_only=True)
class EditDraw:
    """N groups of G samples, the rows of a group after each other.

    numbers: of the groups in the iteration. field: of the N edits. clean: (N G, C, k + 1, h, w) samples. advantages,
    optimality: (N G,), what they are worth. trajectory: that they went through, and reference: of `gaussians_of`; of
    GRPO. counted: groups that are learned from, in all processes. figures: to log.
    """

    numbers: list[int]
    field: EditField
    clean: Tensor
    advantages: Tensor
    optimality: Tensor
    trajectory: Trajectory | None
    reference: list[Gaussian] | None
    counted: int
    figures: dict[str, float]

    def of(self, groups: Sequence[int]) -> Self:
        """Only some groups, by their places here."""
        if len(groups) == len(self.numbers):
            return self
        each = len(self.clean) // len(self.numbers)
        rows = [each * place + member for place in groups for member in range(each)]
        made = self.trajectory
        if made is not None:
            made = Trajectory(made.times, made.states[:, rows], made.log_probs[rows], made.mask[rows])
        return replace(
            self,
            numbers=[self.numbers[place] for place in groups],
            field=self.field.rows(groups),
            clean=self.clean[rows],
            advantages=self.advantages[rows],
            optimality=self.optimality[rows],
            trajectory=made,
        )

    def beside(self, reference: list[Gaussian]) -> Self:
        return replace(self, reference=reference)

    def state_dict(self) -> dict[str, Any]:
        field, made, reference = self.field, self.trajectory, self.reference
        return {
            "numbers": self.numbers,
            "source": field.source,
            "condition": [field.condition.states, field.condition.mask, field.condition.pooled],
            **{name: getattr(self, name) for name in (*_ROWS, "counted", "figures")},
            "trajectory": None if made is None else [made.times, made.states, made.log_probs, made.mask],
            "reference": None if reference is None else [[each.mean, each.std] for each in reference],
        }

    @classmethod
    def loaded(cls, state: Mapping[str, Any], pipe: VireoPipeline, device: torch.device) -> Self:
        """What `state_dict` gave, for a pipeline."""

        def placed(tensors: Sequence[Tensor]) -> list[Tensor]:
            return [tensor.to(device) for tensor in tensors]

        source, condition = state["source"].to(device), Conditioning(*placed(state["condition"]))
        made, reference = state["trajectory"], state["reference"]
        return cls(
            numbers=list(state["numbers"]),
            field=EditField(pipe, source, condition),
            **dict(zip(_ROWS, placed([state[name] for name in _ROWS]), strict=True)),
            trajectory=None if made is None else Trajectory(*placed(made)),
            reference=None if reference is None else [Gaussian(*placed(each)) for each in reference],
            counted=state["counted"],
            figures=dict(state["figures"]),
        )
