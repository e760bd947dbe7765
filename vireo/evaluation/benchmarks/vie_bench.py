"""VIE-Bench (VIVA)."""

from __future__ import annotations

from vireo.evaluation.benchmarks.benchmark import Benchmark
from vireo.evaluation.benchmarks.usual_fields import USUAL_FIELDS

VIE_BENCH = Benchmark(name="vie-bench", layout=USUAL_FIELDS)
