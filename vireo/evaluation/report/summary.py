"""Sums up the records of an evaluation: report.json, report.html and the contact sheets."""

from __future__ import annotations

import json
import shlex
import statistics
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from vireo.evaluation.judgement_report import score_tables, summarise_judgements
from vireo.evaluation.records import Record
from vireo.evaluation.report.page import render_page
from vireo.evaluation.report.players import player_of
from vireo.evaluation.report.sheets import PER_SHEET, failures_first, write_sheets
from vireo.evaluation.report.tables import as_latex, as_markdown
from vireo.metrics.shadow import left_behind
from vireo.metrics.significance import as_dict, balanced_interval, mean_interval, median_interval
from vireo.metrics.truth import EDIT_ERROR_LIMIT, SCORES, EditScore
from vireo.runtime import source_commit, whole_file
from vireo.world.families import FAMILY_NAMES
from vireo.world.studiobench import SUBSETS

OUTSIDE_HEADLINE = ("hybrid", "reference")
"""Families reported but not in the headline."""

MEDIANS = tuple(name for name, facts in SCORES.items() if facts.by_family and facts.summary == "median")
RATES = tuple(name for name, facts in SCORES.items() if facts.by_family and facts.summary == "rate")
"""Scores that are reported by family; `intervals` are those of the medians."""

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
    headline = headline_families(record.family for record in plain)
    return {
        **_table(plain, lambda r: r.composited),
        "headline_families": headline,
        "n": len(plain),
        "raw": _table(plain, lambda r: r.raw, error_alone=True),
        "do_nothing": _table(plain, lambda r: r.do_nothing),
        "oracle_vae": _table(plain, lambda r: r.oracle_vae and r.oracle_vae.score)
        | _medians([r.oracle_vae for r in plain if r.oracle_vae], psnr="psnr", psnr_inside="psnr_inside", ssim="ssim"),
        **_preservation(plain),
        "headline": _headline([r for r in plain if r.family in headline]),
        "removal_trace_left": {
            "composited": left_behind([r.trace for r in plain if r.trace]),
            "raw": left_behind([r.trace_raw for r in plain if r.trace_raw]),
        },
        "order": _order(plain),
        "subsets": _subsets(plain),
        "paraphrases": _paraphrases(records),
        "judged": summarise_judgements(plain, headline, settings),
        "measures": score_tables([(r.family, r.measures) for r in plain], headline),
        "seconds_per_clip": _median(r.seconds for r in plain),
        "model": settings.get("model") or settings.get("videos"),
        "settings": dict(settings),
        "command": command or shlex.join(sys.argv),
        "commit": source_commit(),
    }


def _order(records: Sequence[Record]) -> dict[str, Any]:
    """Whether the exact result ranks above the edits and these above doing nothing, by `edit_error` (absent objects
    have none).

    target_first: share of pairs whose exact target has a smaller error than the edit. above_nothing: by family, by how
    much the edits' mean error is smaller than that of the untouched source.
    """
    first: list[float] = []
    gains: dict[str, list[float]] = defaultdict(list)
    for record in records:
        error, target, nothing = (
            score.edit_error for score in (record.composited, record.target_itself, record.do_nothing)
        )
        if error is not None and target is not None and nothing is not None:
            first.append(target < error)
            gains[record.family].append(nothing - error)
    return {
        "target_first": as_dict(mean_interval(first)),
        "above_nothing": {family: as_dict(mean_interval(gains[family])) for family in present_families(gains)},
    }


def _subsets(records: Sequence[Record]) -> dict[str, Any]:
    """Success where it is hard in a known way (`vireo.world.studiobench`)."""
    groups = {name: [r.composited.success for r in records if name in r.subsets] for name in SUBSETS}
    return {name: as_dict(mean_interval(outcomes)) for name, outcomes in groups.items() if outcomes}


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
    kept = as_dict(median_interval(_known([record.composited for record in records], "outside_psnr")))
    return _preservation(records) | {"intervals": {"outside_psnr": kept}}


def headline_families(families: Iterable[str]) -> list[str]:
    """Those that the balanced figures are over, of the families of all records."""
    present = present_families(families)
    return [family for family in present if family not in OUTSIDE_HEADLINE] or present


def present_families(families: Iterable[str]) -> list[str]:
    """Each once, in the order of every table, unknown ones last."""
    names = dict.fromkeys(families)
    known = [family for family in FAMILY_NAMES if family in names]
    return known + [family for family in names if family not in known]


def _table(records: Sequence[Record], pick: Pick, *, error_alone: bool = False) -> dict[str, Any]:
    """Rates and medians by family, and the rates balanced over the headline's families."""
    scored = [(record.family, score) for record in records if (score := pick(record)) is not None]
    if not scored:
        return {}
    families: dict[str, dict[str, Any]] = {}
    outcomes: dict[str, dict[str, list[float]]] = {name: {} for name in RATES}
    for family in present_families(family for family, _ in scored):
        scores = [score for each, score in scored if each == family]
        for name in RATES:
            outcomes[name][family] = (
                [float(_succeeded(score, error_alone)) for score in scores]
                if name == "success"
                else _known(scores, name)
            )
        families[family] = {
            **{name: as_dict(mean_interval(outcomes[name][family])) for name in RATES},
            **{name: _median(getattr(score, name) for score in scores) for name in MEDIANS},
            "intervals": {name: as_dict(median_interval(_known(scores, name))) for name in MEDIANS},
        }
    headline = headline_families([family for family, _ in scored])
    rates = {name: balanced_interval({family: outcomes[name][family] for family in headline}) for name in RATES}
    return {**{name: as_dict(interval) for name, interval in rates.items()}, "families": families}


def _known(scores: Sequence[EditScore], name: str) -> list[float]:
    return [values[name] for score in scores if name in (values := score.values())]


def _succeeded(score: EditScore, error_alone: bool) -> bool:
    if error_alone and score.edit_error is not None:
        return score.edit_error <= EDIT_ERROR_LIMIT
    return score.success


def _wrong_target_rates(records: Sequence[Record], measure: str) -> dict[str, Any]:
    """The rate of the edits, and of the exact targets under the same measure."""

    def rate(pick: Pick) -> dict[str, Any] | None:
        scores = [score for record in records if (score := pick(record)) is not None]
        return as_dict(mean_interval([v for s in scores if (v := getattr(s, measure)) is not None]))

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
        for family in headline_families(record.family for record in reworded)
    }
    return {**_table(reworded, lambda r: r.composited), "loss": as_dict(balanced_interval(losses))}


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
