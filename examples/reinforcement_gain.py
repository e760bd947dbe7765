"""What reinforcement learning brings a reasoner: its plans before and after, on queries that neither has seen.

    vireo train reinforce --workdir RUN --set reinforce.init_from=START
    python examples/reinforcement_gain.py SET START RUN/reinforce/model [RUN2/reinforce/model ...] [--queries 120]

SET: folder of the queries with their exact results; is made where it is not there (training split, seeds that
`vireo train` does not use). For each reasoner: the mean accuracy of its plans on exact twins, the mean quality of what
the editor makes of them, and the reward; then the gain over START with its 95 % interval, of each run and of all.
"""

import argparse
from pathlib import Path

import numpy as np

from vireo.evaluation.report.tables import markdown_table
from vireo.instruction_tuning.studio_vocabulary import studio_vocabulary
from vireo.metrics.significance import mean_interval
from vireo.models.editors.opening import open_editor
from vireo.reasoning.hops import Language
from vireo.reasoning.plan import Plan
from vireo.reasoning.reasoner.opening import open_reasoner
from vireo.training.plan_rewards import EditQuality, accuracy
from vireo.training.stages.reinforce import ReinforceConfig, open_tasks

FIRST_SEED = 760_000
COLUMNS = ("accuracy", "quality", "reward")

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("set", type=Path)
parser.add_argument("start")
parser.add_argument("runs", nargs="+")
parser.add_argument("--queries", type=int, default=120)
options = parser.parse_args()
queries = options.queries
config = ReinforceConfig(videos=max(1, queries // 4), queries=queries, seed=FIRST_SEED)
tasks = open_tasks(options.set, config, Language(studio_vocabulary()), lambda done, total: None)
quality = EditQuality(options.set, open_editor(config.editor))


def worth(name: str) -> np.ndarray:
    """(queries, columns)."""
    reasoner, rows = open_reasoner(name), []
    for pair in tasks.pairs:
        assert pair.reasoning is not None, "a pair of StudioRVE"
        plan = reasoner.plan(pair.instruction, tasks.twins[pair.reasoning["twin"]])
        exact, made = accuracy(plan, Plan.model_validate(pair.reasoning["plan"])), quality(pair, plan)
        rows.append((exact, made, exact + config.quality * made))
    return np.array(rows)


before = worth(options.start)
rows, gains = [["start", *(f"{value:.3f}" for value in before.mean(0))]], []
for run in options.runs:
    after = worth(run)
    gains.append(after - before)
    rows.append([run, *(f"{value:.3f}" for value in after.mean(0))])
for name, gain in [*zip(options.runs, gains, strict=True), ("all runs", np.mean(gains, 0))]:
    cells = []
    for column in range(len(COLUMNS)):
        interval = mean_interval(gain[:, column])
        assert interval is not None, "there are queries"
        cells.append(f"{interval.rate:+.3f} [{interval.low:+.3f}, {interval.high:+.3f}]")
    rows.append([f"gain of {name}", *cells])
print(markdown_table(["plans", *COLUMNS], rows))
