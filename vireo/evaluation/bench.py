"""Timings on this machine: medians, and ratios that can be compared between machines."""

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from vireo.evaluation.system_info import cpu_name, memory_gb
from vireo.runtime import available_cores, source_commit

MATRIX = 1536
REPEATS = 5


def run(what: str, *, model: str = "mini", on_part: Callable[[str], None] = lambda name: None) -> dict[str, Any]:
    """Times `train`, `edit`, `world` or `all` of them, beside the machine's rate of matrix products.

    Returns plain data; all times are medians in seconds, rates in 1e9 floating-point operations a second.
    on_part: called with the name of each part before it is timed.
    """
    parts: dict[str, Callable[[], dict[str, Any]]] = {
        "train": lambda: bench_train(rates["bf16"]),
        "edit": lambda: bench_edit(model),
        "world": bench_world,
    }
    on_part("matrix products")
    rates = {"bf16": matmul_rate(torch.bfloat16), "fp32": matmul_rate(torch.float32)}
    report: dict[str, Any] = {
        "machine": {
            "cpu": cpu_name(),
            "cores": available_cores(),
            "threads": torch.get_num_threads(),
            "memory_gb": round(memory_gb(), 1),
            "torch": torch.__version__,
        },
        "commit": source_commit(),
        "matmul": {**rates, "bf16_over_fp32": rates["bf16"] / rates["fp32"]},
    }
    for name in parts if what == "all" else [what]:
        on_part(name)
        report[name] = parts[name]()
    return report


def matmul_rate(dtype: torch.dtype, size: int = MATRIX) -> float:
    """Rate of a square matrix product, 1e9 operations a second (2 n^3 a product), median of many."""
    generator = torch.Generator().manual_seed(0)
    a, b = (torch.randn(size, size, generator=generator).to(dtype) for _ in range(2))
    seconds = timed(lambda: a @ b, repeats=4 * REPEATS)
    return 2 * size**3 / seconds / 1e9


def timed(work: Callable[[], Any], repeats: int = REPEATS) -> float:
    """Median seconds of a call, after one that warms up."""
    work()
    seconds = []
    for _ in range(repeats):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)


def bench_train(matmul: float) -> dict[str, float]:
    """The editor's training step: its rate of operations as a share of the bf16 product's."""
    from vireo.training.throughput import measure_step

    step = measure_step()
    rate = step.flops / step.seconds / 1e9
    speed = {"seconds_a_step": step.seconds, "samples_a_second": step.batch / step.seconds}
    return speed | {"rate": rate, "share_of_bf16_matmul": rate / matmul}


def bench_edit(model: str) -> dict[str, Any]:
    """Seconds a stage of `edit_video` on a studio clip, loading included in each."""
    from vireo.pipeline.edit import edit_video
    from vireo.video.io import write_lossless
    from vireo.world.render import render
    from vireo.world.sampling import sample_scene

    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "source.mkv"
        frames = render(sample_scene(0)).frames
        write_lossless(source, frames, fps=8)
        edited = Path(folder) / "edited.mkv"
        options: dict[str, Any] = {"model": model, "executor": "model", "overwrite": True}
        runs = [edit_video(source, "make it night", edited, **options) for _ in range(REPEATS)]
    stages = {stage: statistics.median(run.seconds[stage] for run in runs) for stage in runs[0].seconds}
    return {"frames": len(frames), "seconds": stages, "seconds_a_frame": stages["total"] / len(frames)}


def bench_world() -> dict[str, float]:
    """Clips that one process renders in a second, scene sampling and physics included."""
    from vireo.world.render import render
    from vireo.world.sampling import sample_scene

    seeds = iter(range(1000))
    seconds = timed(lambda: render(sample_scene(next(seeds))), repeats=4 * REPEATS)
    return {"seconds_a_clip": seconds, "clips_a_second": 1 / seconds}
