"""The one training loop: steps, averaging, checkpoints, logs.

Nothing random is carried from step to step: a stage derives everything it draws from (seed, step), and the
learning rate is a function of the step. So a run that was killed and resumed ends, bit for bit, where the
unbroken one ends (same machine, same number of threads).
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.utils.tensorboard import SummaryWriter

from vireo.errors import InputError
from vireo.runtime import autocast, reuse_memory, whole_file
from vireo.training.checkpoint import Average, load_checkpoint, save_checkpoint
from vireo.training.optimizers import OptimizerName, Optimizers


@dataclass(frozen=True)
class LoopConfig:
    """What every stage needs.

    steps: length of the run; the learning rate warms up over `warmup` steps, stays, and falls linearly to
        zero over the last `cooldown` share of the steps.
    optimizer: see `Optimizers`.
    average: decay of the moving average of the weights, which is what a stage ships.
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
    checkpoint_minutes: float = 2.0
    sample_every: int = 1000
    log_every: int = 10
    compile_blocks: bool = True


class Stage(Protocol):
    """What the loop trains. `module` holds all trainable parameters; `name` is the folder in the workdir."""

    name: str
    loop: LoopConfig
    module: nn.Module

    def loss(self, step: int) -> tuple[Tensor, dict[str, float]]:
        """The loss of a step and figures to log; draws only from generators seeded with (seed, step)."""
        ...

    def sample(self, folder: Path, step: int) -> None:
        """Writes pictures of what the averaged weights do now."""
        ...


@dataclass(frozen=True)
class Progress:
    """Where a stage is. seconds_left: at the pace of this call, to the last step or the time limit."""

    stage: str
    step: int
    steps: int
    loss: float
    seconds_left: float


OnProgress = Callable[[Progress], None]


def step_generator(seed: int, step: int, stream: int = 0) -> torch.Generator:
    """The generator of one step; `stream` tells apart several in the same step."""
    return torch.Generator().manual_seed((seed * 1_000_003 + step) * 16 + stream)


def learning_rate(step: int, config: LoopConfig) -> float:
    """Linear warm-up, constant, linear fall over the last `cooldown` share."""
    rise = min(1.0, (step + 1) / max(1, config.warmup))
    fall = (config.steps - step) / max(1.0, config.cooldown * config.steps)
    return config.learning_rate * min(rise, fall, 1.0)


def run(stage: Stage, workdir: Path, *, minutes: float | None = None, on_progress: OnProgress | None = None) -> bool:
    """Trains the stage in workdir/NAME from its checkpoint on. True once all steps are done.

    Ctrl-C and the time limit write a checkpoint before they end the call. The module then holds the
    averaged weights.
    """
    config, folder = stage.loop, Path(workdir) / stage.name
    reuse_memory()
    folder.mkdir(parents=True, exist_ok=True)
    settings = json.loads(json.dumps(dataclasses.asdict(config)))
    with whole_file(folder / "loop.json") as path:
        path.write_text(json.dumps(settings, indent=1) + "\n")

    optimizers = Optimizers(stage.module, config.optimizer, config.learning_rate, config.betas, config.weight_decay)
    average, step = Average(stage.module, config.average), 0
    if state := load_checkpoint(folder):
        changed = {k for k in settings if state["config"].get(k) != settings[k]}
        if changed & {"batch_size", "seed", "optimizer"}:
            raise InputError(
                f"{folder} was begun with another {sorted(changed)}", "use a new --workdir, or the same settings"
            )
        stage.module.load_state_dict(state["module"])
        optimizers.load_state_dict(state["optimizers"])
        average.shadow, step = state["average"], state["step"]

    def save() -> None:
        save_checkpoint(folder, step, stage.module, optimizers, average, settings)

    device = next(stage.module.parameters()).device
    writer = SummaryWriter(folder / "tensorboard", purge_step=step)
    began = saved = time.monotonic()
    first = step
    with interruptible() as interrupted, contextlib.closing(writer):
        while step < config.steps:
            optimizers.set_learning_rate(learning_rate(step, config))
            with autocast(device):
                loss, figures = stage.loss(step)
            loss.backward()
            norm = nn.utils.clip_grad_norm_(optimizers.parameters, config.clip_norm)
            optimizers.step()
            step += 1
            average.update(stage.module, step)

            now = time.monotonic()
            over = minutes is not None and now - began > minutes * 60
            if step % config.log_every == 0 or step == config.steps:
                figures = {"loss": loss.item(), "gradient_norm": norm.item(), **figures}
                for name, value in figures.items():
                    writer.add_scalar(name, value, step)
                left = (config.steps - step) * (now - began) / (step - first)
                if minutes is not None:
                    left = min(left, minutes * 60 - (now - began))
                if on_progress:
                    on_progress(Progress(stage.name, step, config.steps, figures["loss"], left))
            if step % config.sample_every == 0:
                with averaged(stage.module, average):
                    stage.sample(folder / "samples", step)
            stop = over or interrupted.is_set() or step == config.steps
            if stop or now - saved > config.checkpoint_minutes * 60:
                save()
                saved = now
            if interrupted.is_set():
                raise KeyboardInterrupt
            if stop:
                break
    average.copy_to(stage.module)
    return step == config.steps


@contextlib.contextmanager
def interruptible() -> Iterator[threading.Event]:
    """Turns Ctrl-C into an event, so that a step is never cut in half."""
    event = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield event
        return
    before = signal.signal(signal.SIGINT, lambda *_: event.set())
    try:
        yield event
    finally:
        signal.signal(signal.SIGINT, before)


@contextlib.contextmanager
def averaged(module: nn.Module, average: Average) -> Iterator[None]:
    """The averaged weights in the module for the length of a `with` block."""
    kept = {k: p.detach().clone() for k, p in module.named_parameters()}
    average.copy_to(module)
    try:
        yield
    finally:
        with torch.no_grad():
            for name, parameter in module.named_parameters():
                parameter.copy_(kept[name])
