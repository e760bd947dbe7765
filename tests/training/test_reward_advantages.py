"""Advantages of several rewards, by hand."""

import numpy as np
import torch

from vireo.training.policy import EPSILON
from vireo.training.reward_advantages import RunningSpread, reward_advantages

NAN = float("nan")


def standardised(*values):
    values = np.array(values)
    return (values - values.mean()) / (values.std() + EPSILON)


def test_combination_by_hand():
    """Two groups of three; a PickScore's scale weighs no more than a cosine's."""
    values = {"IF": np.array([0.1, 0.2, 0.6, 0.0, 0.0, 0.3]), "PS": np.array([20.0, 22.0, 18.0, 21.0, 19.0, 23.0])}
    found = reward_advantages(values, {"IF": 1.0, "PS": 0.5}, 3, RunningSpread())
    first = standardised(0.1, 0.2, 0.6) + 0.5 * standardised(20, 22, 18)
    second = standardised(0, 0, 0.3) + 0.5 * standardised(21, 19, 23)
    np.testing.assert_allclose(found.advantages.numpy(), np.stack([first, second]), atol=1e-6)
    assert (found.kept.tolist(), found.dropped, found.without_spread) == ([True, True], {}, {})
    assert found.advantages.dtype == torch.float32


def test_a_failure_drops_its_group_and_no_other():
    values = {"a": np.array([0.0, 1.0, NAN, 1.0, 0.0, 1.0]), "b": np.array([0.0, 1.0, 0.0, 1.0, 1.0, 0.0])}
    found = reward_advantages(values, {"a": 1.0, "b": 1.0}, 2, RunningSpread())
    assert found.kept.tolist() == [True, False, True]
    assert found.advantages[1].tolist() == [0, 0], "b alone would have told them apart"
    np.testing.assert_allclose(found.advantages[0], 2 * standardised(0, 1), atol=1e-6)
    np.testing.assert_allclose(found.advantages[2], 0, atol=1e-6)
    assert (found.dropped, found.without_spread) == ({"a": 1}, {})


def test_groups_count_for_each_reward_that_failed():
    values = {"a": np.array([NAN, NAN, NAN, 1.0]), "b": np.array([NAN, 1.0, 0.0, 1.0])}
    found = reward_advantages(values, {"a": 1.0, "b": 1.0}, 2, RunningSpread())
    assert not found.kept.any()
    assert not found.advantages.any()
    assert found.dropped == {"a": 2, "b": 1}


def test_a_constant_reward_says_nothing_and_is_counted():
    values = {"same": np.full(4, 0.1), "b": np.array([0.0, 1.0, NAN, 1.0])}
    found = reward_advantages(values, {"same": 100.0, "b": 1.0}, 2, RunningSpread())
    np.testing.assert_allclose(found.advantages[0], standardised(0, 1), atol=1e-6)
    assert found.without_spread == {"same": 1}, "of the group that is kept"
    assert found.spread.tolist() == [True, False], "b differs in one, the other is dropped"
    alone = reward_advantages({"same": np.full(6, 1 / 3)}, {"same": 1.0}, 3, RunningSpread())
    assert alone.kept.all()
    assert not alone.spread.any()
    assert not alone.advantages.any()


def test_relative_rewards_are_in_units_of_what_groups_usually_differ_by():
    """Of a group that hardly differs advantages are as large as those of any other, the relative rewards are not."""
    running, far, near = RunningSpread(), np.array([0.0, 1.0]), np.array([0.5, 0.501])
    first = reward_advantages({"a": far}, {"a": 2.0}, 2, running)
    np.testing.assert_allclose(first.relative[0], [-2, 2], atol=1e-3)
    second = reward_advantages({"a": near}, {"a": 2.0}, 2, running)
    np.testing.assert_allclose(second.advantages[0].abs(), 2 / (1 + EPSILON / 5e-4), rtol=1e-3)
    usual = np.sqrt((0.95 * 0.25 + 2.5e-7) / 1.95)
    np.testing.assert_allclose(second.relative[0], np.array([-1e-3, 1e-3]) / usual, rtol=1e-3)
    lost = reward_advantages({"a": np.array([NAN, 1.0])}, {"a": 2.0}, 2, running)
    assert lost.relative.tolist() == [[0, 0]]
    again = RunningSpread()
    again.sums = dict(running.sums)
    assert again.take("a", torch.tensor([[-1.0, 1.0]])) == running.take("a", torch.tensor([[-1.0, 1.0]]))
