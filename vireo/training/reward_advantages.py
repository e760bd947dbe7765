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

from vireo.training.policy import group_advantages


@dataclass(frozen=True)
class RewardAdvantages:
    """Of B groups of G samples. advantages: float32 (B, G), zeros where a group was dropped. kept: bool (B,). spread:
    bool (B,), kept groups in which some reward differs: the others teach nothing.

    dropped: groups, by the reward that has no value for one of their samples or more; a group counts for each such
    reward. without_spread: kept groups, by the reward that is the same for all of their samples and so says nothing.
    """

    advantages: Tensor
    kept: Tensor
    spread: Tensor
    dropped: Counter[str]
    without_spread: Counter[str]


def reward_advantages(
    values: Mapping[str, np.ndarray], weights: Mapping[str, float], group_size: int
) -> RewardAdvantages:
    """values: by reward float (B * G,), group after group, NaN where it failed, as `vireo.rewards.scores.Scores` has
    them; beside those of a panel they may come from anywhere, as votes of people. weights: of the same rewards.

    A group in which any reward failed for any sample is dropped whole: a mean over the others would compare samples by
    different rewards.
    """
    assert values.keys() == weights.keys(), "values and weights are of other rewards"
    groups = {
        name: torch.from_numpy(np.asarray(each, np.float64)).view(-1, group_size) for name, each in values.items()
    }
    known = {name: each.isfinite().all(1) for name, each in groups.items()}
    kept = torch.stack(list(known.values())).all(0)
    total = torch.zeros(len(kept), group_size, dtype=torch.float64)
    spread = torch.zeros_like(kept)
    without_spread: Counter[str] = Counter()
    for name, each in groups.items():
        varied = kept & (each.amax(1) > each.amin(1))
        spread |= varied
        without_spread[name] = int((kept & ~varied).sum())
        total[varied] += weights[name] * group_advantages(each[varied])
    dropped = Counter({name: int((~each).sum()) for name, each in known.items()})
    return RewardAdvantages(total.float(), kept, spread, +dropped, +without_spread)
