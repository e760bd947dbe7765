"""The loop: schedule, resume after kill -9, Ctrl-C, time limit, refusal of foreign checkpoints."""

import json
import multiprocessing
import os
import random
import signal
import time

import numpy as np
import pytest
import torch

from vireo.errors import InputError
from vireo.pairs.frame_cache import FrameCache
from vireo.training.checkpoint import Checkpoint, load_trained_state, trained_state
from vireo.training.loop import rate_factor, run
from vireo.training.moving_average import MovingAverage
from vireo.training.stage import LoopConfig
from vireo.training.stages.vae import VaeConfig, VaeStage

STEPS = 60
KILLS = 10


@pytest.fixture
def frames(tmp_path):
    rng = np.random.default_rng(0)
    np.save(tmp_path / "frames.npy", rng.integers(0, 256, (12, 9, 16, 16, 3), dtype=np.uint8))
    (tmp_path / "frames.json").write_text(json.dumps({str(i): i for i in range(12)}))
    return FrameCache(tmp_path)


class StageWithState(VaeStage):
    """Its loss depends on what it remembers of all steps before."""

    def __init__(self, config, frames, device):
        super().__init__(config, frames, device)
        self.steps, self.recent = 0, [torch.ones(())]

    def loss(self, step):
        assert self.steps == step
        loss, figures = super().loss(step)
        loss = loss / torch.stack(self.recent).mean()
        self.steps, self.recent = step + 1, [*self.recent[-3:], loss.detach()]
        return loss, figures

    def state_dict(self):
        return {"steps": self.steps, "recent": self.recent}

    def load_state_dict(self, state):
        self.steps, self.recent = state["steps"], state["recent"]


def make_stage(frames, kind=VaeStage, **changes):
    loop = {"steps": STEPS, "batch_size": 2, "learning_rate": 1e-3, "checkpoint_minutes": 1e-4, **changes}
    loop = LoopConfig(**loop, warmup=5, sample_every=25, log_every=5, compile_blocks=False)
    config = VaeConfig(latent_channels=4, width=16, encoder_blocks=1, decoder_blocks=1, refine_blocks=1, loop=loop)
    return kind(config, frames, torch.device("cpu"))


def train(frames, folder):
    torch.set_num_threads(1)
    run(make_stage(frames, StageWithState), folder)


def state_bytes(folder):
    state = Checkpoint.load(folder / "vae")
    assert state.step == state.stage["steps"] == STEPS
    tensors = [*state.module.values(), *state.average.values(), *state.stage["recent"]]
    for optimizer in state.optimizers:
        tensors += [t for slot in optimizer["state"].values() for t in slot.values()]
    assert all(t.isfinite().all() for t in tensors), "what diverged has no bits to compare: NaN has many"
    return b"".join(t.contiguous().numpy().tobytes() for t in tensors)


def test_killed_ten_times_at_random_moments_ends_bit_equal_to_the_unbroken_run(frames, tmp_path):
    # Forked from a server that has torch but never computed: children of a process with threads may hang.
    fork = multiprocessing.get_context("forkserver")
    fork.set_forkserver_preload(["vireo.training.stages.vae"])
    ready = fork.Process(target=torch.set_num_threads, args=(1,))
    ready.start()
    ready.join()
    began = time.monotonic()
    whole = fork.Process(target=train, args=(frames, tmp_path / "whole"))
    whole.start()
    whole.join()
    assert whole.exitcode == 0
    length = time.monotonic() - began
    rng, kills, reached = random.Random(0), 0, []
    broken = tmp_path / "broken"
    while True:
        child = fork.Process(target=train, args=(frames, broken))
        child.start()
        if kills < KILLS:
            child.join(rng.uniform(0.05, 0.45) * length)
            if child.is_alive():
                os.kill(child.pid, signal.SIGKILL)
                kills += 1
        child.join()
        assert child.exitcode in (0, -signal.SIGKILL)
        state = Checkpoint.load(broken / "vae")
        reached.append(state.step if state else 0)
        if child.exitcode == 0 and kills == KILLS:
            break
        if reached[-1] == STEPS:
            # Done before all kills were spent: what is left of them starts over.
            assert state_bytes(broken) == state_bytes(tmp_path / "whole")
            broken = tmp_path / f"broken-{len(reached)}"
    assert any(0 < step < STEPS for step in reached), "no kill hit a run in its middle"
    assert state_bytes(broken) == state_bytes(tmp_path / "whole")


