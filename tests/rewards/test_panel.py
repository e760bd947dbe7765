"""Values that are missing or mad are failures, counted by reason; the panel as a training opens it."""

import numpy as np
import pytest

from vireo.config import overridden
from vireo.errors import InputError
from vireo.judges.judge import Sample
from vireo.rewards.evidence import Networks
from vireo.rewards.opening import RewardsConfig, open_here, open_rewards
from vireo.rewards.panel import RewardPanel
from vireo.rewards.panel_process import PanelProcess
from vireo.rewards.scorer import Scorer, ScoringFailed, Undefined

CLIP = np.full((4, 32, 32, 3), 100, np.uint8)


def fails(evidence):
    raise ScoringFailed("the endpoint is down")


def breaks(evidence):
    raise RuntimeError("CUDA error")


def panel(**scores):
    return RewardPanel([Scorer(name=name, score=score) for name, score in scores.items()], Networks())


def batch(*grays):
    return [Sample(CLIP, np.full_like(CLIP, gray), "make it brighter") for gray in grays]


@pytest.mark.parametrize(
    ("score", "reason"),
    [
        (fails, "the endpoint is down"),
        (breaks, "RuntimeError: CUDA error"),
        (lambda e: Undefined("no region"), "no region"),
        (lambda e: float("nan"), "is nan"),
        (lambda e: -float("inf"), "is -inf"),
        (lambda e: 1e9, "is beyond 1000"),
    ],
)
def test_every_kind_of_failure(score, reason):
    """Of dark samples only; the others, and the other reward, have their values."""
    bright = lambda e: e.sample.edited.mean() / 255  # noqa: E731
    some = panel(mad=lambda e: score(e) if e.sample.edited.mean() < 50 else 0.25, bright=bright)
    scores = some.score(batch(0, 255, 0))
    np.testing.assert_equal(scores.values["mad"], [np.nan, 0.25, np.nan])
    assert scores.values["bright"].tolist() == [0, 1, 0]
    assert scores.failures == {("mad", reason): 2}


def test_what_is_better_lower_is_turned_round_and_1000_still_counts():
    reward = Scorer(name="distance", score=lambda e: 1000.0, higher_is_better=False)
    assert RewardPanel([reward], Networks()).score(batch(0)).values["distance"].tolist() == [-1000]


def test_a_process_of_its_own_says_what_this_one_does():
    """Mini's instructor, loaded twice; R_SP outside has no value without a region, and says why."""
    config = RewardsConfig(weights={"recommended": 1.0, "R_SP": 0.5, "R_SP, outside": 0.5, "seen change": 0.0})
    samples = batch(100, 130)
    with open_here(config) as here, open_rewards(config) as there:
        assert isinstance(there, PanelProcess)
        wanted, found = here.score(samples), there.score(samples)
    assert found.values.keys() == wanted.values.keys() == {"recommended", "R_SP", "R_SP, outside"}
    for name, values in wanted.values.items():
        np.testing.assert_array_equal(found.values[name], values)
    assert wanted.values["recommended"][0] == 0 < wanted.values["recommended"][1], "nothing done earns nothing"
    assert wanted.values["R_SP"][0] == pytest.approx(1, abs=1e-6)
    assert found.failures == wanted.failures == {("R_SP, outside", "no region"): 2}


def test_without_a_process_and_without_an_instructor():
    config = overridden(RewardsConfig(), {"weights.seen change": "2", "weights.recommended": 0, "own_process": "false"})
    opened = open_rewards(config)
    assert isinstance(opened, RewardPanel)
    assert opened.networks.instructor is None, "nothing is loaded that nobody reads"
    assert config.weighed() == {"seen change": 2.0}
    assert opened.score(batch(100, 255)).values["seen change"].tolist() == [0, 1]


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"weights": {"taste": 1.0}}, "no reward 'taste'"),
        ({"weights": {"critic": float("nan")}}, "weight of the reward 'critic'"),
        ({"weights": {"critic": 0.0}}, "no reward has a weight"),
        ({"weights": {"R_IF": 1.0}}, "'R_IF' needs clip .*backbones.clip"),
        ({"weights": {"preference": 1.0}}, "'preference' needs preference"),
        ({"backbones": {"dino": "mini"}}, "no reward reads the backbone 'dino'"),
    ],
)
def test_mistakes_are_told_before_anything_is_loaded(fields, what):
    with pytest.raises(InputError, match=what):
        open_rewards(RewardsConfig(**fields))
