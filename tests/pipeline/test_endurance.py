"""Large and long clips through the whole program.

pytest -s tests/pipeline/test_endurance.py --long     the full lengths, prints the figures (6 minutes)
"""

import subprocess
import sys
import time

import numpy as np
import pytest
from tours import ROUND, colours_and_steps, drift, peak_memory, seam_ratio, write_tour

from vireo.models.editors.mini import MINI_FACTS

WINDOW = MINI_FACTS.window_frames
INSTRUCTION = "make it black and white"


@pytest.fixture
def full(request):
    return request.config.getoption("--long")


def edited(folder, name, size, frames, suffix, executor="model"):
    """Seconds and peak megabytes of editing a tour."""
    source, output = folder / f"{name}{suffix}", folder / f"{name}-edited{suffix}"
    write_tour(source, size, frames)
    began = time.perf_counter()
    command = [sys.executable, "-c", "from vireo.cli import main; main()"]
    command += ["edit", str(source), INSTRUCTION, "-o", str(output), "--executor", executor]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with process, peak_memory(process.pid) as peak:
        assert process.wait() == 0
    return time.perf_counter() - began, peak[0] / 2**20


@pytest.mark.parametrize(("executor", "limit"), [("model", 90), ("auto", 15)])
def test_ten_seconds_of_720p(tmp_path, full, executor, limit):
    seconds, megabytes = edited(tmp_path, "hd", (1280, 720), 300 if full else 30, ".mp4", executor)
    print(f"\n1280x720, {executor}: {seconds:.1f} s, {megabytes:.0f} MB")
    assert seconds < limit
    assert megabytes < 2048


def test_memory_colour_and_seams_of_a_long_clip(tmp_path, full):
    frames = 10_000 if full else ROUND
    _, short = edited(tmp_path, "short", (160, 120), 81, ".mkv")
    seconds, long = edited(tmp_path, "long", (160, 120), frames, ".mkv")
    before, after = (colours_and_steps(tmp_path / f"{name}.mkv") for name in ("long", "long-edited"))
    assert len(after[0]) == frames
    seams = seam_ratio(after[1], before[1], WINDOW, MINI_FACTS.overlap)
    print(f"\n{frames} frames: {seconds:.0f} s, {long:.0f} MB against {short:.0f} MB for 81 ({long / short:.3f})")
    print(f"seams {seams:.3f}")
    assert long / short < 1.05
    assert seams < 1.1
    if full:
        slope, low, high = drift(after[0])
        print(f"drift {slope:.4f} [{low:.4f}, {high:.4f}] Delta E per 1000 frames")
        assert low <= 0 <= high


def test_what_is_measured_tells_drift_and_seams():
    rng = np.random.default_rng(0)
    still = rng.normal(0, 0.1, (50 * ROUND, 3))
    times = np.arange(len(still))[:, None] / 1000
    assert drift(still)[1] <= 0 <= drift(still)[2]
    slope, low, _ = drift(still + 0.2 * times)
    assert low > 0
    assert slope == pytest.approx(0.2 * 3**0.5, rel=0.1)
    steps = np.ones(700)
    assert seam_ratio(steps, steps, WINDOW, MINI_FACTS.overlap) == 1
    jumps = steps + (np.arange(1, 701) % 7 == 1)
    assert seam_ratio(jumps, steps, WINDOW, MINI_FACTS.overlap) > 1.2
