"""Two evaluations of the same pairs side by side: what differs, how surely, and what could have been found."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from vireo.errors import InputError
from vireo.evaluation.records import ItemRecord, Record, read_records
from vireo.evaluation.report.summary import headline_families, present_families
from vireo.judges.rubric import RubricName, overall
from vireo.metrics.bootstrap import balanced_interval, mean_interval
from vireo.metrics.significance import detectable_difference, permutation_p

Scored = Record | ItemRecord


def compare(first: Path, second: Path) -> dict[str, Any]:
    """Differences, second minus first, on the pairs that both evaluations have scored with their own instruction; of
    pair sets or of a published benchmark.

    first, second: folders that `vireo eval` wrote.
    measures: for each value of `_values`, balanced over the headline's families: `difference` with its 95 % bootstrap
    interval, `p` (`permutation_p`) and `detectable` (`detectable_difference`: what 80 of 100 such comparisons would
    find). families: the same of the value `by` (success; without exact results the judge's overall score or the first
    measure), each family by itself; these p-values are not corrected for their number.

    Raises InputError for folders without an evaluation, and where they are of other pairs.
    """
    (one, earlier), (two, later) = (_read(Path(folder)) for folder in (first, second))
    common = [(earlier[name], later[name]) for name in earlier if name in later]
    if not common or any(a.instruction != b.instruction for a, b in common):
        raise InputError(f"{first} and {second} scored other pairs", "evaluate both on the same pair set")
    rubrics = [run["settings"].get("rubric") for run in (one, two)]
    rubric = rubrics[0] if rubrics[0] == rubrics[1] else None
    values = [(a.family, _values(a, rubric), _values(b, rubric)) for a, b in common]
    names = list(dict.fromkeys(name for _, a, _ in values for name in a))
    families = headline_families([a for a, _ in common])
    measures = {
        name: _difference({family: _differences(values, family, name) for family in families}) for name in names
    }
    by = next((name for name in names if measures[name]), None)
    if by is None:
        raise InputError(f"{first} and {second} measured different things", "evaluate both with the same options")
    return {
        "first": one,
        "second": two,
        "n": len(common),
        "left_out": len(earlier) + len(later) - 2 * len(common),
        "headline_families": families,
        "measures": {name: row for name, row in measures.items() if row},
        "by": by,
        "families": {
            family: {
                "first": _mean(a.get(by) for kind, a, _ in values if kind == family),
                "second": _mean(b.get(by) for kind, _, b in values if kind == family),
                **(_difference({family: _differences(values, family, by)}) or {}),
            }
            for family in present_families(a for a, _ in common)
        },
    }


def _read(folder: Path) -> tuple[dict[str, Any], dict[str, Scored]]:
    """What was scored, and the last record of each pair with its plain instruction."""
    try:
        report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
        named = {name: report[name] for name in ("model", "commit", "settings")}
    except (OSError, ValueError, KeyError, TypeError):
        raise InputError(f"{folder} holds no finished evaluation", "make one with: vireo eval") from None
    records = read_records(folder / "records.jsonl", ItemRecord if "layout" in report else Record).values()
    return named, {record.id: record for record in records if record.condition == "plain"}


def _values(record: Scored, rubric: RubricName | None) -> dict[str, float]:
    """All that was measured of an edit as users get it: against the truth, by a judge (overall and each criterion),
    and by the papers' measures. What a pair has no value of is left out."""
    found: dict[str, float | None] = {}
    if isinstance(record, Record):
        exact = record.composited
        found = {name: getattr(exact, name) for name in ("success", "edit_error", "outside_psnr", "wrong_target")}
    elif record.answered is not None and record.answered.scores:
        found |= record.answered.scores
    if rubric is not None and record.judged is not None and record.judged.scores:
        found |= {**overall(rubric, record.judged.scores), **record.judged.scores}
    return {name: float(value) for name, value in (found | record.measures).items() if value is not None}


def _differences(
    values: Sequence[tuple[str, dict[str, float], dict[str, float]]], family: str, name: str
) -> list[float]:
    return [b[name] - a[name] for kind, a, b in values if kind == family and name in a and name in b]


def _difference(groups: dict[str, list[float]]) -> dict[str, Any] | None:
    interval = balanced_interval(groups)
    if interval is None:
        return None
    figures = {"p": permutation_p(groups), "detectable": detectable_difference(groups)}
    return {"difference": asdict(interval), **figures}


def _mean(values: Iterable[float | None]) -> float | None:
    interval = mean_interval([value for value in values if value is not None])
    return interval and interval.rate
