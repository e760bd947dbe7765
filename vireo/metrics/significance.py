"""Is a difference between two editors more than chance? Paired, since both edited the same clips.

Values are differences, one a pair, in groups (families) that weigh the same, as in `balanced_interval`.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
from scipy.stats import norm

FLIPS = 20_000


def permutation_p(groups: Mapping[str, Sequence[float]]) -> float | None:
    """Two-sided p-value of the mean over groups of their mean differences; None without values.

    Under chance alone each pair's difference is as likely to have the other sign. All signs are tried where there
    are at most FLIPS ways; else FLIPS random ones, always the same, and then p is at least 1 / (FLIPS + 1).
    """
    filled = [np.asarray(values, dtype=np.float64) for values in groups.values() if len(values)]
    if not filled:
        return None
    # Differences of zero stay zero under either sign.
    weighted = np.concatenate([values / len(values) / len(filled) for values in filled])
    observed, moving = abs(weighted.sum()), weighted[weighted != 0]
    if not len(moving):
        return 1.0
    if 2 ** len(moving) <= FLIPS:
        signs = np.array(list(itertools.product((-1, 1), repeat=len(moving))))
        return float((np.abs(signs @ moving) >= observed * (1 - 1e-12)).mean())
    generator, extreme = np.random.default_rng(0), 0
    for start in range(0, FLIPS, 1000):
        signs = generator.choice((-1.0, 1.0), size=(min(1000, FLIPS - start), len(moving)))
        extreme += int((np.abs(signs @ moving) >= observed * (1 - 1e-12)).sum())
    return (extreme + 1) / (FLIPS + 1)


def detectable_difference(
    groups: Mapping[str, Sequence[float]], level: float = 0.05, power: float = 0.8
) -> float | None:
    """The smallest true difference that a two-sided paired test of this `level` finds with this `power`, given as
    many pairs and as much scatter; None where a group has fewer than two values.

    By the normal approximation: (z of level + z of power) times the standard error of the mean over groups.
    """
    filled = [np.asarray(values, dtype=np.float64) for values in groups.values() if len(values)]
    if not filled or min(map(len, filled)) < 2:
        return None
    error = np.sqrt(sum(values.var(ddof=1) / len(values) for values in filled)) / len(filled)
    return float((norm.ppf(1 - level / 2) + norm.ppf(power)) * error)
