"""Means with 95 % bootstrap intervals; the same values always give the same interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

RESAMPLES = 2000


@dataclass(frozen=True)
class Interval:
    """A mean of n values with its 95 % percentile interval."""

    rate: float
    n: int
    low: float
    high: float


def mean_interval(values: Sequence[float]) -> Interval | None:
    """The mean of the values; None where there are none."""
    return balanced_interval({"": values})


def median_interval(values: Sequence[float]) -> Interval | None:
    """The median of the values, as `rate`; None where there are none."""
    if not len(values):
        return None
    known = np.asarray(values, dtype=np.float64)
    drawn = np.random.default_rng(0).integers(0, len(known), size=(RESAMPLES, len(known)))
    low, high = np.percentile(np.median(known[drawn], axis=1), [2.5, 97.5])
    return Interval(float(np.median(known)), len(known), float(low), float(high))


def balanced_interval(groups: Mapping[str, Sequence[float]]) -> Interval | None:
    """The mean over groups of the groups' means, each group resampled by itself; empty groups do not count.

    Every group weighs the same however many values it has. n counts all values.
    """
    filled = [np.asarray(values, dtype=np.float64) for values in groups.values() if len(values)]
    if not filled:
        return None
    generator = np.random.default_rng(0)
    resampled = [v[generator.integers(0, len(v), size=(RESAMPLES, len(v)))].mean(axis=1) for v in filled]
    low, high = np.percentile(np.mean(resampled, axis=0), [2.5, 97.5])
    mean = float(np.mean([v.mean() for v in filled]))
    return Interval(mean, sum(map(len, filled)), float(low), float(high))
