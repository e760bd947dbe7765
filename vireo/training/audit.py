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

    window: measurements of which the mean is compared. errors: standard errors by which the truth has to lie below its
        best to count as fallen; the best of many measurements is a lucky one, hence more than two. gain: share of the
        gain so far that has to be lost besides.
    on_alarm: what then happens: nothing but a line in the log ("report"); the run ends with the weights that were best
        ("stop"); the reward that has risen most since then counts half from there on, and the run goes on from the best
        weights ("reweight").
    """

    every: int = 50
    pairs: int = 48
    seed: int = 960_000
    window: int = 3
    errors: float = 4.0
    gain: float = 0.01
    on_alarm: Literal["report", "stop", "reweight"] = "stop"


@dataclass
class Audit:
    """The rule of the alarm over the measurements of a run: rewards say that it got better, the truth that it got
    worse.

    Both are means of `window` measurements in a row. The truth has fallen where it lies below its best by `errors`
    standard errors of the paired differences, and by `gain` of what was gained until then. The rewards have risen where
    their sum, each in deviations that it had at the first measurement, is higher than it was when the truth was best.
    """

    config: AuditConfig
    truths: list[list[float]] = field(default_factory=list)
    rewards: list[dict[str, float]] = field(default_factory=list)
    deviations: dict[str, float] = field(default_factory=dict)
    begun: int = 0

    def take(self, truth: Sequence[float], rewards: Mapping[str, Sequence[float]]) -> bool:
        """Takes in a measurement; whether there is an alarm.

        truth: of each held-out edit, the same ones each time; more is better. rewards: by name, of the same edits, NaN
        where one failed.
        """
        if not self.truths:
            self.deviations = {name: float(np.nanstd(values)) or 1.0 for name, values in rewards.items()}
        self.truths.append([float(value) for value in truth])
        self.rewards.append({name: float(np.nanmean(values)) for name, values in rewards.items()})
        if len(self.truths) - self.begun <= self.config.window:
            return False
        smooth = self._smooth
        lost = smooth[self._best_window] - smooth[-1]
        gained = float(smooth.mean(1).max() - smooth[0].mean())
        error = float(lost.std(ddof=1) / len(lost) ** 0.5) if len(lost) > 1 else 0.0
        fallen = lost.mean() > max(self.config.errors * error, self.config.gain * gained, 0.0)
        return bool(fallen and sum(self.risen.values()) > 0)

    def begin_anew(self) -> None:
        """Compares later measurements with each other alone."""
        self.begun = len(self.truths)

    @property
    def is_best(self) -> bool:
        """Whether the last measurement has the best truth since it began."""
        means = np.mean(self.truths[self.begun :], axis=1)
        return bool(len(means) and means[-1] == means.max())

    @property
    def risen(self) -> dict[str, float]:
        """How much each reward has risen since the truth was best, in its first deviations."""
        window, first = self.config.window, self.begun + self._best_window
        risen = {}
        for name, deviation in self.deviations.items():
            curve = [rewards[name] for rewards in self.rewards]
            risen[name] = float(np.mean(curve[-window:]) - np.mean(curve[first : first + window])) / deviation
        return risen

    @property
    def _smooth(self) -> np.ndarray:
        """(K, edits), means of each `window` measurements in a row."""
        since = np.asarray(self.truths[self.begun :])
        return np.lib.stride_tricks.sliding_window_view(since, self.config.window, axis=0).mean(-1)

    @property
    def _best_window(self) -> int:
        return int(self._smooth.mean(1).argmax())

    def state_dict(self) -> dict[str, Any]:
        return {"truths": self.truths, "rewards": self.rewards, "deviations": self.deviations, "begun": self.begun}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.truths, self.rewards = list(state["truths"]), list(state["rewards"])
        self.deviations, self.begun = dict(state["deviations"]), state["begun"]
