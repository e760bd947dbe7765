"""Training state on disk: written whole or not at all, so that a kill at any moment loses minutes, not runs."""

from dataclasses import dataclass, fields
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, Self

import torch
from torch import nn

from vireo.errors import InputError
from vireo.runtime import whole_file

NAME = "checkpoint.pt"


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """Everything that a run goes on from.

    step: number of steps done. config: the stage's resolved configuration. module: see `trained_state`.
    optimizers, average, stage: their `state_dict`.
    """

    step: int
    config: dict[str, Any]
    module: dict[str, Any]
    optimizers: list[dict[str, Any]]
    average: dict[str, Any]
    stage: dict[str, Any]

    def save(self, folder: Path) -> None:
        """Replaces the folder's checkpoint in one rename."""
        folder.mkdir(parents=True, exist_ok=True)
        with whole_file(folder / NAME) as path:
            torch.save({field.name: getattr(self, field.name) for field in fields(self)}, path)

    @classmethod
    def load(cls, folder: Path) -> Self | None:
        """The folder's checkpoint, on the CPU, or None where it has none. Raises InputError where it cannot be read."""
        path = folder / NAME
        if not path.exists():
            return None
        try:
            return cls(**torch.load(path, map_location="cpu", weights_only=True))
        except (RuntimeError, EOFError, OSError, TypeError, UnpicklingError) as error:
            raise InputError(f"{path} cannot be read: {error}", "delete it to start the stage anew") from None


def trained_state(module: nn.Module) -> dict[str, Any]:
    """The module's `state_dict` without its frozen parameters, which every run makes anew and never changes."""
    frozen = _frozen(module)
    return {name: value for name, value in module.state_dict().items() if name not in frozen}


def load_trained_state(module: nn.Module, state: dict[str, Any]) -> None:
    """Takes what `trained_state` gave. Raises RuntimeError where a trained part is missing or one is unknown."""
    missing, unknown = module.load_state_dict(state, strict=False)
    if unknown or not _frozen(module).issuperset(missing):
        raise RuntimeError(f"the checkpoint is of another module: lacks {missing}, has {unknown}")


def _frozen(module: nn.Module) -> set[str]:
    parameters = module.named_parameters(remove_duplicate=False)
    return {name for name, parameter in parameters if not parameter.requires_grad}
