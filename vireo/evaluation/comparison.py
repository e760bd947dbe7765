"""Two evaluations of the same pairs side by side: what differs, how surely, and what could have been found."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from vireo.errors import InputError
from vireo.evaluation.records import Record, read_records
from vireo.evaluation.report.summary import headline_families, present_families
from vireo.metrics.bootstrap import balanced_interval, mean_interval
from vireo.metrics.significance import detectable_difference, permutation_p

Measure = Callable[[Record], float | None]

MEASURES: dict[str, Measure] = {
    "success": lambda record: float(record.composited.success),
    "edit_error": lambda record: record.composited.edit_error,
    "outside_psnr": lambda record: record.composited.outside_psnr,
    "wrong_target": lambda record: record.composited.wrong_target,
}
"""Of edits as users get them; None where a pair has no such value."""


def compare(first: Path, second: Path) -> dict[str, Any]:
    """Differences, second minus first, on the pairs that both evaluations have scored with their own instruction.

    first, second: folders that `vireo eval` wrote.
    measures: for each of MEASURES, balanced over the headline's families: `difference` with its 95 % bootstrap
    interval, `p` (`permutation_p`) and `detectable` (`detectable_difference`: what 80 of 100 such comparisons would
    find). families: the same of success, each family by itself; these p-values are not corrected for their number.

    Raises InputError for folders without an evaluation, and where they are of other pairs.
    """
    (one, earlier), (two, later) = (_read(Path(folder)) for folder in (first, second))
    common = [(earlier[name], later[name]) for name in earlier if name in later]
    if not common or any(a.instruction != b.instruction for a, b in common):
        raise InputError(f"{first} and {second} scored other pairs", "evaluate both on the same pair set")
    families = headline_families([a for a, _ in common])
    measures = {
        name: _difference({family: _differences(common, family, measure) for family in families})
        for name, measure in MEASURES.items()
    }
    return {
        "first": one,
        "second": two,
        "n": len(common),
        "left_out": len(earlier) + len(later) - 2 * len(common),
        "headline_families": families,
        "measures": {name: row for name, row in measures.items() if row},
        "families": {
            family: {
                "first": _rate(a for a, _ in common if a.family == family),
                "second": _rate(b for _, b in common if b.family == family),
                **(_difference({family: _differences(common, family, MEASURES["success"])}) or {}),
            }
            for family in present_families(a for a, _ in common)
        },
    }


def _read(folder: Path) -> tuple[dict[str, Any], dict[str, Record]]:
    """What was scored, and the last record of each pair with its plain instruction."""
    try:
        report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
        named = {name: report[name] for name in ("model", "commit", "settings")}
    except (OSError, ValueError, KeyError, TypeError):
        raise InputError(f"{folder} holds no finished evaluation", "make one with: vireo eval") from None
    records = read_records(folder / "records.jsonl").values()
    return named, {record.id: record for record in records if record.condition == "plain"}


def _differences(common: Sequence[tuple[Record, Record]], family: str, measure: Measure) -> list[float]:
    values = [(measure(a), measure(b)) for a, b in common if a.family == family]
    return [y - x for x, y in values if x is not None and y is not None]


def _difference(groups: dict[str, list[float]]) -> dict[str, Any] | None:
    interval = balanced_interval(groups)
    if interval is None:
        return None
    figures = {"p": permutation_p(groups), "detectable": detectable_difference(groups)}
    return {"difference": asdict(interval), **figures}


def _rate(records: Any) -> float:
    return mean_interval([record.composited.success for record in records]).rate
