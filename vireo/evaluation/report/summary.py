"""Sums up the records of an evaluation: report.json, report.html and the contact sheets."""

from __future__ import annotations

import json
import shlex
import statistics
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from vireo.evaluation.judgement_report import score_tables, summarise_judgements
from vireo.evaluation.records import Record
from vireo.evaluation.report.page import render_page
from vireo.evaluation.report.players import player_of
from vireo.evaluation.report.sheets import PER_SHEET, failures_first, write_sheets
from vireo.evaluation.report.tables import as_latex, as_markdown
from vireo.metrics.bootstrap import Interval, balanced_interval, mean_interval, median_interval
from vireo.metrics.shadow import left_behind
from vireo.metrics.truth import EDIT_ERROR_LIMIT, EditScore
from vireo.runtime import source_commit, whole_file
from vireo.types import FAMILIES
from vireo.world.studiobench import SUBSETS

OUTSIDE_HEADLINE = ("hybrid", "reference")
"""Families reported but not in the headline."""

MEDIANS = ("edit_error", "outside_psnr", "changed")
"""Scores of which a family's median is reported; `intervals` are theirs."""

Pick = Callable[[Record], EditScore | None]


def write_report(
    out: Path,
    records: Sequence[Record],
    *,
    settings: Mapping[str, Any],
    command: str | None,
    failures: Sequence[Mapping[str, str]] = (),
) -> dict[str, Any]:
    """Writes report.json, report.html and the sheets into `out`; returns the report.

    failures: `id` and `why` of what could not be scored.
    """
    report = summarise(records, settings=settings, command=command) | {"failures": [*failures]}
    plain = [record for record in records if record.condition == "plain"]
    report["sheets"] = write_sheets(out, plain)
    page = render_page(report, {family: _players(out, plain, family) for family in report["sheets"]})
    files = {"report.json": json.dumps(report, indent=1), "report.html": page}
    files |= {"report.md": as_markdown(report), "report.tex": as_latex(report)}
    for name, text in files.items():
        with whole_file(out / name) as temporary:
            temporary.write_text(text, encoding="utf-8")
    return report


def _players(out: Path, records: Sequence[Record], family: str) -> list[dict[str, Any]]:
    """The clips of a family that its sheet shows, those that there are."""
    shown = failures_first([record for record in records if record.family == family])[:PER_SHEET]
    return [
        {"file": path.relative_to(out).as_posix(), "record": record}
        for record in shown
        if (path := player_of(out, record.key)).is_file()
    ]


def summarise(records: Sequence[Record], *, settings: Mapping[str, Any], command: str | None = None) -> dict[str, Any]:
    """The report as plain data.

    `success` and `families` are of the edits as users get them, `raw` of what the pipeline makes before
    anything is composited, where `success` is `edit_error` alone. Rates over families are balanced: every
    family but hybrid and reference weighs the same (`headline_families`). What is said of the picture beside the edit
    is over all pairs, and in `headline` over those of these families alone.
    """
    plain = [record for record in records if record.condition == "plain"]
    report = {
        **_table(plain, lambda r: r.composited),
        "headline_families": list(headline_families(plain)),
        "n": len(plain),
        "raw": _table(plain, lambda r: r.raw, error_alone=True),
        "do_nothing": _table(plain, lambda r: r.do_nothing),
        "oracle_vae": _table(plain, lambda r: r.oracle_vae and r.oracle_vae.score)
        | _medians([r.oracle_vae for r in plain if r.oracle_vae], psnr="psnr", psnr_inside="psnr_inside", ssim="ssim"),
        **_preservation(plain),
        "headline": _headline([r for r in plain if r.family in headline_families(plain)]),
        "removal_trace_left": {
            "composited": left_behind([r.trace for r in plain if r.trace]),
            "raw": left_behind([r.trace_raw for r in plain if r.trace_raw]),
        },
        "order": _order(plain),
        "subsets": _subsets(plain),
        "paraphrases": _paraphrases(records),
        "judged": summarise_judgements(plain, headline_families(plain), settings),
        "measures": score_tables([(r.family, r.measures) for r in plain], headline_families(plain)),
        "seconds_per_clip": _median(r.seconds for r in plain),
        "model": settings.get("model") or settings.get("videos"),
        "settings": dict(settings),
        "command": command or shlex.join(sys.argv),
        "commit": source_commit(),
    }
    return report


def _order(records: Sequence[Record]) -> dict[str, Any]:
    """Whether truth ranks above the edits and these above doing nothing, by `edit_error` (absent objects have none).

    target_first: share of pairs whose exact target has a smaller error than the edit. above_nothing: by family, by how
    much the edits' mean error is smaller than that of the untouched source.
    """
    scored = [record for record in records if record.composited.edit_error is not None]
    first = [record.target_itself.edit_error < record.composited.edit_error for record in scored]
    gains = {
        family: [r.do_nothing.edit_error - r.composited.edit_error for r in scored if r.family == family]
        for family in present_families(scored)
    }
    return {
        "target_first": _as_dict(mean_interval(first)),
        "above_nothing": {family: _as_dict(mean_interval(values)) for family, values in gains.items()},
    }


