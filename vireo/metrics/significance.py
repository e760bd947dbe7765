"""Figures and chance: means with 95 % bootstrap intervals, paired permutation tests, and what could have been found.

Groups are families, which weigh the same however many values they have. The same values always give the same figures.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.stats import bootstrap, norm, permutation_test

RESAMPLES = 2000
SIGN_FLIPS = 9_999
"""Random ones; where there are no more ways to choose the signs, all of them are taken."""

Groups = Mapping[str, Sequence[float] | np.ndarray]


@dataclass(frozen=True)
class Interval:
    """A mean (or median) of n values with its 95 % percentile interval."""

    rate: float
    n: int
    low: float
    high: float


def as_dict(interval: Interval | None) -> dict[str, Any] | None:
    """For JSON."""
    return None if interval is None else asdict(interval)


def mean_interval(values: Sequence[float] | np.ndarray) -> Interval | None:
    """The mean of the values; None where there are none."""
    return balanced_interval({"": values})


def balanced_interval(groups: Groups) -> Interval | None:
    """The mean over groups of the groups' means, each group resampled by itself; empty groups do not count.

    n counts all values. None without values.
    """

    def balanced_mean(*samples: np.ndarray, axis: int) -> np.ndarray:
        return np.mean([sample.mean(axis=axis) for sample in samples], axis=0)

    return _interval(_filled(groups), balanced_mean)


def median_interval(values: Sequence[float] | np.ndarray) -> Interval | None:
    """The median of the values, as `rate`; None where there are none."""
    return _interval(_filled({"": values}), np.median)


def permutation_p(differences: Groups) -> float | None:
    """Two-sided p-value of the mean over groups of their mean paired differences (one value a pair, second editor minus
    first); None without values.

    Under chance alone each pair's difference is as likely to have the other sign. Exact where there are at most
    SIGN_FLIPS ways to choose the signs; else p is at least 2 / (SIGN_FLIPS + 1).
    """
    filled = _filled(differences)
    if not filled:
        return None
    weighted = np.concatenate([values / len(values) / len(filled) for values in filled])
    nonzero = weighted[weighted != 0]  # a difference of zero is the same under either sign
    if len(nonzero) < 2:  # either sign is as extreme
        return 1.0
    found = permutation_test(
        (nonzero,),
        np.sum,
        permutation_type="samples",
        n_resamples=SIGN_FLIPS,
        batch=1000,
        rng=np.random.default_rng(0),
        vectorized=True,
    )
    return float(found.pvalue)


def detectable_difference(differences: Groups, level: float = 0.05, power: float = 0.8) -> float | None:
    """The smallest true difference that a two-sided paired test of this `level` finds with this `power`, given as
    many pairs and as much scatter; None where a group has fewer than two values.

    By the normal approximation: (z of level + z of power) times the standard error of the mean over groups.
    """
    filled = _filled(differences)
    if not filled or min(map(len, filled)) < 2:
        return None
    error = np.sqrt(sum(values.var(ddof=1) / len(values) for values in filled)) / len(filled)
    return float((norm.ppf(1 - level / 2) + norm.ppf(power)) * error)


def _filled(groups: Groups) -> list[np.ndarray]:
    return [np.asarray(values, dtype=np.float64) for values in groups.values() if len(values)]


def _interval(samples: Sequence[np.ndarray], statistic: Callable[..., Any]) -> Interval | None:
    """statistic: of arrays, along `axis`."""
    if not samples:
        return None
    # scipy refuses a sample of one value, of which every resample is that value; so it is of the value twice.
    given = tuple(np.repeat(values, 2) if len(values) == 1 else values for values in samples)
    found = bootstrap(
        given, statistic, n_resamples=RESAMPLES, method="percentile", rng=np.random.default_rng(0), vectorized=True
    )
    low, high = found.confidence_interval
    return Interval(float(statistic(*samples, axis=-1)), sum(map(len, samples)), float(low), float(high))
