"""Freed memory serves the next tensors, and huge pages are asked for. Each case runs in a process of its own."""

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
print(faults, open("/proc/self/smaps").read())
"""
BEGIN = "from vireo.training.memory import reuse_memory; reuse_memory(); reuse_memory()"


def measured(begin: str) -> tuple[int, bool]:
    """Page faults of 6 tensors of 64 MiB after 6 others, and whether the heap asks the system for huge pages."""
    command = [sys.executable, "-c", STEPS.format(begin=begin)]
    faults, maps = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split(" ", 1)
    flags = re.search(r"\[heap\].*?VmFlags:([a-z ]*)", maps, re.DOTALL)
    return int(faults), "hg" in flags[1].split()


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="Linux alone tells about its pages")
def test_memory_is_reused_and_huge_pages_are_asked_for():
    fresh, plain = measured("")
    faults, huge = measured(BEGIN)
    assert faults < fresh / 20  # the system moves or splits a huge page now and then: 512 faults
    assert not plain
    assert huge or not Path("/sys/kernel/mm/transparent_hugepage").exists()
