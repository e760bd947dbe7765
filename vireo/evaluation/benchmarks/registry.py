"""All benchmarks by name. A new one is one file of this room and one line here; see CONTRIBUTING.md."""

from vireo.evaluation.benchmarks.benchmark import Benchmark
from vireo.evaluation.benchmarks.editverse import EDITVERSE
from vireo.evaluation.benchmarks.five import FIVE
from vireo.evaluation.benchmarks.rve_bench import RVE_BENCH
from vireo.evaluation.benchmarks.usual_fields import RVEBENCHMARK, VEGGIE, VIE_BENCH

_ALL = (
    VIE_BENCH,
    RVE_BENCH,
    RVEBENCHMARK,
    FIVE,
    VEGGIE,
    EDITVERSE,
)

BENCHMARKS: dict[str, Benchmark] = {benchmark.name: benchmark for benchmark in _ALL}
