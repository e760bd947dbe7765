"""Several rewards become one advantage (VIVA, Eq. 7 and 11): each is standardised within its group, then weighed.

Departure: Eq. 7 adds up the rewards themselves, whose scales differ (a cosine, a PickScore of twenty) and whose weights
are not published; standardised first, a weight says how much a reward counts.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from vireo.training.policy import EPSILON, group_advantages


@dataclass(frozen=True)
class RewardAdvantages:
    """Of B groups of G samples. advantages: float32 (B, G), zeros where a group was dropped. kept: bool (B,). spread:
    bool (B,), kept groups in which some reward differs: the others teach nothing. relative: float32 (B, G), the weighed
    sum of rewards less the mean of their group, each in units of its `RunningSpread`; zeros where a group was dropped.

    dropped: groups, by the reward that has no value for one of their samples or more; a group counts for each such
    reward. without_spread: kept groups, by the reward that is the same for all of their samples and so says nothing.
    """

    advantages: Tensor
    kept: Tensor
    spread: Tensor
    relative: Tensor
    dropped: Counter[str]
    without_spread: Counter[str]


class RunningSpread:
    """How far the values of each reward lie from the mean of their group: the root of the running mean of squares,
    in which an iteration counts MEMORY times as much as the one after it.

    The few groups of one iteration may all hardly differ; what they differ by is then not taken for much.
    """

    MEMORY = 0.95

    def __init__(self) -> None:
        self.sums: dict[str, tuple[float, float]] = {}

    def take(self, name: str, centred: Tensor) -> float:
        """The spread of a reward, with the values (B, G) of this iteration."""
        total, weight = self.sums.get(name, (0.0, 0.0))
        if centred.numel():
            total = self.MEMORY * total + float(centred.square().mean())
            weight = self.MEMORY * weight + 1
            self.sums[name] = total, weight
        return max((total / max(weight, 1.0)) ** 0.5, EPSILON)


def reward_advantages(
    values: Mapping[str, np.ndarray], weights: Mapping[str, float], group_size: int, running: RunningSpread
) -> RewardAdvantages:
    """values: by reward float (B * G,), group after group, NaN where it failed, as `vireo.rewards.scores.Scores` has
    them; beside those of a panel they may come from anywhere, as votes of people. weights: of the same rewards.

    A group in which any reward failed for any sample is dropped whole: a mean over the others would compare samples by
    different rewards. running: takes in the kept groups.
    """
    assert values.keys() == weights.keys(), "values and weights are of other rewards"
    groups = {
        name: torch.from_numpy(np.asarray(each, np.float64)).view(-1, group_size) for name, each in values.items()
    }
    known = {name: each.isfinite().all(1) for name, each in groups.items()}
    kept = torch.stack(list(known.values())).all(0)
    total = torch.zeros(len(kept), group_size, dtype=torch.float64)
    relative, spread = torch.zeros_like(total), torch.zeros_like(kept)
    without_spread: Counter[str] = Counter()
    for name, each in groups.items():
        varied = kept & (each.amax(1) > each.amin(1))
        spread |= varied
        without_spread[name] = int((kept & ~varied).sum())
        total[varied] += weights[name] * group_advantages(each[varied])
        centred = each[kept] - each[kept].mean(1, keepdim=True)
        relative[kept] += weights[name] * centred / running.take(name, centred)
    dropped = Counter({name: int((~each).sum()) for name, each in known.items()})
    return RewardAdvantages(total.float(), kept, spread, relative.float(), +dropped, +without_spread)
