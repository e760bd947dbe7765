"""Two evaluations of the same pairs side by side: what differs, how surely, and what could have been found."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from vireo.errors import InputError
from vireo.evaluation.records import ItemRecord, Record, read_records
from vireo.evaluation.report.summary import headline_families, present_families
from vireo.judges.rubric import RubricName, overall
from vireo.metrics.significance import as_dict, balanced_interval, detectable_difference, permutation_p
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
    settings = one["settings"], two["settings"]
    judges = [{name: run.get(name) for name in ("judge", "rubric", "frames_shown")} for run in settings]
    rubric = judges[0]["rubric"] if judges[0] == judges[1] else None
    same_backbones = settings[0].get("backbones") == settings[1].get("backbones")
    both: dict[str, dict[str, list[tuple[float, float]]]] = defaultdict(lambda: defaultdict(list))
    for a, b in common:
        before, after = _values(a, rubric, same_backbones), _values(b, rubric, same_backbones)
        for name in before.keys() & after.keys():
            both[name][a.family].append((before[name], after[name]))
    families = headline_families(a.family for a, _ in common)
    measures = {
        name: _difference({family: both[name][family] for family in families}) for name in sorted(both, key=_place)
    }
    measures = {name: row for name, row in measures.items() if row}
    if not measures:
        raise InputError(f"{first} and {second} measured different things", "evaluate both with the same options")
    by = next(iter(measures))
    return {
        "first": one,
        "second": two,
        "n": len(common),
        "left_out": len(earlier) + len(later) - 2 * len(common),
        "headline_families": families,
        "measures": measures,
        "by": by,
        "families": {
            family: {
                "first": _mean([before for before, _ in both[by][family]]),
                "second": _mean([after for _, after in both[by][family]]),
                **_difference({family: both[by][family]}),
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


_FIRST = (*SCORES, "average", "viescore", "total")


def _place(name: str) -> tuple[int, str]:
    """The truth first, then overall scores, then all else by name."""
    return (_FIRST.index(name) if name in _FIRST else len(_FIRST), name)


def _values(record: Scored, rubric: RubricName | None, same_backbones: bool) -> dict[str, float]:
    """All that was measured of an edit as users get it: against the truth, by a judge (overall, each criterion, FiVE's
    questions), and by the papers' measures. What a pair has no value of is left out.

    rubric: None where the runs had not the same judge, of whom nothing is compared then. same_backbones: else of the
    measures those alone that need none.
    """
    found: dict[str, float] = {}
    if isinstance(record, Record):
        found = {name: value for name, value in record.composited.values().items() if SCORES[name].compared}
    elif rubric is not None and record.answered is not None and record.answered.scores:
        found |= record.answered.scores
    if rubric is not None and record.judged is not None and record.judged.scores:
        found |= {**overall(rubric, record.judged.scores), **record.judged.scores}
    return found | {name: value for name, value in record.measures.items() if same_backbones or name in ("TF", "MS")}


def _difference(groups: Mapping[str, Sequence[tuple[float, float]]]) -> dict[str, Any]:
    """groups: first and second value of each pair, by family. Empty without values."""
    gains = {family: [second - first for first, second in values] for family, values in groups.items()}
    interval = balanced_interval(gains)
    if interval is None:
        return {}
    figures = {"p": permutation_p(gains), "detectable": detectable_difference(gains)}
    return {"difference": as_dict(interval), **figures}


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None
