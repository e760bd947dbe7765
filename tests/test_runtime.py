"""Devices and precisions by name."""

import gc
import os
import socket
import subprocess
import sys

import pytest
import torch

from vireo.errors import InputError
from vireo.runtime import autocast, lasting_imports, pick_device, pick_dtype, waiting_threads


@pytest.mark.parametrize("count", [0, 2])
def test_devices_by_name(monkeypatch, count):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
    assert pick_device("cpu") == torch.device("cpu")
    assert pick_device() == torch.device("cuda:0" if count else "cpu")
    if count:
        assert pick_device("cuda") == torch.device("cuda:0")
        assert pick_device("cuda:1") == torch.device("cuda:1")
    for absent in ("cuda:2", "tpu", *(() if count else ("cuda",))):
        with pytest.raises(InputError, match=r"choose from auto, cpu, cuda:0, cuda:1" if count else "from auto, cpu"):
            pick_device(absent)


@pytest.mark.parametrize(("name", "kept"), [(None, torch.bfloat16), ("bfloat16", torch.bfloat16), ("float32", None)])
def test_products_have_the_precision_that_is_named(name, kept):
    one = torch.ones(2, 2)
    with autocast(torch.device("cpu"), pick_dtype(name)):
        assert (one @ one).dtype == (kept or torch.float32)


def test_an_unknown_precision_is_refused():
    with pytest.raises(InputError, match="bfloat16, float32"):
        pick_dtype("float8")


def test_objects_of_imports_are_not_collected_again():
    before = gc.get_freeze_count()
    try:
        with lasting_imports():
            assert not gc.isenabled()
            made = [[] for _ in range(1000)]
        assert gc.isenabled()
        assert gc.get_freeze_count() >= before + len(made)
    finally:
        gc.unfreeze()


def test_waiting_threads_sleep_unless_the_user_says_otherwise(monkeypatch):
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    waiting_threads()
    assert os.environ["OMP_WAIT_POLICY"] == "PASSIVE"
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    waiting_threads()
    assert os.environ["OMP_WAIT_POLICY"] == "ACTIVE"


WORKER = """
import multiprocessing, socket, sys, time
from vireo.runtime import end_with_parent

def work(port):
    end_with_parent()
    line = socket.create_connection(("127.0.0.1", port))
    line.sendall(b"!")
    time.sleep(600)

if __name__ == "__main__":
    worker = multiprocessing.get_context("spawn").Process(target=work, args=(int(sys.argv[1]),))
    worker.start()
    worker.join()
"""


def test_a_worker_ends_when_its_parent_is_killed(tmp_path):
    (tmp_path / "worker.py").write_text(WORKER)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(120)
        parent = subprocess.Popen([sys.executable, str(tmp_path / "worker.py"), str(server.getsockname()[1])])
        line, _ = server.accept()
        with line:
            line.settimeout(120)
            assert line.recv(1) == b"!"
            parent.kill()
            parent.wait()
            assert line.recv(1) == b""  # the line ends with the worker
