"""A run of Edit-GRPO goes on after a kill, and is the same in two processes."""

import multiprocessing
import os
import signal
import socket
import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from edit_stage import LOOP, Bright, stage

from vireo.errors import InputError
from vireo.rewards.opening import RewardsConfig
from vireo.training.checkpoint import Checkpoint
from vireo.training.loop import run
from vireo.training.processes import ALONE, joined_processes, own_device


@pytest.fixture(autouse=True)
def one_thread():
    """Processes that are forked have no threads of their parent's."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


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
