"""The optimizers of the training loop, AdamW and Muon, and their schedule."""

from collections.abc import Callable
from typing import Any, Literal

import torch
from torch import nn
from torch.optim.lr_scheduler import LambdaLR

OptimizerName = Literal["adamw", "muon"]


class Optimizers:
    """The optimizers of the trainable parameters of one module behind a single interface.

    adamw: all parameters by AdamW.
    muon: the matrices of repeated blocks (transformer layers) by Muon, all else by AdamW. Muon (Jordan et al., 2024)
        makes each update nearly orthogonal, so that rare directions are learned as fast as frequent ones. Its steps
        are scaled to AdamW's size (Liu et al., "Muon is Scalable for LLM Training", 2025): one learning rate fits
        both.

    Parameters of one dimension or none are not decayed.
    """

    def __init__(
        self,
        module: nn.Module,
        name: OptimizerName,
        learning_rate: float,
        betas: tuple[float, float],
        weight_decay: float,
    ) -> None:
        trained = {key: p for key, p in module.named_parameters() if p.requires_grad}
        self.learning_rate, self.parameters = learning_rate, list(trained.values())
        blocks = [p for key, p in trained.items() if name == "muon" and p.ndim == 2 and _repeated(key)]
        chosen = set(map(id, blocks))
        rest = [p for p in self.parameters if id(p) not in chosen]
        groups = [
            {"params": [p for p in rest if p.ndim > 1]},
            {"params": [p for p in rest if p.ndim <= 1], "weight_decay": 0.0},
        ]
        adamw = torch.optim.AdamW(groups, lr=learning_rate, betas=betas, weight_decay=weight_decay, fused=True)
        self.optimizers: list[torch.optim.Optimizer] = [adamw]
        if blocks:
            muon = torch.optim.Muon(blocks, lr=learning_rate, weight_decay=weight_decay, adjust_lr_fn="match_rms_adamw")
            self.optimizers.append(muon)
        self.schedules: list[LambdaLR] = []

    def schedule(self, factor: Callable[[int], float], step: int) -> None:
        """From `step` on, each step k has learning_rate * factor(k), whatever rate a loaded state had."""
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["initial_lr"] = self.learning_rate
        self.schedules = [LambdaLR(optimizer, factor, last_epoch=step - 1) for optimizer in self.optimizers]

    def step(self) -> None:
        """One step of each, after which no gradients are left."""
        for optimizer in self.optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        for schedule in self.schedules:
            schedule.step()

    def state_dict(self) -> list[dict[str, Any]]:
        return [optimizer.state_dict() for optimizer in self.optimizers]

    def load_state_dict(self, states: list[dict[str, Any]]) -> None:
        for optimizer, state in zip(self.optimizers, states, strict=True):
            optimizer.load_state_dict(state)


def _repeated(key: str) -> bool:
    """Whether a parameter belongs to one of several like layers: its name holds a number."""
    return any(part.isdigit() for part in key.split("."))
