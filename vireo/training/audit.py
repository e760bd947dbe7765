"""Whether a run learns what it is meant to, or to please its rewards: an exact measure beside them, never in the loss.

The same held-out edits are measured again and again, so each is compared with itself, and the noise between edits
drops out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np


@dataclass(frozen=True)
class AuditConfig:
    """every: updates between two measurements; 0 for none. pairs, seed: of the held-out edits.

    errors: standard errors by which the truth has to lie below its best to count as fallen. gain: share of the gain so
        far that has to be lost besides. patience: measurements in a row at which it has.
    on_alarm: what then happens: nothing but a line in the log ("report"); the run ends with the weights that were best
        ("stop"); the reward that has risen most since then counts half from there on, and the run goes on from the best
        weights ("reweight").
    """

    every: int = 50
    pairs: int = 48
    seed: int = 960_000
    errors: float = 2.0
    gain: float = 0.02
    patience: int = 2
    on_alarm: Literal["report", "stop", "reweight"] = "stop"


@dataclass
class Audit:
    """The rule of the alarm over the measurements of a run: rewards say that it got better, the truth that it got
    worse.

    The truth has fallen where it lies below its best by `errors` standard errors of the paired differences, and by
    `gain` of what was gained until then. The rewards have risen where their sum, each in deviations that it had at the
    first measurement, is higher than it was when the truth was best. Both, `patience` times in a row, give an alarm.
    """

    config: AuditConfig
    truths: list[list[float]] = field(default_factory=list)
    rewards: list[dict[str, float]] = field(default_factory=list)
    deviations: dict[str, float] = field(default_factory=dict)
    row: int = 0

    def take(self, truth: Sequence[float], rewards: Mapping[str, Sequence[float]]) -> bool:
        """Takes in a measurement; whether there is an alarm.

        truth: of each held-out edit, the same ones each time; more is better. rewards: by name, of the same edits, NaN
        where one failed.
        """
        if not self.truths:
            self.deviations = {name: float(np.nanstd(values)) or 1.0 for name, values in rewards.items()}
        self.truths.append([float(value) for value in truth])
        self.rewards.append({name: float(np.nanmean(values)) for name, values in rewards.items()})
        self.row = self.row + 1 if self._parted() else 0
        return self.row >= self.config.patience

    @property
    def best(self) -> int:
        """Number of the measurement with the best truth."""
        return int(np.argmax(np.mean(self.truths, axis=1)))

    @property
    def risen(self) -> dict[str, float]:
        """How much each reward has risen since the truth was best, in its first deviations."""
        then, now = self.rewards[self.best], self.rewards[-1]
        return {name: (now[name] - then[name]) / self.deviations[name] for name in now}

    def _parted(self) -> bool:
        lost = np.asarray(self.truths[self.best]) - np.asarray(self.truths[-1])
        gained = float(np.mean(self.truths[self.best]) - np.mean(self.truths[0]))
        error = float(lost.std(ddof=1) / len(lost) ** 0.5) if len(lost) > 1 else 0.0
        fallen = lost.mean() > max(self.config.errors * error, self.config.gain * gained, 0.0)
        return bool(fallen and sum(self.risen.values()) > 0)

    def state_dict(self) -> dict[str, Any]:
        return {"truths": self.truths, "rewards": self.rewards, "deviations": self.deviations, "row": self.row}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.truths, self.rewards = list(state["truths"]), list(state["rewards"])
        self.deviations, self.row = dict(state["deviations"]), state["row"]
