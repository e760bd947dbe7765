"""Exploration: each way makes its samples, says so, and depends on nothing but its seeds."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch
from edit_stage import COMPOUND, MIXED, NOISE, task
from tiny_editor import tiny_pipeline

from vireo.instruction_tuning.studio_vocabulary import studio_vocabulary
from vireo.training import rollout
from vireo.training.lora import add_lora
from vireo.training.rollout import ExplorationConfig, Explorer, edit_field


@pytest.fixture(scope="module")
def pipe():
    made = tiny_pipeline(vocabulary=studio_vocabulary(), steps=1, guidance=1.0)
    add_lora(made.transformer, 4, 8.0, 0)
    made.products = torch.float32
    return made


def explored(pipe, config, tasks, seed=0, window_at=0.9):
    seeds = np.random.default_rng(seed).integers(1 << 62, size=(8, config.group + 1))[: len(tasks)]
    return Explorer(pipe, config).explore(tasks, edit_field(pipe, tasks), seeds, window_at)


def test_each_way_is_counted_and_noise_stands_in_for_what_a_task_does_not_allow(pipe):
    config = ExplorationConfig(noise=1, paraphrase=1, guidance=1, plan=1, steps=2, window=1)
    compound, single = task(0, COMPOUND, 96, 9), replace(task(1, size=96, frames=9), paraphrases=())
    made = explored(pipe, config, [compound, single])
    assert made.counts == {"noise": 4, "paraphrase": 1, "guidance": 2, "plan": 1, "no paraphrase": 1, "no plan": 1}
    assert [each.group for each in made.rollouts] == [0] * 4 + [1] * 4
    assert [each.way for each in made.rollouts][:4] == ["noise", "paraphrase", "guidance", "plan"]
    assert [each.way for each in made.rollouts][4:] == ["noise", "noise", "guidance", "noise"]
    texts = [each.text for each in made.rollouts]
    assert texts[1] in compound.paraphrases
    assert texts[3] == COMPOUND
    assert made.trajectory is None
    frames = [each.frames.tobytes() for each in made.rollouts[:4]]
    assert len(set(frames)) == 4
    for each in made.rollouts:
        assert each.clean.shape == (8, 3, 12, 12)
        assert each.frames.shape == (9, 96, 96, 3)
        assert each.frames.dtype == np.uint8


def test_a_sample_depends_on_its_own_seeds_alone(pipe):
    tasks = [task(seed) for seed in range(3)]
    for config in (NOISE, MIXED):
        together, alone = explored(pipe, config, tasks), explored(pipe, config, tasks[:1])
        for one, other in zip(together.rollouts, alone.rollouts, strict=False):
            torch.testing.assert_close(one.clean, other.clean, atol=1e-4, rtol=1e-4)


def test_what_a_group_shares_is_computed_once_and_changes_nothing(pipe, monkeypatch):
    """Steps before the window start from the same noise: with and without sharing the same samples come out."""
    tasks, rows = [task(0), task(1)], []
    transform = type(pipe)._transform
    monkeypatch.setattr(
        type(pipe), "_transform", lambda self, x, *rest: rows.append(len(x)) or transform(self, x, *rest)
    )
    config = replace(NOISE, steps=4, window=1)
    made = explored(pipe, config, tasks)  # the window is the third of four steps
    assert rows == [2, 2, 8, 8]
    assert made.trajectory.mask[0].tolist() == [False, False, True, False]
    assert torch.equal(made.trajectory.states[2][0], made.trajectory.states[2][3])
    assert not torch.equal(made.trajectory.states[3][0], made.trajectory.states[3][3])
    for row, each in enumerate(made.rollouts):
        assert torch.equal(made.trajectory.states[-1][row], each.clean)

    apart = explored(pipe, replace(config, shared_noise=False), tasks)
    assert not torch.equal(apart.trajectory.states[0][0], apart.trajectory.states[0][3])
    assert Counter(each.way for each in apart.rollouts) == {"noise": 8}


@pytest.mark.parametrize(("process", "steps", "places"), [("cps", 4, {0, 1}), ("flow-sde", 4, {0, 1, 2})])
def test_the_window_lies_anywhere_among_steps_with_noise(pipe, process, steps, places):
    explorer = Explorer(pipe, replace(NOISE, process=process, steps=steps, window=2))
    found = {explorer.stochastic(at).start for at in np.linspace(0, 1, 101)}
    assert found == places


def test_kept_samples_are_made_once_whatever_the_run_has_learned(pipe, tmp_path, monkeypatch):
    plan = replace(MIXED, noise=1, paraphrase=0, guidance=0, plan=2, kept=str(tmp_path / "kept"))
    tasks, made = [task(0, COMPOUND, 96, 9)], []
    execute = rollout.execute_frames
    monkeypatch.setattr(rollout, "execute_frames", lambda *given: made.append(1) or execute(*given))
    first = explored(pipe, plan, tasks, seed=0)
    assert len(made) == 2
    with torch.no_grad():
        adapter = [value for name, value in pipe.transformer.named_parameters() if "lora_" in name]
        for value in adapter:
            value += 0.01
    try:
        second = explored(pipe, plan, tasks, seed=1)
        assert len(made) == 2
        assert first.rollouts[0].frames.tobytes() != second.rollouts[0].frames.tobytes()
        for one, other in zip(first.rollouts[1:], second.rollouts[1:], strict=True):
            assert (one.way, one.frames.tobytes()) == ("plan", other.frames.tobytes())
        explored(pipe, plan, [replace(tasks[0], frames=255 - tasks[0].frames)])
        assert len(made) == 4
        with torch.no_grad():
            pipe.transformer.x_embedder.proj.bias += 1
        explored(pipe, plan, tasks)
        assert len(made) == 6
    finally:
        with torch.no_grad():
            pipe.transformer.x_embedder.proj.bias -= 1
            for value in adapter:
                value -= 0.01
