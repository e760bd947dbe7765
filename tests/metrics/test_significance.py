import itertools

import numpy as np
import pytest
from scipy.stats import binomtest, norm, wilcoxon

from vireo.metrics.significance import detectable_difference, permutation_p


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
