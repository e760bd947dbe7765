"""The alarm on curves: of runs that learn to please their rewards, and of runs that are as they should be."""

import numpy as np
import pytest

from vireo.training.audit import Audit, AuditConfig


def curves(seed, truth, proxy, pairs=48, noise=0.05):
    """Measurements whose means follow two curves: per edit a level of its own, and noise at each measurement."""
    rng = np.random.default_rng(seed)
    level, liked = rng.normal(0, 0.3, pairs), rng.normal(0, 0.2, pairs)
    return [
        (t + level + rng.normal(0, noise, pairs), {"one": p + liked + rng.normal(0, noise, pairs)})
        for t, p in zip(truth, proxy, strict=True)
    ]


def alarm_at(measurements, **settings):
    audit = Audit(AuditConfig(**settings))
    alarms = [audit.take(truth, rewards) for truth, rewards in measurements]
    return alarms.index(True) if True in alarms else None


STEPS = np.linspace(0, 1, 40)
RISING = 0.5 * (1 - np.exp(-4 * STEPS))


@pytest.mark.parametrize("seed", range(20))
def test_clean_curves_give_no_alarm(seed):
    assert alarm_at(curves(seed, RISING, RISING)) is None  # both rise
    assert alarm_at(curves(seed, 0.5 * np.minimum(1, 2 * STEPS), RISING)) is None  # the truth comes to rest
    assert alarm_at(curves(seed, np.zeros(40), np.zeros(40))) is None  # nothing is learned


@pytest.mark.parametrize("seed", range(10))
def test_a_hacked_curve_gives_one_before_a_twentieth_of_the_gain_is_lost(seed):
    """The truth rises to its top at half time, then falls, while the reward goes on rising; measured often."""
    steps = np.linspace(0, 1, 80)
    truth = np.where(steps < 0.5, steps, 0.5 - 0.25 * (steps - 0.5))
    found = alarm_at(curves(seed, truth, steps, pairs=96, noise=0.02))
    assert found is not None
    assert steps[found] > 0.5
    assert truth.max() - truth[found] < 0.05 * truth.max()


def test_where_rewards_fall_with_the_truth_there_is_none():
    truth = np.concatenate([RISING, 0.5 - 0.4 * STEPS])
    assert alarm_at(curves(0, truth, truth)) is None
    assert alarm_at(curves(0, truth, np.linspace(0, 1, 80))) > 40


def test_a_reward_that_failed_on_some_edits_is_passed_over():
    good, bad = np.linspace(0, 1, 20), np.linspace(0, 1, 20) - 0.3
    rewards = [{"one": np.full(20, float(level))} for level in range(6)]
    rewards[2]["one"][3] = np.nan
    assert alarm_at(list(zip([good] * 6, rewards, strict=True))) is None
    assert alarm_at(list(zip([good, good, bad, bad, bad, bad], rewards, strict=True))) == 3


def test_begun_anew_it_compares_with_what_came_since():
    good, bad = np.linspace(0, 1, 20), np.linspace(0, 1, 20) - 0.3
    audit = Audit(AuditConfig())
    alarms = [audit.take(truth, {"one": np.full(20, float(n))}) for n, truth in enumerate([good] * 3 + [bad] * 3)]
    assert alarms[-1]
    assert audit.risen["one"] == pytest.approx(3)  # of no deviation at first, so as it is
    audit.begin_anew()
    assert not any(audit.take(bad, {"one": np.full(20, float(n))}) for n in range(6, 12))
    assert audit.is_best


def test_it_goes_on_from_its_state():
    measurements = curves(0, np.concatenate([RISING, 0.5 - 0.4 * STEPS]), np.linspace(0, 1, 80))
    whole, first = Audit(AuditConfig()), Audit(AuditConfig())
    alarms = [whole.take(*each) for each in measurements]
    before = [first.take(*each) for each in measurements[:50]]
    second = Audit(AuditConfig())
    second.load_state_dict(first.state_dict())
    assert before + [second.take(*each) for each in measurements[50:]] == alarms
    assert any(alarms)
    assert second.risen == whole.risen
