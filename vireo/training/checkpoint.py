"""Training state on disk: written whole or not at all, so that a kill at any moment loses minutes, not runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import nn

from vireo.errors import InputError
from vireo.runtime import whole_file
from vireo.training.optimizers import Optimizers

NAME = "checkpoint.pt"


class Average:
    """Exponential moving average of a module's parameters in fp32; the decay warms up with the steps."""

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.decay = decay
        self.shadow = {k: p.detach().float().clone() for k, p in module.named_parameters()}

    @torch.no_grad()
    def update(self, module: nn.Module, step: int) -> None:
        decay = min(self.decay, (1 + step) / (10 + step))
        values = dict(module.named_parameters())
        keys = list(self.shadow)
        torch._foreach_lerp_([self.shadow[k] for k in keys], [values[k].detach().float() for k in keys], 1 - decay)

    @torch.no_grad()
    def copy_to(self, module: nn.Module) -> None:
        for name, parameter in module.named_parameters():
            parameter.copy_(self.shadow[name])


def save_checkpoint(
    folder: Path, step: int, module: nn.Module, optimizers: Optimizers, average: Average, config: dict
) -> None:
    """Replaces the folder's checkpoint in one rename."""
    folder.mkdir(parents=True, exist_ok=True)
    with whole_file(folder / NAME) as path:
        state = {
            "step": step,
            "config": config,
            "module": module.state_dict(),
            "optimizers": optimizers.state_dict(),
            "average": average.shadow,
        }
        torch.save(state, path)


def load_checkpoint(folder: Path) -> dict[str, Any] | None:
    """The folder's checkpoint, or None where it has none. Raises InputError where it cannot be read."""
    path = folder / NAME
    if not path.exists():
        return None
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, EOFError, OSError) as error:
        raise InputError(f"{path} cannot be read: {error}", "delete it to start the stage anew") from None
