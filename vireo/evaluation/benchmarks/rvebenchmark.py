"""RVEBenchmark, of reasoning edits as ReViSE's; judged by ReViSE's rubric."""

from __future__ import annotations

from vireo.evaluation.benchmarks.benchmark import Benchmark
from vireo.evaluation.benchmarks.usual_fields import USUAL_FIELDS

RVEBENCHMARK = Benchmark(name="rvebenchmark", layout=USUAL_FIELDS, rubric="revise")
