import math

import numpy as np
import pytest

from vireo.metrics.bootstrap import balanced_interval, mean_interval


def test_interval_of_a_rate_is_near_the_normal_one():
    values = [1] * 60 + [0] * 40
    interval = mean_interval(values)
    half = 1.96 * math.sqrt(0.6 * 0.4 / 100)
    assert interval.rate == pytest.approx(0.6)
    assert interval.n == 100
    assert interval.low == pytest.approx(0.6 - half, abs=0.015)
    assert interval.high == pytest.approx(0.6 + half, abs=0.015)
    assert mean_interval(values) == interval


def test_certain_and_empty():
    sure = mean_interval([True, True])
    assert (sure.rate, sure.low, sure.high, sure.n) == (1, 1, 1, 2)
    assert mean_interval([]) is None


def test_families_weigh_the_same():
    interval = balanced_interval({"many": [1] * 90, "few": [0] * 10, "none": []})
    assert (interval.rate, interval.n) == (0.5, 100)
    assert (interval.low, interval.high) == (0.5, 0.5)  # nothing varies inside a family


def test_coverage():
    generator = np.random.default_rng(1)
    inside = 0
    for _ in range(200):
        interval = mean_interval(generator.random(60) < 0.7)
        inside += interval.low <= 0.7 <= interval.high
    assert 0.9 <= inside / 200 <= 0.99
