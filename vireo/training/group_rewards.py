"""Rewards of groups of samples, joined into one number a sample that compares it with its group (VIVA Eq. 7, 11)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from vireo.judges.judge import Sample
from vireo.training.policy import group_advantages

NO_SPREAD = 1e-6
"""Deviation of a reward in a group below which its samples count as equal."""


class Panel(Protocol):
    """Rewards that post-train an editor."""

    def score(self, samples: Sequence[Sample]) -> Mapping[str, np.ndarray]:
        """What each reward says of N samples, by its name: (N,) floats, more is better; NaN where it failed. It never
        raises because a reward failed."""
        ...


@dataclass(frozen=True)
class GroupRewards:
    """What B groups of G samples are worth.

    advantages: (B, G) float32, the weighted sum of the rewards, each standardised within its group; 0 in groups that do
    not count. counted: bool (B,), groups in which no reward failed and some reward differs. figures: mean of each
    reward; shares of groups that were dropped because a reward failed, and of those without spread.
    """

    advantages: Tensor
    counted: Tensor
    figures: Mapping[str, float]


def group_rewards(scores: Mapping[str, Tensor], weights: Mapping[str, float]) -> GroupRewards:
    """Joins rewards (B, G), by name. weights: by the same names, 0 for those that are only watched.

    Eq. 7 adds rewards and standardises the sum; there a reward of a wide range drowns the others. Here each is
    standardised first (`policy.group_advantages`), and weights say how much it counts. A group in which a reward with
    a weight is not finite counts for nothing: a guess in its place would be learned from.
    """
    counted = {name: scores[name].float() for name, weight in weights.items() if weight}
    shape = next(iter(scores.values())).shape
    failed = torch.zeros(shape[0], dtype=torch.bool)
    spread, advantages = torch.zeros(shape[0], dtype=torch.bool), torch.zeros(shape)
    for name, reward in counted.items():
        failed |= ~reward.isfinite().all(1)
        reward = reward.double()
        spread |= (reward - reward.mean(1, keepdim=True)).abs().amax(1) > NO_SPREAD
        advantages += weights[name] * group_advantages(reward).float()
    figures = {f"reward/{name}": _mean(reward) for name, reward in scores.items()}
    figures |= {"dropped": float(failed.float().mean()), "without_spread": float((~spread & ~failed).float().mean())}
    good = spread & ~failed
    return GroupRewards(torch.where(good[:, None], advantages, 0.0), good, figures)


def _mean(reward: Tensor) -> float:
    known = reward[reward.isfinite()]
    return float(known.mean()) if len(known) else float("nan")
