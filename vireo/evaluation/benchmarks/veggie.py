"""VEGGIE's benchmark. Its detection score and mIoU are not measured: their formulas are not published."""

from __future__ import annotations

from vireo.evaluation.benchmarks.benchmark import Benchmark
from vireo.evaluation.benchmarks.usual_fields import USUAL_FIELDS

VEGGIE = Benchmark(name="veggie", layout=USUAL_FIELDS)
