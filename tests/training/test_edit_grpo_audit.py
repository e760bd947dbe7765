"""Exact truth watches a run of Edit-GRPO: what an alarm does, and what the log has of it."""

from dataclasses import replace

import numpy as np
import torch
from edit_stage import LOOP, Bright, clip, stage

from vireo.judges.judge import Sample
from vireo.rewards.opening import RewardsConfig
from vireo.training.audit import AuditConfig
from vireo.training.exact_truth import Measured
from vireo.training.loop import run


class Falling:
    """A truth that rises at the first two measurements and falls from then on."""

    def __init__(self):
        self.count = 0

    def measure(self, editor):
        level = [0.0, 0.5, 0.4, 0.3, 0.2, 0.1, 0.0][self.count]
        self.count += 1
        edited = clip(0)
        edited[:, :, : 4 * self.count] = 255  # and the reward rises
        samples = [Sample(clip(0), edited, "x") for _ in range(3)]
        return Measured(samples, [level, level + 0.1, level - 0.1], {"audit/truth": level})


def test_an_alarm_ends_the_run_with_the_weights_that_were_best(tmp_path):
    loop, audit = replace(LOOP, steps=7), AuditConfig(every=1, window=1)
    made = stage(truth=Falling(), audit=audit, loop=loop)
    kept, advance = [], made.loss

    def loss(step):
        kept.append([parameter.detach().clone() for parameter in made.lora])
        return advance(step)

    made.loss = loss
    assert run(made, tmp_path)
    assert len(kept) == 3  # of seven steps; the truth was best at the second one
    made.finish()
    assert all(torch.equal(one, other) for one, other in zip(made.lora, kept[1], strict=True))
    again = stage(truth=Falling(), audit=audit, loop=loop)
    assert run(again, tmp_path)
    assert again.halted


def test_or_it_takes_weight_from_the_reward_that_rose(tmp_path):
    class Two(Bright):
        names = ("bright", "dark")

        def values(self, samples):
            bright = super().values(samples)["bright"]
            return {"bright": bright, "dark": np.linspace(0, 1, len(samples))}

    audit, rewards = AuditConfig(every=1, window=1, on_alarm="reweight"), {"bright": 1.0, "dark": 1.0}
    made = stage(panel=Two(), truth=Falling(), audit=audit, rewards=RewardsConfig(weights=rewards))
    run(made, tmp_path)
    assert made.weights["dark"] == 1
    assert made.weights["bright"] <= 0.5
    assert not made.halted


def test_the_log_has_the_last_measurement_at_every_step():
    made = stage("nft", truth=Falling(), audit=AuditConfig(every=2, window=1, on_alarm="report"))
    figures = [made.loss(step)[1] for step in range(4)]
    assert [each["audit/truth"] for each in figures] == [0.0, 0.0, 0.5, 0.5]
    assert 0 < figures[0]["audit/reward/bright"] < figures[2]["audit/reward/bright"]
    resumed = stage("nft", truth=Falling(), audit=AuditConfig(every=2, window=1, on_alarm="report"))
    resumed.load_state_dict(made.state_dict())
    assert resumed.audited == made.audited
    assert resumed.running.sums == made.running.sums
