"""Edit-GRPO on an untrained editor: what is exact at the first update, what it learns, what may fail."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch
from edit_stage import LOOP, MIXED, NOISE, Bright, stage, task

from vireo.rewards.opening import RewardsConfig
from vireo.rewards.scores import Scores
from vireo.training.lora import put


def updated(made, step, optimizer):
    loss, figures = made.loss(step)
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    return loss.item(), figures


@pytest.mark.parametrize("shared", [True, False])
def test_before_the_first_update_the_ratio_is_exactly_one(shared):
    made = stage(exploration=replace(NOISE, window=2, shared_noise=shared), beta=0.5)
    optimizer = torch.optim.Adam(made.lora, lr=1e-2)
    loss, first = updated(made, 0, optimizer)
    assert first["ratio/farthest"] == 0
    assert first["divergence"] == 0  # from the editor that it was, bit for bit the same
    assert loss == pytest.approx(0, abs=1e-6)  # minus the mean advantage
    _, second = updated(made, 1, optimizer)
    assert second["ratio/farthest"] > 0
    assert second["divergence"] > 0
    assert updated(made, 2, optimizer)[1]["ratio/farthest"] == 0  # of a new draw


def test_in_bfloat16_gradients_reach_the_adapter_after_passes_without_gradient():
    made = stage(loop=replace(LOOP, dtype="bfloat16"))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss, _ = made.loss(0)
    loss.backward()
    assert sum(float(parameter.grad.norm()) for parameter in made.lora) > 0


@pytest.mark.parametrize(
    ("objective", "exploration"),
    [
        ("grpo", replace(NOISE, noise=64, process="flow-sde", steps=1, window=1)),
        ("nft", replace(NOISE, noise=64, eta=0.9, steps=2, window=1)),
    ],
)
def test_a_step_along_the_gradient_makes_samples_of_the_same_seeds_better(objective, exploration):
    """GRPO's with the plain algorithm, in which every step is stochastic: through steps that do not count, an untrained
    network changes the samples in its own way."""
    made = stage(
        objective,
        tasks=lambda rng: task(0),
        exploration=exploration,
        clip=1.0,
        beta=0.0,
        updates=1,
        loop=replace(LOOP, batch_size=1),
    )
    gains = []
    for step in range(5):
        loss, figures = made.loss(step)
        loss.backward()
        norm = torch.stack([parameter.grad.norm() for parameter in made.lora]).norm()
        with torch.no_grad():
            for parameter in made.lora:
                parameter -= 0.5 * parameter.grad / norm
                parameter.grad = None
        put(made.old, made.lora)
        gains.append(made._drawn(step).figures["reward/bright"] - figures["reward/bright"])
    assert min(gains) > 0
    assert sum(gains) > 1e-3


class Failing(Bright):
    """The group of one task has a reward that failed, another one reward alike, the others one of 10^9."""

    def values(self, samples):
        scores = 1e9 * super().values(samples)["bright"]
        scores[1] = np.nan
        scores[4:8] = 1.0
        return {"bright": scores}


def test_groups_in_which_a_reward_failed_or_says_nothing_are_left_out_and_counted():
    made = stage(panel=Failing(), loop=replace(LOOP, batch_size=4))
    optimizer = torch.optim.Adam(made.lora, lr=1e-3)
    _, figures = updated(made, 0, optimizer)
    assert figures["dropped"] == 0.25
    assert figures["without_spread"] == 0.25
    assert made._draw.numbers == [2, 3]
    assert figures["ratio/farthest"] < 1e-4  # other rows in the batch than when they were drawn
    assert all(parameter.isfinite().all() for parameter in made.lora)


def test_a_run_goes_on_when_all_rewards_fail():
    class Dead(Bright):
        def values(self, samples):
            return {"bright": np.full(len(samples), np.nan)}

    made = stage(panel=Dead())
    before = [parameter.detach().clone() for parameter in made.lora]
    _, figures = updated(made, 0, torch.optim.Adam(made.lora, lr=1e-3))
    assert figures["dropped"] == 1
    assert all(torch.equal(one, other) for one, other in zip(before, made.lora, strict=True))


def test_a_reward_without_weight_drops_nothing():
    class Watched(Bright):
        names = ("bright", "watched")

        def values(self, samples):
            return {**super().values(samples), "watched": np.full(len(samples), np.nan)}

    made = stage(panel=Watched(), rewards=RewardsConfig(weights={"bright": 1.0, "watched": 0.0}))
    assert made.loss(0)[1]["dropped"] == 0


def test_why_a_reward_failed_is_said_once(caplog):
    class Broken(Bright):
        def score(self, samples):
            values = {"bright": np.full(len(samples), np.nan)}
            return Scores(values, Counter({("bright", "was killed by signal 9"): len(samples)}))

    made = stage(panel=Broken())
    for _ in range(2):
        made.loss(0)
        made._draw = None
    assert [record.getMessage() for record in caplog.records] == [
        "the reward 'bright' failed for 8 of 8 samples: was killed by signal 9"
    ]


def test_exact_results_do_not_reach_the_rewards():
    made = stage()
    made.loss(0)
    assert made.panel.samples
    assert all(sample.target is None and sample.mask is None for sample in made.panel.samples)
    assert {sample.target_caption for sample in made.panel.samples} == {"nothing"}


def test_what_the_policy_would_not_have_drawn_teaches_only_where_it_is_good():
    made = stage("nft", exploration=replace(MIXED, noise=2, paraphrase=2, guidance=0))
    judged = []
    for step in range(6):
        made._draw = None
        made.loss(2 * step)
        judged.append(made._draw.optimality.view(-1, 4))
    noise, paraphrases = torch.cat(judged)[:, :2], torch.cat(judged)[:, 2:]
    assert noise.min() < 0.5 < noise.max()
    assert paraphrases.min() == 0.5
    assert paraphrases.max() > 0.5
