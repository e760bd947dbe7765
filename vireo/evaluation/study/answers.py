"""User studies: people compare finished clips of several methods, blind; answers become rates and strengths.

pairs     two methods side by side; win, tie or lose for each criterion (VIVA D.3)
ranking   all methods at once, from best to worst; counted as the wins of every pair (ReViSE's study)
"""

import csv
import hashlib
import io
import itertools
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from vireo.errors import InputError
from vireo.evaluation.pair_clips import finished_clip
from vireo.evaluation.records import append_lines
from vireo.judges.rubric import RUBRICS
from vireo.metrics.ranking import bradley_terry
from vireo.metrics.significance import RESAMPLES, as_dict, mean_interval
from vireo.pairs.format import read_pairs
from vireo.rewards.votes import POINTS, read_answers

Mode = Literal["pairs", "ranking"]
Outcome = Literal["win", "tie", "lose"]

CRITERIA: dict[Mode, dict[str, str]] = {
    "pairs": {criterion.name: criterion.asks for criterion in RUBRICS["viva"] if criterion.when == "always"},
    "ranking": {"overall": "Order the edited videos from the best to the worst."},
}
"""Names and what people are asked."""

COLUMNS = ("time", "rater", "item", "criterion", "first", "second", "outcome")
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
_MIRRORED = {"win": "lose", "tie": "tie", "lose": "win"}
_NAME_LENGTH = 40


@dataclass(frozen=True)
class Task:
    """One screen. methods: in the order of this rater's screen."""

    number: int
    item: str
    instruction: str
    methods: tuple[str, ...]


class Study:
    """Over a pair set and one folder of finished clips (ID.mkv or ID.mp4) a method.

    out: folder of answers.csv, from which a study goes on. left_out: pairs that not every method has a clip of.
    Raises InputError for fewer than two methods and where no pair has all its clips.
    """

    def __init__(
        self, pairs_dir: Path, methods: Mapping[str, Path], out: Path, mode: Mode = "pairs", seed: int = 0
    ) -> None:
        if len(methods) < 2:
            raise InputError("a study compares at least two methods", "name them as NAME=FOLDER")
        self.out, self.seed, self.methods = out, seed, list(methods)
        self.mode: Mode = mode
        self.clips: dict[tuple[str, str], Path] = {}
        self.instructions: dict[str, str] = {}
        self.left_out: list[str] = []
        for pair in read_pairs(pairs_dir):
            found = {name: clip for name, folder in methods.items() if (clip := finished_clip(folder, pair.id))}
            if len(found) < len(methods):
                self.left_out.append(pair.id)
                continue
            self.instructions[pair.id] = pair.instruction
            self.clips[pair.id, ""] = pairs_dir / pair.source
            self.clips |= {(pair.id, name): path for name, path in found.items()}
        if not self.instructions:
            raise InputError("no pair has a clip of every method", "name folders that hold ID.mkv or ID.mp4")
        self.out.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()

    def tasks(self, rater: str) -> list[Task]:
        """All screens of a rater in their order, which is another one for each name and always the same for one."""
        rng = np.random.default_rng([self.seed, int(hashlib.sha256(rater.encode()).hexdigest()[:12], 16)])
        size = 2 if self.mode == "pairs" else len(self.methods)
        groups = [(item, group) for item in self.instructions for group in itertools.combinations(self.methods, size)]
        tasks = []
        for number, k in enumerate(rng.permutation(len(groups))):
            item, group = groups[int(k)]
            order = tuple(group[int(i)] for i in rng.permutation(size))
            tasks.append(Task(number, item, self.instructions[item], order))
        return tasks

    def open_tasks(self, rater: str) -> list[Task]:
        """Those that this rater has not answered."""
        rows = [row for row in self.answers() if row["rater"] == rater]
        done = {(row["item"], frozenset((row["first"], row["second"]))) for row in rows}
        return [
            task
            for task in self.tasks(rater)
            if not all((task.item, frozenset(two)) in done for two in itertools.combinations(task.methods, 2))
        ]

    def answer(self, rater: str, number: int, given: Any) -> None:
        """Adds one screen's answers to answers.csv, on disk before this returns.

        given: for pairs {criterion: "win", "tie" or "lose"} of the first on the screen against the second; for a
        ranking the places on the screen, best first. Raises InputError for anything else.
        """
        rater = checked_name(rater)
        with self._lock:  # two answers to one screen must not both find it open
            task = next((task for task in self.open_tasks(rater) if task.number == number), None)
            if task is None:
                raise InputError(f"screen {number} is not open for {rater}", "load the page again")
            now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            rows = [(now, rater, task.item, *outcome) for outcome in self._outcomes(task, given)]
            path = self.out / "answers.csv"
            begun = path.is_file() and path.stat().st_size > 0
            lines = io.StringIO()
            csv.writer(lines, lineterminator="\n").writerows(rows if begun else [COLUMNS, *rows])
            append_lines(path, lines.getvalue())

    def _outcomes(self, task: Task, given: Any) -> list[tuple[str, str, str, Outcome]]:
        if self.mode == "pairs":
            wanted = CRITERIA["pairs"]
            whole = isinstance(given, dict) and given.keys() == wanted.keys()
            if not whole or any(outcome not in OUTCOMES for outcome in given.values()):
                raise InputError("an answer is missing", f"answer win, tie or lose to {', '.join(wanted)}")
            first, second = task.methods
            return [(criterion, first, second, given[criterion]) for criterion in wanted]
        places = sorted(map(repr, range(len(task.methods))))
        if not isinstance(given, list) or sorted(map(repr, given)) != places:  # 0.0 and False are no places
            raise InputError("the order is not complete", "put every video in its place")
        order = [task.methods[place] for place in given]
        return [("overall", better, worse, "win") for better, worse in itertools.combinations(order, 2)]

    def answers(self) -> list[dict[str, str]]:
        """All rows so far; a line that was cut off does not count."""
        path = self.out / "answers.csv"
        if not path.is_file():
            return []
        with self._lock:
            return read_answers(path)