def _subsets(records: Sequence[Record]) -> dict[str, Any]:
    """Success where it is hard in a known way (`vireo.world.studiobench`)."""
    groups = {name: [r.composited.success for r in records if name in r.subsets] for name in SUBSETS}
    return {name: _as_dict(mean_interval(outcomes)) for name, outcomes in groups.items() if outcomes}


def _preservation(records: Sequence[Record]) -> dict[str, Any]:
    """How well edits keep to their objects."""
    return {
        "outside_psnr": {
            "composited": _median(r.composited.outside_psnr for r in records),
            "raw": _median(r.raw.outside_psnr for r in records if r.raw),
        },
        "wrong_target": _wrong_target_rates(records, "wrong_target"),
        "wrong_beyond_mask": _wrong_target_rates(records, "wrong_beyond_mask"),
        "region": {
            "recall": _distribution(r.region_recall for r in records),
            "excess": _distribution(r.region_excess for r in records),
        },
    }


def _headline(records: Sequence[Record]) -> dict[str, Any]:
    kept = _as_dict(median_interval(_known([record.composited for record in records], "outside_psnr")))
    return _preservation(records) | {"intervals": {"outside_psnr": kept}}


def headline_families(records: Sequence[Record]) -> list[str]:
    present = present_families(records)
    return [family for family in present if family not in OUTSIDE_HEADLINE] or present


def present_families(records: Iterable[Record]) -> list[str]:
    """Families in the order of every table, unknown ones last."""
    names = dict.fromkeys(record.family for record in records)
    known = [family for family in FAMILIES if family in names]
    return known + [family for family in names if family not in known]


def _table(records: Sequence[Record], pick: Pick, *, error_alone: bool = False) -> dict[str, Any]:
    scored = [(record, score) for record in records if (score := pick(record)) is not None]
    if not scored:
        return {}
    families, outcomes = {}, {}
    for family in present_families(record for record, _ in scored):
        scores = [score for record, score in scored if record.family == family]
        outcomes[family] = [_succeeded(score, error_alone) for score in scores]
        families[family] = {
            "success": _as_dict(mean_interval(outcomes[family])),
            **{name: _median(getattr(score, name) for score in scores) for name in MEDIANS},
            "intervals": {name: _as_dict(median_interval(_known(scores, name))) for name in MEDIANS},
        }
    headline = {family: outcomes[family] for family in headline_families([record for record, _ in scored])}
    return {"success": _as_dict(balanced_interval(headline)), "families": families}


def _known(scores: Sequence[EditScore], name: str) -> list[float]:
    return [value for score in scores if (value := getattr(score, name)) is not None]


def _succeeded(score: EditScore, error_alone: bool) -> bool:
    if error_alone and score.edit_error is not None:
        return score.edit_error <= EDIT_ERROR_LIMIT
    return score.success


def _wrong_target_rates(records: Sequence[Record], measure: str) -> dict[str, Any]:
    """The rate of the edits, and of the exact targets under the same measure."""

    def rate(pick: Pick) -> dict[str, Any] | None:
        scores = [score for record in records if (score := pick(record)) is not None]
        return _as_dict(mean_interval([v for s in scores if (v := getattr(s, measure)) is not None]))

    return {
        "composited": rate(lambda r: r.composited),
        "raw": rate(lambda r: r.raw),
        "exact_targets": rate(lambda r: r.target_itself),
    }


def _paraphrases(records: Sequence[Record]) -> dict[str, Any] | None:
    """Success with paraphrases, and what is lost against the same pairs' plain instructions (balanced)."""
    reworded = [record for record in records if record.condition == "paraphrase"]
    if not reworded:
        return None
    plain = {record.id: record.composited.success for record in records if record.condition == "plain"}
    losses = {
        family: [plain[r.id] - r.composited.success for r in reworded if r.family == family]
        for family in headline_families(reworded)
    }
    return {**_table(reworded, lambda r: r.composited), "loss": _as_dict(balanced_interval(losses))}


def _medians(items: Sequence[Any], **fields: str) -> dict[str, float | None]:
    if not items:
        return {}
    return {name: _median(getattr(item, field) for item in items) for name, field in fields.items()}


def _median(values: Iterable[float | None]) -> float | None:
    present = [value for value in values if value is not None]
    return statistics.median(present) if present else None


def _distribution(values: Iterable[float | None]) -> dict[str, float | int | None]:
    present = [value for value in values if value is not None]
    mean = statistics.fmean(present) if present else None
    return {"median": _median(present), "mean": mean, "n": len(present)}


def _as_dict(interval: Interval | None) -> dict[str, Any] | None:
    return None if interval is None else asdict(interval)