def test_time_limit_leaves_a_checkpoint_and_the_same_call_goes_on(frames, tmp_path):
    seen = []
    assert run(make_stage(frames), tmp_path / "run", minutes=0.0) is False
    assert Checkpoint.load(tmp_path / "run" / "vae").step == 1
    assert run(make_stage(frames), tmp_path / "run", on_progress=seen.append) is True
    assert [p.step for p in seen][-1] == STEPS
    assert len(list((tmp_path / "run" / "vae" / "samples").glob("*.png"))) == STEPS // 25


def test_ctrl_c_finishes_the_step_saves_and_is_passed_on(frames, tmp_path):
    def interrupt(progress):
        if progress.step == 10:
            os.kill(os.getpid(), signal.SIGINT)

    handler = signal.getsignal(signal.SIGINT)  # of a job in the background, to ignore it
    with pytest.raises(KeyboardInterrupt):
        run(make_stage(frames), tmp_path, on_progress=interrupt)
    assert 10 <= Checkpoint.load(tmp_path / "vae").step <= 11
    assert signal.getsignal(signal.SIGINT) is handler


def test_another_batch_size_is_refused(frames, tmp_path):
    run(make_stage(frames), tmp_path, minutes=0.0)
    with pytest.raises(InputError, match="batch_size"):
        run(make_stage(frames, batch_size=3), tmp_path)


def test_truncated_checkpoint_is_named(frames, tmp_path):
    run(make_stage(frames), tmp_path, minutes=0.0)
    path = tmp_path / "vae" / "checkpoint.pt"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(InputError, match=r"checkpoint\.pt cannot be read"):
        run(make_stage(frames), tmp_path)


def test_learning_rate_rises_stays_and_falls_to_nothing():
    config = LoopConfig(steps=100, batch_size=1, learning_rate=2.0, warmup=10, cooldown=0.2)
    rates = [rate_factor(step, config) for step in range(101)]
    assert rates[0] == pytest.approx(0.1)
    assert rates[9] == rates[50] == rates[80] == pytest.approx(1)
    assert rates[90] == pytest.approx(0.5)
    assert rates[100] == 0


def test_a_run_that_goes_on_takes_the_new_rate(frames, tmp_path):
    run(make_stage(frames), tmp_path, minutes=0.0)
    run(make_stage(frames, learning_rate=5e-3), tmp_path, minutes=0.0)
    groups = Checkpoint.load(tmp_path / "vae").optimizers[0]["param_groups"]
    assert [group["lr"] for group in groups] == [pytest.approx(5e-3 * 3 / 5)] * 2  # the rate of the third step


def test_the_resolved_configuration_is_kept_with_the_checkpoint(frames, tmp_path):
    run(make_stage(frames), tmp_path, minutes=0.0)
    config = Checkpoint.load(tmp_path / "vae").config
    assert (config["width"], config["loop"]["steps"], config["loop"]["warmup"]) == (16, STEPS, 5)
    assert json.loads((tmp_path / "vae" / "config.json").read_text()) == config


def test_products_have_the_precision_that_is_asked_for(frames):
    losses = {dtype: make_stage(frames, dtype=dtype).dtype for dtype in ("bfloat16", "float32")}
    assert losses == {"bfloat16": torch.bfloat16, "float32": torch.float32}


def low_rank():
    """A frozen matrix beside a small one that trains."""
    module = torch.nn.ModuleDict({"base": torch.nn.Linear(64, 64).requires_grad_(False), "lora": torch.nn.Linear(4, 4)})
    return module.bfloat16()


def test_what_is_frozen_is_neither_averaged_nor_saved():
    module = low_rank()
    average = MovingAverage(module, 0.9)
    assert sum(p.numel() for p in average.average.module.parameters()) == 20
    assert set(trained_state(module)) == {"lora.weight", "lora.bias"}
    other = low_rank()
    frozen = other["base"].weight.clone()
    load_trained_state(other, trained_state(module))
    assert torch.equal(other["lora"].weight, module["lora"].weight)
    assert torch.equal(other["base"].weight, frozen)
    with pytest.raises(RuntimeError, match="another module"):
        load_trained_state(other, {"lora.weight": module["lora"].weight})


def test_the_average_is_float32_and_its_decay_rises():
    module = low_rank()
    average, wanted = MovingAverage(module, 0.2), module["lora"].weight.detach().float().clone()
    for step in range(1, 6):
        with torch.no_grad():
            module["lora"].weight.add_(0.125)
        average.update()
        decay = min(0.2, (1 + step) / (10 + step))
        wanted = wanted.lerp(module["lora"].weight.detach().float(), 1 - decay)
    assert torch.equal(average.average.module[0], wanted)
    before = module["lora"].weight.detach().clone()
    with average.in_module():
        assert torch.equal(module["lora"].weight, wanted.bfloat16())
    assert torch.equal(module["lora"].weight, before)
