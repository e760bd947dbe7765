"""The machine: device, threads, seeds, and files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from vireo.errors import InputError

if TYPE_CHECKING:
    import torch


def pick_device(name: str = "auto") -> torch.device:
    """The device called "auto" (the first CUDA device where there is one, else the CPU), "cpu", "cuda" or "cuda:N".

    Raises InputError where the machine has no such device.
    """
    import torch

    present = ["cpu", *(f"cuda:{index}" for index in range(torch.cuda.device_count()))]
    if name == "auto":
        name = "cuda" if len(present) > 1 else "cpu"
    name = "cuda:0" if name == "cuda" else name
    if name not in present:
        raise InputError(f"there is no device {name!r} here", f"choose from auto, {', '.join(present)}")
    return torch.device(name)


def pick_dtype(name: str | None = None) -> torch.dtype:
    """Precision of matrix products: "bfloat16", the default, or "float32". Raises InputError for others."""
    import torch

    known = {"bfloat16": torch.bfloat16, "float32": torch.float32}
    if name is not None and name not in known:
        raise InputError(f"{name!r} is no precision of products", f"choose from {', '.join(known)}")
    return known[name or "bfloat16"]


def autocast(device: torch.device, dtype: torch.dtype | None = None) -> contextlib.AbstractContextManager:
    """Matrix products in `dtype`, bfloat16 where none is named: 8-10 times faster than float32 on CPUs with AMX.

    float32 switches autocast off.
    """
    import torch

    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=dtype != torch.float32)


def cache_folder() -> Path:
    """Where what can be made again is kept for this user: $XDG_CACHE_HOME/vireo, else ~/.cache/vireo."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "vireo"


def available_cores() -> int:
    """Cores this process may run on (a `taskset` is respected)."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def end_with_parent() -> None:
    """From now on this process ends when the one that started it does, however that ends: a worker whose parent was
    killed would wait for work for ever. For processes of `multiprocessing`."""
    parent = multiprocessing.parent_process()
    assert parent is not None, "started by multiprocessing"

    def wait() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True, name="end with parent").start()


def waiting_threads() -> None:
    """Lets torch's threads sleep while they wait for one another; to be called before torch is imported.

    By default they spin, and an edit whose cores are wanted by others, be it by its own decoder, takes up to four times
    as long (10 s of 1280x720 on two busy cores: 36 s instead of 142, 36 s of processor time instead of 124).
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


@contextlib.contextmanager
def preserved_scheduling() -> Iterator[None]:
    """Restores the scheduling policy of this thread, and sets it for threads that start within the block.

    A workaround for SVT-AV1: run by root, it gives the thread that opens it, and its own threads, the highest real-time
    priority. Threads and processes that start later inherit it and starve all others. Linux only.
    """
    tasks = Path("/proc/self/task")
    if not tasks.is_dir():
        yield
        return
    policy, priority = os.sched_getscheduler(0), os.sched_getparam(0)
    before = {task.name for task in tasks.iterdir()}
    try:
        yield
    finally:
        started = {int(task.name) for task in tasks.iterdir() if task.name not in before}
        for thread in started | {threading.get_native_id()}:
            with contextlib.suppress(ProcessLookupError):
                if os.sched_getscheduler(thread) != policy:
                    os.sched_setscheduler(thread, policy, priority)


@contextlib.contextmanager
def lasting_imports() -> Iterator[None]:
    """For the imports of a process of our own: the garbage collector looks through none of their objects, now or later.

    Torch, transformers and diffusers make a million objects that stay. To go through them again and again took a fifth
    of the processor time until mini was ready (5.2 s, now 4.4 s, on a busy machine), and 0.4 s once more in the edit.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if enabled:
            gc.enable()


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yields a temporary path beside `path`, and renames the file on success; after an error nothing is left.

    The temporary name keeps the suffix of `path`, so that writers that choose a format by it still do.
    """
    path = Path(path)
    handle, name = tempfile.mkstemp(prefix=f".{path.stem[:40]}.", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o644)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def source_commit() -> str:
    """The commit of the source tree that runs, with +changes where it differs; "unknown" outside of one."""
    if shutil.which("git") is None:
        return "unknown"
    here = Path(__file__).resolve().parent

    def git(*words: str) -> str | None:
        done = subprocess.run(["git", "-C", str(here), *words], capture_output=True, text=True, check=False)
        return done.stdout.strip() if done.returncode == 0 else None

    commit = git("rev-parse", "--short=12", "HEAD")
    if commit is None or git("ls-files", "--error-unmatch", Path(__file__).name) is None:
        return "unknown"
    return commit + ("+changes" if git("status", "--porcelain", "--untracked-files=no", "--", "..") else "")
