"""What several rewards say of a batch of samples, for training: a value that is missing or mad is a failure, never a
number.

A panel scores in this process (`vireo.rewards.panel`) or in one of its own (`vireo.rewards.panel_process`). How values
become one advantage is `vireo.training.reward_advantages`. Nothing heavy is loaded here.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from vireo.judges.judge import Sample

LONGEST_REASON = 200
"""Characters of a reason; messages of libraries can be pages."""


@dataclass(frozen=True)
class Scores:
    """values: by reward float64 (N,), higher is better, NaN where it failed. failures: how many samples, by reward and
    reason."""

    values: dict[str, np.ndarray]
    failures: Counter[tuple[str, str]] = field(default_factory=Counter)


class Panel(Protocol):
    """names: of the rewards."""

    @property
    def names(self) -> tuple[str, ...]: ...

    def score(self, samples: Sequence[Sample]) -> Scores:
        """The values of N samples by every reward. Samples of one group should hold one array as their source: what
        networks make of it is computed once, and it is sent once."""
        ...

    def close(self) -> None:
        """Ends what the panel has started."""
        ...