def checked_name(name: str) -> str:
    """A rater's name as it is kept; raises InputError for none, an overlong one and one of unprintable characters."""
    name = " ".join(str(name).split())
    if not name or len(name) > _NAME_LENGTH or not name.isprintable() or name[0] in "=+-@":
        raise InputError("this is no name", f"give one of 1 to {_NAME_LENGTH} letters")
    return name


def results(answers: Sequence[Mapping[str, str]], methods: Sequence[str]) -> dict[str, Any]:
    """By criterion: `pairs`, for every two methods the rates of win, tie and lose of the first with n, and
    `strength`, Bradley-Terry's (mean 0) with 95 % intervals from resampled items."""
    found = {}
    for criterion in dict.fromkeys(row["criterion"] for row in answers):
        rows = [row for row in answers if row["criterion"] == criterion]
        table = []
        for first, second in itertools.combinations(methods, 2):
            outcomes = [
                row["outcome"] if row["first"] == first else _MIRRORED[row["outcome"]]
                for row in rows
                if {row["first"], row["second"]} == {first, second}
            ]
            if outcomes:
                rates = {name: as_dict(mean_interval([o == name for o in outcomes])) for name in POINTS}
                table.append({"first": first, "second": second, "n": len(outcomes), **rates})
        found[criterion] = {"pairs": table, "strength": _strengths(rows, methods)}
    raters = sorted({row["rater"] for row in answers})
    return {"raters": len(raters), "answers": len(answers), "criteria": found}


def _strengths(rows: Sequence[Mapping[str, str]], methods: Sequence[str]) -> dict[str, dict[str, float]]:
    items = list(dict.fromkeys(row["item"] for row in rows))
    wins = np.zeros((len(items), len(methods), len(methods)))
    for row in rows:
        k, i, j = items.index(row["item"]), methods.index(row["first"]), methods.index(row["second"])
        points = POINTS[row["outcome"]]
        wins[k, i, j] += points
        wins[k, j, i] += 1 - points
    generator = np.random.default_rng(0)
    drawn = [bradley_terry(wins[generator.integers(0, len(items), len(items))].sum(0)) for _ in range(RESAMPLES // 4)]
    low, high = np.percentile(drawn, [2.5, 97.5], axis=0)
    best = bradley_terry(wins.sum(0))
    return {
        name: {"strength": float(best[k]), "low": float(low[k]), "high": float(high[k])}
        for k, name in enumerate(methods)
    }
