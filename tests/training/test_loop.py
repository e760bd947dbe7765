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
from vireo.training.checkpoint import load_checkpoint
from vireo.training.loop import LoopConfig, learning_rate, run
from vireo.training.stages.vae import VaeConfig, VaeStage

STEPS = 60


@pytest.fixture
def frames(tmp_path):
    rng = np.random.default_rng(0)
    np.save(tmp_path / "frames.npy", rng.integers(0, 256, (12, 9, 16, 16, 3), dtype=np.uint8))
    (tmp_path / "frames.json").write_text(json.dumps({str(i): i for i in range(12)}))
    return FrameCache(tmp_path)


def make_stage(frames, **changes):
    loop = {"steps": STEPS, "batch_size": 2, "learning_rate": 1e-3, "checkpoint_minutes": 1e-4, **changes}
    loop = LoopConfig(**loop, warmup=5, sample_every=25, log_every=5, compile_blocks=False)
    config = VaeConfig(latent_channels=4, width=16, encoder_blocks=1, decoder_blocks=1, refine_blocks=1, loop=loop)
    return VaeStage(config, frames, torch.device("cpu"))


def train(frames, folder):
    torch.set_num_threads(1)
    run(make_stage(frames), folder)


def state_bytes(folder):
    state = load_checkpoint(folder / "vae")
    assert state["step"] == STEPS
    tensors = [*state["module"].values(), *state["average"].values()]
    for optimizer in state["optimizers"]:
        tensors += [t for slot in optimizer["state"].values() for t in slot.values()]
    assert all(t.isfinite().all() for t in tensors), "what diverged has no bits to compare: NaN has many"
    return b"".join(t.contiguous().numpy().tobytes() for t in tensors)


def test_killed_twenty_times_at_random_moments_ends_bit_equal_to_the_unbroken_run(frames, tmp_path):
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
        if kills < 20:
            child.join(rng.uniform(0.05, 0.45) * length)
            if child.is_alive():
                os.kill(child.pid, signal.SIGKILL)
                kills += 1
        child.join()
        assert child.exitcode in (0, -signal.SIGKILL)
        state = load_checkpoint(broken / "vae")
        reached.append(state["step"] if state else 0)
        if child.exitcode == 0 and kills == 20:
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
    assert load_checkpoint(tmp_path / "run" / "vae")["step"] == 1
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
    assert 10 <= load_checkpoint(tmp_path / "vae")["step"] <= 11
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
    rates = [learning_rate(step, config) for step in range(101)]
    assert rates[0] == pytest.approx(0.2)
    assert rates[9] == rates[50] == rates[80] == pytest.approx(2.0)
    assert rates[90] == pytest.approx(1.0)
    assert rates[100] == 0
