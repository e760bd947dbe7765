"""The ladder's table: success by task and variant, and what each step up brings, with intervals."""

import itertools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from vireo.evaluation.ablation.variants import IMAGE_ONLY
from vireo.evaluation.records import Record
from vireo.evaluation.report.tables import figure, markdown_table
from vireo.metrics.significance import RESAMPLES

Runs = Mapping[str, Mapping[int, Mapping[str, Record]]]
"""Records by variant, seed and pair."""


def ablation_table(runs: Runs) -> dict[str, Any]:
    """For each variant, by task and for groups of tasks: `success`, `success_loose` and mean edit error, with 95 %
    intervals over both the seeds and the pairs; and the same of each variant minus the one before, where seeds and
    pairs are paired.

    groups: `videos` (tasks that were learned on video), `image only`, `all` of these, and `reference` by itself; every
    task weighs the same. A step `holds` where the interval of its success leaves out 0.
    """
    variants = list(runs)
    seeds, ids = list(runs[variants[0]]), list(runs[variants[0]][next(iter(runs[variants[0]]))])
    tasks: dict[str, list[int]] = defaultdict(list)
    for place, name in enumerate(ids):
        tasks[runs[variants[0]][seeds[0]][name].family].append(place)
    tasks.pop("hybrid", None)  # kept out of all training
    groups = {
        "videos": [task for task in tasks if task not in (*IMAGE_ONLY, "reference")],
        "image only": [task for task in tasks if task in IMAGE_ONLY],
        "all": [task for task in tasks if task != "reference"],
        "reference": [task for task in tasks if task == "reference"],
    }
    measures = ("success", "success_loose", "edit_error")
    values = {  # NaN where there is none
        variant: {
            name: np.array([[getattr(records[seed][i].composited, name) for i in ids] for seed in seeds], np.float64)
            for name in measures
        }
        for variant, records in runs.items()
    }

    def over(given: Mapping[str, np.ndarray], members: Sequence[str]) -> dict[str, Any]:
        return {name: _interval(given[name], [tasks[task] for task in members]) for name in measures}

    table: dict[str, Any] = {"tasks": {}, "groups": {}, "steps": {}}
    for variant, given in values.items():
        table["tasks"][variant] = {task: over(given, [task]) for task in tasks}
        table["groups"][variant] = {group: over(given, members) for group, members in groups.items()}
    for before, after in itertools.pairwise(variants):
        gained = {name: values[after][name] - values[before][name] for name in measures}
        step = {group: over(gained, members) for group, members in groups.items()}
        for found in step.values():
            success = found["success"]
            found["holds"] = success is not None and (success["low"] > 0 or success["high"] < 0)
        table["steps"][f"{after} against {before}"] = step
    return table


def _interval(values: np.ndarray, groups: Sequence[Sequence[int]]) -> dict[str, float] | None:
    """The mean over groups of their means, of values (seeds, pairs); seeds and, within groups, pairs are resampled."""
    # What has no value (the edit error of an absent object) has none with any seed.
    groups = [known for group in groups if len(known := [p for p in group if not np.isnan(values[:, p]).any()])]
    if not groups:
        return None
    generator, seeds = np.random.default_rng(0), len(values)
    drawn = values[generator.integers(0, seeds, (RESAMPLES, seeds))].mean(1)  # (RESAMPLES, pairs)
    means = [
        np.take_along_axis(drawn[:, group], generator.integers(0, len(group), (RESAMPLES, len(group))), 1).mean(1)
        for group in groups
    ]
    low, high = np.percentile(np.mean(means, axis=0), [2.5, 97.5])
    mean = float(np.mean([values[:, group].mean() for group in groups]))
    return {"rate": mean, "n": sum(map(len, groups)) * seeds, "low": float(low), "high": float(high)}


def as_markdown(report: Mapping[str, Any]) -> str:
    """Success in per cent by task and variant, the groups below, then each step up and whether it holds."""
    variants, rows = list(report["tasks"]), []
    for part, title in (("tasks", "{}"), ("groups", "**{}**")):
        for name in report[part][variants[0]]:
            rows.append([title.format(name), *(_cell(report[part][variant][name]) for variant in variants)])
    lines = [
        "Success of the models (executor model), per cent (loose; mean edit error); 95 % intervals over seeds, pairs.",
        "",
    ]
    for name, step in report["steps"].items():
        for group, found in step.items():
            if found["success"] is not None:
                points, loose = (figure(found[name], 1, times=100, sign="+") for name in ("success", "success_loose"))
                verdict = "holds" if found["holds"] else "is within chance"
                lines.append(f"- {name}, {group}: {points} points of success, {verdict} (loose {loose})")
    return "\n".join([markdown_table(["task", *variants], rows), *lines]) + "\n"


def _cell(found: Mapping[str, Any]) -> str:
    error = found["edit_error"]
    beside = figure(found["success_loose"], 0, times=100) + (f"; {error['rate']:.2f}" if error else "")
    return f"{figure(found['success'], 0, times=100)} ({beside})"
