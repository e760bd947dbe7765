"""Two evaluations of the same pairs side by side: what differs, how surely, and what could have been found."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vireo.errors import InputError
from vireo.evaluation.records import ItemRecord, Record, read_records
from vireo.evaluation.report.summary import headline_families, present_families
from vireo.judges.rubric import RubricName, overall
from vireo.metrics.significance import as_dict, balanced_interval, detectable_difference, mean_interval, permutation_p
from vireo.metrics.truth import SCORES

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
    same = _Same.of(one["settings"], two["settings"])
    values = [(a.family, _values(a, same), _values(b, same)) for a, b in common]
    names = sorted({name for _, a, _ in values for name in a}, key=_place)
    families = headline_families(a.family for a, _ in common)
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
                "first": _mean(a[by] for kind, a, b in values if kind == family and by in a and by in b),
                "second": _mean(b[by] for kind, a, b in values if kind == family and by in a and by in b),
                **(_difference({family: _differences(values, family, by)}) or {}),
            }
            for family in present_families(a.family for a, _ in common)
        },
    }


def _read(folder: Path) -> tuple[dict[str, Any], dict[str, Scored]]:
    """What was scored, and the last record of each pair with its plain instruction that the report counts."""
    try:
        report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
        named = {name: report[name] for name in ("model", "commit", "settings")}
        unscored = {failure["id"] for failure in report.get("failures", [])}
    except (OSError, ValueError, KeyError, TypeError):
        raise InputError(f"{folder} holds no finished evaluation", "make one with: vireo eval") from None
    records = read_records(folder / "records.jsonl", ItemRecord if "layout" in report else Record).values()
    plain = {record.id: record for record in records if record.condition == "plain"}
    return named, {name: record for name, record in plain.items() if name not in unscored}


@dataclass(frozen=True)
class _Same:
    """What two runs have in common beside the truth: the rubric, where the same judge was asked, and whether the same
    backbones measured."""

    rubric: RubricName | None
    backbones: bool

    @classmethod
    def of(cls, first: dict[str, Any], second: dict[str, Any]) -> _Same:
        judges = [{name: run.get(name) for name in ("judge", "rubric", "frames_shown")} for run in (first, second)]
        return cls(
            judges[0]["rubric"] if judges[0] == judges[1] else None, first.get("backbones") == second.get("backbones")
        )


_FIRST = (*SCORES, "average", "viescore", "total")


def _place(name: str) -> tuple[int, str]:
    """The truth first, then overall scores, then all else by name."""
    return (_FIRST.index(name) if name in _FIRST else len(_FIRST), name)


def _values(record: Scored, same: _Same) -> dict[str, float]:
    """All that was measured of an edit as users get it: against the truth, by a judge (overall, each criterion, FiVE's
    questions), and by the papers' measures; of other backbones those that need none. What a pair has no value of is
    left out."""
    found: dict[str, float] = {}
    if isinstance(record, Record):
        found = {name: value for name, value in record.composited.values().items() if SCORES[name].compared}
    elif same.rubric is not None and record.answered is not None and record.answered.scores:
        found |= record.answered.scores
    if same.rubric is not None and record.judged is not None and record.judged.scores:
        found |= {**overall(same.rubric, record.judged.scores), **record.judged.scores}
    found |= {name: value for name, value in record.measures.items() if same.backbones or name in ("TF", "MS")}
    return found


def _differences(
    values: Sequence[tuple[str, dict[str, float], dict[str, float]]], family: str, name: str
) -> list[float]:
    return [b[name] - a[name] for kind, a, b in values if kind == family and name in a and name in b]


def _difference(groups: dict[str, list[float]]) -> dict[str, Any] | None:
    interval = balanced_interval(groups)
    if interval is None:
        return None
    figures = {"p": permutation_p(groups), "detectable": detectable_difference(groups)}
    return {"difference": as_dict(interval), **figures}


def _mean(values: Iterable[float]) -> float | None:
    interval = mean_interval(list(values))
    return interval and interval.rate
