"""Freed memory serves the next tensors, in huge pages. Each case runs in a process of its own."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

STEPS = """
import resource, torch
{begin}
for _ in range(2):  # the first round asks the system for pages
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(6):
        torch.ones(16 << 20)
faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
kept = torch.ones(64 << 20)
print(faults, open("/proc/self/smaps_rollup").read())
"""
BEGIN = "from vireo.training.memory import reuse_memory; reuse_memory(); reuse_memory()"


def measured(begin: str) -> tuple[int, int]:
    """Page faults of 6 tensors of 64 MiB after 6 others, and kilobytes in huge pages beside one of 256 MiB."""
    command = [sys.executable, "-c", STEPS.format(begin=begin)]
    faults, facts = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split(" ", 1)
    return int(faults), int(re.search(r"AnonHugePages:\s+(\d+)", facts)[1])


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="Linux alone tells about its pages")
def test_memory_is_reused_in_huge_pages():
    faults, huge = measured(BEGIN)
    assert faults < 100 < measured("")[0]
    switch = Path("/sys/kernel/mm/transparent_hugepage/enabled")
    if switch.exists() and "[never]" not in switch.read_text():
        assert huge > 200_000
