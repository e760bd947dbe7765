"""The one training loop: steps, averaging, checkpoints, logs.

Nothing random is carried from step to step: a stage derives everything it draws from (seed, step), and the
learning rate is a function of the step. So a run that was killed and resumed ends, bit for bit, where the
unbroken one ends (same machine, same number of threads).
"""

import contextlib
import json
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor, nn
from torch.utils.tensorboard import SummaryWriter

from vireo.config import as_json
from vireo.errors import InputError
from vireo.runtime import autocast, whole_file
from vireo.training.checkpoint import Checkpoint, load_trained_state, trained_state
from vireo.training.memory import reuse_memory
from vireo.training.moving_average import MovingAverage
from vireo.training.optimizers import Optimizers
from vireo.training.stage import LoopConfig, Stage

FIXED = ("batch_size", "seed", "optimizer")
"""Settings of the loop that a run cannot change when it goes on."""

_PARTS = "processes"
"""Key of the states of a stage in several processes, by rank."""


@dataclass(frozen=True)
class Progress:
    """Where a stage is. seconds_left: at the pace of this call, to the last step or the time limit."""

    stage: str
    step: int
    steps: int
    loss: float
    seconds_left: float


OnProgress = Callable[[Progress], None]


def rate_factor(step: int, config: LoopConfig) -> float:
    """Learning rate of a step over the configured one: linear warm-up, constant, linear fall over the last `cooldown`
    share."""
    rise = min(1.0, (step + 1) / max(1, config.warmup))
    fall = (config.steps - step) / max(1.0, config.cooldown * config.steps)
    return min(rise, fall, 1.0)


def run(
    stage: Stage[Any, Any], workdir: Path, *, minutes: float | None = None, on_progress: OnProgress | None = None
) -> bool:
    """Trains the stage in workdir/NAME from its checkpoint on. True once all steps are done, or the stage has halted.

    Ctrl-C and the time limit write a checkpoint before they end the call. The module then holds the
    averaged weights. Of several processes the first one writes, and says when they stop.
    """
    config, folder, processes = stage.loop, Path(workdir) / stage.name, stage.processes
    if stage.device.type == "cpu":
        reuse_memory()
    state = _TrainingState(stage, folder)
    began = saved = time.monotonic()
    first = state.step
    writer = SummaryWriter(folder / "tensorboard", purge_step=first) if processes.first else None
    with interruptible() as interrupted, contextlib.closing(writer) if writer else contextlib.nullcontext():
        while state.step < config.steps and not stage.halted:
            loss, figures = state.advance()
            step, now = state.step, time.monotonic()
            over = minutes is not None and now - began > minutes * 60
            if writer and (step % config.log_every == 0 or step == config.steps):
                for name, value in {"loss": loss, **figures}.items():
                    writer.add_scalar(name, float(value), step)
                left = (config.steps - step) * (now - began) / (step - first)
                if minutes is not None:
                    left = min(left, minutes * 60 - (now - began))
                if on_progress:
                    on_progress(Progress(stage.name, step, config.steps, loss.item(), left))
            if writer and step % config.sample_every == 0:
                with state.average.in_module():
                    stage.sample(folder / "samples", step)
            stop = over or interrupted.is_set() or step == config.steps or stage.halted
            due = stop or now - saved > config.checkpoint_minutes * 60
            stop, due, stopped = processes.agreed((stop, due, interrupted.is_set()))
            if due:
                state.save()
                saved = now
            if stopped:
                raise KeyboardInterrupt
            if stop:
                break
    state.average.copy_to_module()
    return state.step == config.steps or stage.halted


class _TrainingState:
    """Module, optimizers, average and the stage's own state at one step, as the checkpoint in `folder` holds them.

    Raises InputError where the checkpoint was begun with other settings that cannot change.
    """

    def __init__(self, stage: Stage[Any, Any], folder: Path) -> None:
        config = stage.loop
        self.stage, self.folder, self.step = stage, folder, 0
        self.settings: dict[str, Any] = json.loads(as_json(stage.config))
        self.optimizers = Optimizers(
            stage.module, config.optimizer, config.learning_rate, config.betas, config.weight_decay
        )
        self.average = MovingAverage(stage.module, config.average)
        if (found := Checkpoint.load(folder)) is not None:
            before = found.config["loop"]
            changed = [name for name in FIXED if before[name] != self.settings["loop"][name]]
            if changed:
                raise InputError(
                    f"{folder} was begun with another {changed}", "use a new --workdir, or the same settings"
                )
            load_trained_state(stage.module, found.module)
            self.optimizers.load_state_dict(found.optimizers)
            self.average.load_state_dict(found.average)
            stage.load_state_dict(self._part(found.stage))
            self.step = found.step
        self.optimizers.schedule(lambda step: rate_factor(step, config), self.step)
        folder.mkdir(parents=True, exist_ok=True)
        if stage.processes.first:
            with whole_file(folder / "config.json") as path:
                path.write_text(as_json(stage.config) + "\n")

    def advance(self) -> tuple[Tensor, dict[str, float | Tensor]]:
        """One step; its loss, the norm of the gradient and the stage's figures."""
        config = self.stage.loop
        with autocast(self.stage.device, self.stage.dtype):
            loss, figures = self.stage.loss(self.step)
        loss.backward()
        self.stage.processes.average_gradients(self.optimizers.parameters)
        norm = nn.utils.clip_grad_norm_(self.optimizers.parameters, config.clip_norm)
        self.optimizers.step()
        self.step += 1
        self.average.update()
        return loss.detach(), {"gradient_norm": norm, **figures}

    def _part(self, state: dict[str, Any]) -> dict[str, Any]:
        """The state of the stage in this process. Raises InputError where there were more or fewer of them."""
        parts, count = state.get(_PARTS, [state]), self.stage.processes.count
        if len(parts) != count:
            raise InputError(f"{self.folder} was begun with {len(parts)} processes", "go on with as many")
        return parts[self.stage.processes.rank]

    def save(self) -> None:
        processes = self.stage.processes
        parts = processes.gathered(self.stage.state_dict())
        if processes.first:
            self._write(parts)
        processes.agreed(None)  # nobody reads it before it is there

    def _write(self, parts: list[dict[str, Any]]) -> None:
        Checkpoint(
            step=self.step,
            config=self.settings,
            module=trained_state(self.stage.module),
            optimizers=self.optimizers.state_dict(),
            average=self.average.state_dict(),
            stage=parts[0] if len(parts) == 1 else {_PARTS: parts},
        ).save(self.folder)


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
