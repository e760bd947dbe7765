"""What the machine is said to have, and how it is timed."""

import os
from pathlib import Path

import torch

from vireo.evaluation import bench, system_info


def test_memory_is_that_of_the_system():
    lines = Path("/proc/meminfo").read_text().splitlines()
    stated = next(line for line in lines if line.startswith("MemTotal"))
    assert abs(system_info.memory_gb() - int(stated.split()[1]) / 2**20) < 0.05


def test_facts_are_complete_and_say_what_gl_does(monkeypatch):
    monkeypatch.setattr(system_info, "GL_TEST", "print('renders')")
    facts = system_info.facts()
    assert {"cores", "amx", "gpu", "memory", "decoders", "encoders", "gl", "hub cache"} <= set(facts)
    assert facts["cores"] == len(os.sched_getaffinity(0))
    assert facts["gl"] == "renders"
    assert "ffv1" in facts["encoders"]
    assert torch.__version__ in facts["torch"]
    monkeypatch.setattr(system_info, "GL_TEST", "import os; os.abort()")
    assert "does not render" in system_info.gl_state()


def test_timing_is_the_median_after_a_warm_up(monkeypatch):
    ticks = iter([0, 5, 5, 6, 6, 9])  # 5, 1 and 3 seconds
    monkeypatch.setattr(bench.time, "perf_counter", lambda: next(ticks))
    calls = []
    assert bench.timed(lambda: calls.append(1), repeats=3) == 3
    assert len(calls) == 4


def test_report_holds_what_was_asked_for(monkeypatch):
    monkeypatch.setattr(bench, "matmul_rate", lambda dtype: {torch.bfloat16: 800.0, torch.float32: 100.0}[dtype])
    monkeypatch.setattr(bench, "bench_world", lambda: {"seconds_a_clip": 0.5})
    report = bench.run("world")
    assert report["matmul"] == {"bf16": 800.0, "fp32": 100.0, "bf16_over_fp32": 8.0}
    assert report["world"] == {"seconds_a_clip": 0.5}
    assert "edit" not in report


def test_share_of_the_matmul_rate(monkeypatch):
    from vireo.training import throughput

    step = throughput.StepTiming(seconds=2.0, flops=600e9, batch=24)
    monkeypatch.setattr(throughput, "measure_step", lambda: step)
    figures = bench.bench_train(1000.0)
    assert figures["rate"] == 300
    assert figures["share_of_bf16_matmul"] == 0.3
    assert figures["samples_a_second"] == 12


def test_matmul_rate_is_plausible():
    assert 0.1 < bench.matmul_rate(torch.float32, size=128) < 1e6
