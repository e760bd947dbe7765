"""Edit-GRPO on an untrained editor: what is exact at the first update, what it learns, what may fail."""

import multiprocessing
import os
import signal
import socket
import time
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch
from edit_stage import LOOP, MIXED, NOISE, Bright, clip, stage, task
from safetensors.torch import load_file
from tiny_editor import tiny_pipeline

from vireo.errors import InputError
from vireo.judges.judge import Sample
from vireo.models.editors.viva import VireoPipeline
from vireo.pairs.format import read_pairs
from vireo.rewards.opening import RewardsConfig
from vireo.rewards.scores import Scores
from vireo.training import mini
from vireo.training.audit import AuditConfig
from vireo.training.checkpoint import Checkpoint
from vireo.training.edit_tasks import SetTasks, task_of
from vireo.training.exact_truth import Measured
from vireo.training.loop import run
from vireo.training.lora import put
from vireo.training.processes import ALONE, joined_processes, own_device
from vireo.types import PairFiles
from vireo.video.io import write_lossless


@pytest.fixture(autouse=True)
def one_thread():
    """Processes that are forked have no threads of their parent's."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


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


def test_where_the_data_allow_a_change_the_rewards_know(tmp_path):
    mask = np.zeros((5, 32, 32, 3), np.uint8)
    mask[:, 8:16, 8:16] = 255
    write_lossless(tmp_path / "s.mkv", clip(0), 8)
    write_lossless(tmp_path / "m.mkv", mask, 8)
    facts = {"source": "s.mkv", "target": "s.mkv", "mask": "m.mkv", "source_caption": "", "target_caption": ""}
    found = task_of(tmp_path, PairFiles(id="1", family="remove", instruction="i", paraphrases=[], **facts))
    assert found.region is not None
    assert found.region[:, 8:16, 8:16].all()
    assert not found.region[:, 20:].any()
    made = stage(tasks=lambda rng: found)
    made.loss(0)
    assert all(np.array_equal(sample.region, found.region) for sample in made.panel.samples)


def test_exact_results_do_not_reach_the_rewards():
    made = stage()
    made.loss(0)
    assert made.panel.samples
    assert all(sample.target is None and sample.mask is None for sample in made.panel.samples)
    assert {sample.target_caption for sample in made.panel.samples} == {"nothing"}


# Going on.


def same(one, other):
    return all(torch.equal(a, b) for a, b in zip(one.module.parameters(), other.module.parameters(), strict=True))


def killed_run(objective, folder):
    torch.set_num_threads(1)
    run(stage(objective, loop=replace(LOOP, checkpoint_minutes=0.0)), folder)


@pytest.mark.parametrize("objective", ["grpo", "nft"])
def test_killed_between_two_updates_of_a_draw_it_goes_on_to_the_same_weights(objective, tmp_path):
    whole = stage(objective)
    run(whole, tmp_path / "whole")
    child = multiprocessing.get_context("fork").Process(target=killed_run, args=(objective, tmp_path / "parts"))
    child.start()
    while child.is_alive() and not (tmp_path / "parts" / "grpo" / "checkpoint.pt").exists():
        time.sleep(0.002)
    os.kill(child.pid, signal.SIGKILL)
    child.join()
    assert Checkpoint.load(tmp_path / "parts" / "grpo").step < 4
    resumed = stage(objective)
    run(resumed, tmp_path / "parts")
    assert same(whole, resumed)
    assert whole.audit.state_dict() == resumed.audit.state_dict()


def test_with_another_number_of_processes_it_does_not_go_on(tmp_path):
    run(stage(), tmp_path, minutes=0.0)
    other = stage(objective="grpo")
    other.processes = replace(other.processes, count=2)
    with pytest.raises(InputError, match="begun with 1 processes"):
        run(other, tmp_path)


# Several processes.


def test_each_process_has_a_gpu_of_its_own_and_so_have_its_rewards(monkeypatch):
    monkeypatch.delenv("LOCAL_RANK", raising=False)
    first, cpu = torch.device("cuda:0"), torch.device("cpu")
    assert own_device(first) == first
    monkeypatch.setenv("LOCAL_RANK", "3")
    assert (own_device(first), own_device(cpu)) == (torch.device("cuda:3"), cpu)
    assert RewardsConfig().beside(own_device(first)).device == "cuda:3"
    assert RewardsConfig(device="cpu").beside(own_device(first)).device == "cpu"


def gradient_and_weights(objective, folder, processes=ALONE):
    """Gradients of the first step, and the weights after a run."""
    made = stage(objective, loop=replace(LOOP, batch_size=4), panel=Half())
    made.processes = processes
    made.loss(0)[0].backward()
    processes.average_gradients(made.lora)
    gradients = [parameter.grad.clone() for parameter in made.lora]
    made = stage(objective, loop=replace(LOOP, batch_size=4), panel=Half())
    made.processes = processes
    run(made, folder, minutes=0.0)  # stops after a step, and goes on
    run(made, folder)
    return gradients, [parameter.detach() for parameter in made.lora]


def of_two(rank, port, folder):
    torch.set_num_threads(1)
    os.environ.update(RANK=str(rank), WORLD_SIZE="2", MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port), LOCAL_RANK="0")
    with joined_processes(torch.device("cpu")) as processes:
        for objective in ("grpo", "nft"):
            found = gradient_and_weights(objective, folder / objective, processes)
            torch.save(found, folder / f"{objective}-{rank}.pt")


class Half(Bright):
    """Fails on some samples, so that processes learn from different numbers of groups."""

    def values(self, samples):
        found = super().values(samples)["bright"]
        found[[sample.source[0, 0, 0, 0] % 4 == 0 for sample in samples]] = np.nan
        return {"bright": found}


def test_two_processes_learn_what_one_does(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    fork = multiprocessing.get_context("fork")
    children = [fork.Process(target=of_two, args=(rank, port, tmp_path)) for rank in (0, 1)]
    for child in children:
        child.start()
    for child in children:
        child.join(240)
    for child in children:
        child.kill()
    assert [child.exitcode for child in children] == [0, 0]
    for objective in ("grpo", "nft"):
        gradients, weights = gradient_and_weights(objective, tmp_path / "alone" / objective)
        (theirs, first), (_, second) = (torch.load(tmp_path / f"{objective}-{rank}.pt") for rank in (0, 1))
        assert all(torch.equal(one, other) for one, other in zip(first, second, strict=True))
        largest = max(float(each.abs().max()) for each in gradients)
        assert largest > 0
        for one, other in zip(gradients, theirs, strict=True):
            torch.testing.assert_close(other, one, atol=1e-3 * largest, rtol=1e-3)
        # Adam makes full steps of gradients that are next to nothing, so weights are compared as a whole.
        start = stage(objective).lora
        moved, apart = (
            torch.cat([(a - b).detach().flatten() for a, b in zip(weights, others, strict=True)]).norm()
            for others in (start, first)
        )
        assert apart < 0.05 * moved


# The audit.


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


# Settings, sets, files.


def test_what_does_not_fit_together_is_refused():
    for settings, words in (
        ({"exploration": MIXED}, "stochastic steps alone"),
        ({"exploration": replace(NOISE, window=3)}, "a window of 3 of 2"),
        ({"objective": "nft", "exploration": replace(MIXED, window=0)}, "the same noise"),
        ({"rewards": RewardsConfig(weights={"critc": 1.0})}, "no reward 'critc'"),
    ):
        with pytest.raises(InputError, match=words):
            stage(**settings)


def test_tasks_are_mixed_by_a_share(tmp_path):
    write_lossless(tmp_path / "s.mkv", clip(0), 8)
    facts = {"source": "s.mkv", "target": "s.mkv", "mask": "s.mkv", "source_caption": "", "target_caption": ""}
    pairs = [
        PairFiles(id=str(n), family=family, instruction=family, paraphrases=[], **facts)
        for n, family in enumerate(["hybrid", "recolor", "recolor", "remove"])
    ]
    tasks = SetTasks(tmp_path, pairs, hybrid=0.7)
    drawn = [tasks(np.random.default_rng(seed)).instruction for seed in range(60)]
    assert 0.5 < np.mean([text == "hybrid" for text in drawn]) < 0.9
    assert set(drawn) == {"hybrid", "recolor", "remove"}
    with pytest.raises(InputError, match="no hybrid edits"):
        SetTasks(tmp_path, pairs[1:], hybrid=0.5)


def test_vireo_train_grpo_leaves_a_pipeline_and_lora_files(tmp_path):
    from vireo.types import EditPair

    tiny_pipeline(steps=1, guidance=1.0).save_pretrained(tmp_path / "tiny")
    folder = tmp_path / "pairs"
    (folder / "videos").mkdir(parents=True)
    write_lossless(folder / "videos" / "s.mkv", clip(0), 8)
    video = "videos/s.mkv"
    pair = EditPair(
        id="a",
        family="remove",
        source=video,
        target=video,
        mask=video,
        instruction="remove the cube",
        paraphrases=["take it away"],
        source_caption="a cube",
        target_caption="nothing",
        seed=1,
        split="train",
        scene={},
        target_scene={},
    )
    (folder / "pairs.jsonl").write_text(pair.model_dump_json() + "\n")
    assert list(read_pairs(folder))
    settings = {
        "grpo.init_from": str(tmp_path / "tiny"),
        "grpo.pair_sets": f'["{folder}"]',
        "grpo.hybrid": "0",
        "grpo.rewards.weights": '{"seen change": 1.0}',
        "grpo.exploration.plan": "0",
        "grpo.exploration.steps": "3",
        "grpo.audit.every": "0",
        "grpo.rank": "4",
        "grpo.loop.steps": "2",
        "grpo.loop.sample_every": "2",
    }
    wrong = settings | {"grpo.rewards.weights": '{"critc": 1.0}', "grpo.pair_sets": '["nowhere"]'}
    with pytest.raises(InputError, match="no reward 'critc'"):  # told before the sets are opened
        mini.train("grpo", tmp_path / "wrong", overrides=wrong)
    assert mini.train("grpo", tmp_path / "run", overrides=settings)
    assert not multiprocessing.active_children()  # the process of the rewards has ended
    made = tmp_path / "run" / "grpo"
    assert (made / "samples" / "000002.png").exists()
    assert any("img_attn_qkv" in name for name in load_file(made / "lora" / "comfyui.safetensors"))
    pipe = VireoPipeline.from_pretrained(made / "model")
    beside = VireoPipeline.from_pretrained(tmp_path / "tiny")
    beside.load_lora_weights(made / "lora", weight_name="pytorch_lora_weights.safetensors")
    for each in (pipe, beside):
        each.set_progress_bar_config(disable=True)
    frames = [
        each("remove the cube", clip(0), generator=torch.Generator().manual_seed(0)).frames[0]
        for each in (pipe, beside)
    ]
    np.testing.assert_allclose(frames[0], frames[1], atol=0.02)
    assert mini.train("grpo", tmp_path / "run", overrides=settings)  # is done
