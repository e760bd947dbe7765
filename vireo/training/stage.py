"""What the loop trains: a stage is a module, its configuration and the loss of each step."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Generic, Literal, Protocol, TypeVar

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from vireo.runtime import pick_dtype, whole_file
from vireo.training.optimizers import OptimizerName
from vireo.training.processes import ALONE, Processes


@dataclass(frozen=True)
class LoopConfig:
    """What every stage needs.

    steps: length of the run; the learning rate warms up over `warmup` steps, stays, and falls linearly to
        zero over the last `cooldown` share of the steps.
    optimizer: see `Optimizers`.
    average: decay of the moving average of the weights, which is what a stage ships.
    dtype: precision of matrix products; weights, gradients and optimizers are float32.
    compile_blocks: compile the repeated blocks of transformers (needs a C++ compiler on CPUs).
    """

    steps: int
    batch_size: int
    learning_rate: float
    optimizer: OptimizerName = "adamw"
    warmup: int = 100
    cooldown: float = 0.2
    weight_decay: float = 0.01
    betas: tuple[float, float] = (0.9, 0.98)
    clip_norm: float = 1.0
    average: float = 0.999
    seed: int = 0
    dtype: Literal["bfloat16", "float32"] = "bfloat16"
    checkpoint_minutes: float = 2.0
    sample_every: int = 1000
    log_every: int = 10
    compile_blocks: bool = True


class StageConfig(Protocol):
    """A frozen dataclass that holds the loop's settings beside the stage's own."""

    @property
    def loop(self) -> LoopConfig: ...


ConfigT = TypeVar("ConfigT", bound=StageConfig)
ModuleT = TypeVar("ModuleT", bound=nn.Module)


class Stage(ABC, Generic[ConfigT, ModuleT]):
    """One training stage. Everything that it draws comes from generators seeded with (seed, step).

    name: of its folder in the workdir. module: holds all trainable parameters, on `device`.
    A stage that carries anything else from step to step (buffers of rollouts, counters, reference statistics) gives
    it by `state_dict`; it is saved in the checkpoint together with the weights of the same step.
    processes: among which it divides each step; the loop averages their gradients.
    """

    name: ClassVar[str]
    processes: Processes = ALONE

    def __init__(self, config: ConfigT, module: ModuleT, device: torch.device) -> None:
        self.config, self.module, self.device = config, module, device
        module.to(device)

    @property
    def loop(self) -> LoopConfig:
        return self.config.loop

    @property
    def dtype(self) -> torch.dtype:
        return pick_dtype(self.loop.dtype)

    @abstractmethod
    def loss(self, step: int) -> tuple[Tensor, dict[str, float]]:
        """The loss of a step, counted from 0, and figures to log."""

    @property
    def halted(self) -> bool:
        """Whether it is done although steps are left."""
        return False

    def sample(self, folder: Path, step: int) -> None:
        """Writes pictures of what the module, which holds the averaged weights now, does after so many steps."""

    def state_dict(self) -> dict[str, Any]:
        """What the loss of later steps depends on besides the weights: tensors, numbers, texts, lists and dictionaries
        of these."""
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Takes what `state_dict` gave; tensors are on the CPU."""


def save_rows(path: Path, rows: list[np.ndarray], every: int = 2) -> None:
    """Writes a picture of clips, one a row, uint8 (T, H, W, 3), every `every`-th frame; rows may differ in length."""
    strips = [np.concatenate(list(row[::every]), axis=1) for row in rows]
    width = max(strip.shape[1] for strip in strips)
    sheet = np.concatenate([np.pad(s, ((0, 2), (0, width - s.shape[1]), (0, 0))) for s in strips])
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as temporary:
        Image.fromarray(sheet).save(temporary)


def step_generator(seed: int, step: int, stream: int = 0) -> torch.Generator:
    """The generator of one step; `stream` tells apart several in the same step."""
    return torch.Generator().manual_seed((seed * 1_000_003 + step) * 16 + stream)
