"""A judge's scores of an evaluation's edits, summed up: by family, with failures and costs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from vireo.evaluation.records import ItemRecord, JudgementRecord, Record
from vireo.judges.rubric import RUBRICS, overall
from vireo.metrics.significance import as_dict, balanced_interval, mean_interval


def summarise_judgements(
    records: Sequence[Record | ItemRecord], families: Sequence[str], settings: Mapping[str, Any]
) -> dict[str, Any] | None:
    """None where no judge was asked.

    families: of the headline; `all` is balanced over them. `criteria` and `overall` (every reading of it, the default
    first) hold means with 95 % intervals. A failed judgement counts nowhere but in `failures`.
    """
    asked = [(record, record.judged) for record in records if record.judged is not None]
    if not asked:
        return None
    rubric = settings["rubric"]
    scored = [(record.family, judged.scores) for record, judged in asked if judged.scores]
    return {
        "judge": settings["judge"],
        "rubric": rubric,
        "best": RUBRICS[rubric][0].best,
        "n": len(scored),
        "criteria": score_tables(scored, families),
        "overall": score_tables([(family, overall(rubric, scores)) for family, scores in scored], families),
        "failures": [
            {"id": record.id, "condition": record.condition, "why": judged.failure}
            for record, judged in asked
            if judged.failure is not None
        ],
        "usage": usage([judged for _, judged in asked]),
    }


def usage(asked: Sequence[JudgementRecord]) -> dict[str, float | None]:
    """What they cost together; None where that is not known of one of them."""
    return {
        name: None if None in (spent := [getattr(each, name) for each in asked]) else sum(spent)
        for name in ("calls", "cached", "prompt_tokens", "completion_tokens", "cost")
    }


def score_tables(scored: Sequence[tuple[str, Mapping[str, float]]], families: Sequence[str]) -> dict[str, Any]:
    """For each score of (family, scores): its mean over all, balanced over `families`, and by family."""
    groups: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for family, scores in scored:
        for name, value in scores.items():
            groups[name][family].append(value)
    return {
        name: {
            "all": as_dict(balanced_interval({f: v for f, v in by_family.items() if f in families} or by_family)),
            "families": {family: as_dict(mean_interval(values)) for family, values in by_family.items()},
        }
        for name, by_family in groups.items()
    }
