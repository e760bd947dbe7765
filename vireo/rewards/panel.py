"""The panel of rewards in this process, without a limit of time; see `vireo.rewards.scores`."""

import math
from collections.abc import Sequence
from typing import Self

import numpy as np

from vireo.judges.judge import Sample
from vireo.rewards.evidence import Evidence, Networks
from vireo.rewards.scorer import Scorer, ScoringFailed, Undefined
from vireo.rewards.scores import LONGEST_REASON, Scores

LARGEST = 1000.0
"""No reward is larger than this, up or down: cosines, probabilities and PickScore's 20-odd are far below."""


class RewardPanel:
    """Scores in this process. Implements `Panel`.

    A value is a failure where its reward raises, is undefined, not finite, or beyond `largest` up or down.
    """

    def __init__(self, rewards: Sequence[Scorer], networks: Networks, largest: float = LARGEST) -> None:
        self.rewards, self.networks, self.largest = tuple(rewards), networks, largest

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(reward.name for reward in self.rewards)

    def score(self, samples: Sequence[Sample]) -> Scores:
        """As `Panel`."""
        scores = Scores({name: np.full(len(samples), np.nan) for name in self.names})
        for row, evidence in enumerate(Evidence.of_batch(samples, self.networks)):
            for reward in self.rewards:
                value = self._value(reward, evidence)
                if isinstance(value, str):
                    scores.failures[reward.name, value[:LONGEST_REASON]] += 1
                else:
                    scores.values[reward.name][row] = value if reward.higher_is_better else -value
        return scores

    def close(self) -> None:
        """Nothing was started."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _value(self, reward: Scorer, evidence: Evidence) -> float | str:
        """The value of one sample, or why there is none."""
        try:
            value = reward(evidence)
        except ScoringFailed as error:
            return str(error)
        except Exception as error:  # a reward that breaks costs its groups, not the training
            return f"{type(error).__name__}: {error}"
        if isinstance(value, Undefined):
            return value.reason
        if not math.isfinite(value):
            return f"is {value}"
        return f"is beyond {self.largest:g}" if abs(value) > self.largest else float(value)
