import itertools
import math

import numpy as np
import pytest
from scipy.stats import binomtest, norm, wilcoxon

from vireo.metrics.significance import (
    balanced_interval,
    detectable_difference,
    mean_interval,
    median_interval,
    permutation_p,
)


def test_p_by_hand():
    """Four equal gains: of 16 ways to sign them two are as extreme."""
    assert permutation_p({"": [0.2] * 4}) == 2 / 16
    assert permutation_p({"": [0.0] * 9}) == 1.0
    assert permutation_p({"": []}) is None


def test_p_of_flips_is_the_sign_test():
    """Where every difference is -1, 0 or 1, the signs of the changed ones are coin flips."""
    gains, losses, same = 9, 2, 30
    differences = [1.0] * gains + [-1.0] * losses + [0.0] * same
    assert permutation_p({"": differences}) == pytest.approx(binomtest(gains, gains + losses).pvalue, abs=1e-12)
    many = [1.0] * 60 + [-1.0] * 40 + [0.0] * 10
    assert permutation_p({"": many}) == pytest.approx(binomtest(60, 100).pvalue, abs=0.006)


def test_p_agrees_with_scipy_and_with_every_sign():
    values = np.random.default_rng(3).normal(0.4, 1, 12)
    means = [abs(np.dot(signs, values)) for signs in itertools.product((-1, 1), repeat=12)]
    assert permutation_p({"": values}) == np.mean(np.array(means) >= abs(values.sum()) - 1e-12)
    assert permutation_p({"": values}) == pytest.approx(wilcoxon(values).pvalue, abs=0.1)


def test_groups_weigh_the_same():
    """A family of few pairs counts as much as one of many."""
    few, many = [1.0, 1.0, 1.0, 1.0], [0.0] * 400
    assert permutation_p({"few": few, "many": many}) == 2 / 16


def test_no_difference_is_found_as_often_as_the_level_says():
    generator = np.random.default_rng(1)
    found = [permutation_p({"": generator.normal(0, 1, 10)}) <= 0.05 for _ in range(400)]
    assert 0.025 < np.mean(found) < 0.08


def test_a_detectable_difference_is_detected_four_times_of_five():
    generator = np.random.default_rng(2)
    groups = {"a": generator.normal(0, 1, 40), "b": generator.normal(0, 2, 20)}
    error = np.sqrt(np.var(groups["a"], ddof=1) / 40 + np.var(groups["b"], ddof=1) / 20) / 2
    gap = detectable_difference(groups)
    assert gap == pytest.approx((norm.ppf(0.975) + norm.ppf(0.8)) * error)
    found = 0
    for _ in range(300):
        drawn = {"a": generator.normal(gap, 1, 40), "b": generator.normal(gap, 2, 20)}
        mean = (drawn["a"].mean() + drawn["b"].mean()) / 2
        found += abs(mean) > norm.ppf(0.975) * error
    assert found / 300 == pytest.approx(0.8, abs=0.08)
    assert detectable_difference({"a": [1.0]}) is None


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


def test_families_weigh_the_same_in_an_interval():
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


def test_one_value_is_certain():
    """As is a family of one pair beside others."""
    assert (mean_interval([0.3]).low, median_interval([0.3]).high) == (0.3, 0.3)
    assert balanced_interval({"one": [1.0], "two": [0.0, 0.0]}).high == 0.5
    assert median_interval([]) is None
