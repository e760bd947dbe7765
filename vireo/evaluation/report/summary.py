"""Sums up the records of an evaluation: scores against the truth, what a judge says, and measures."""

import shlex
import statistics
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from vireo.evaluation.records import ItemRecord, JudgementRecord, Record
from vireo.evaluation.report.page import further_figures, write_files
from vireo.evaluation.report.pictures import on_sheet, players_of, write_sheets
from vireo.judges.rubric import RUBRICS, overall
from vireo.metrics.significance import as_dict, balanced_interval, mean_interval, median_interval
from vireo.metrics.truth import SCORES, EditScore, with_success
from vireo.runtime import source_commit
from vireo.world.families import FAMILY_NAMES
from vireo.world.studiobench import SUBSETS

OUTSIDE_HEADLINE = ("hybrid", "reference", "open")
"""Families reported but not in the headline."""

MEDIANS = tuple(name for name, facts in SCORES.items() if facts.by_family and facts.summary == "median")
RATES = tuple(name for name, facts in SCORES.items() if facts.by_family and facts.summary == "rate")
"""Scores that are reported by family."""

COLUMNS = tuple(name for name in MEDIANS if SCORES[name].column)
"""Medians with `intervals`: those that tables show."""

Pick = Callable[[Record], EditScore | None]


def write_report(
    out: Path,
    records: Sequence[Record],
    *,
    settings: Mapping[str, Any],
    command: str | None,
    failures: Sequence[Mapping[str, str]],
) -> dict[str, Any]:
    """Writes report.json, report.html and the sheets into `out`; returns the report.

    failures: `id` and `why` of what could not be scored.
    """
    report = summarise(records, settings=settings, command=command) | {"failures": [*failures]}
    plain = [record for record in records if record.condition == "plain"]
    report["sheets"] = write_sheets(out, plain)
    players = {family: players_of(out, on_sheet(plain, family)) for family in report["sheets"]}
    write_files(out, report, "pairs.html", players=players, rows=further_figures(report))
    return report


def summarise(records: Sequence[Record], *, settings: Mapping[str, Any], command: str | None = None) -> dict[str, Any]:
    """The report as plain data.

    `success` and `families` are of the edits as users get them, `raw` of what the pipeline makes before
    anything is composited, where success does not depend on what lies outside the mask. `success_loose`, the contract's
    version 1, stands beside `success` everywhere. Rates over families are balanced: every family but hybrid,
    reference and open weighs the same (`headline_families`). What is said of the picture beside the edit is over all
    pairs, and in `headline` over those of these families alone.
    """
    plain = [record for record in records if record.condition == "plain"]
    headline = headline_families(record.family for record in plain)
    weighed = [record for record in plain if record.family in headline]
    scores = [record.composited for record in weighed]
    return {
        **_table(plain, lambda r: r.composited),
        "headline_families": headline,
        "n": len(plain),
        "raw": _table(plain, lambda r: r.raw and with_success(r.raw, r.family, outside=False)),
        "do_nothing": _table(plain, lambda r: r.do_nothing),
        "oracle_vae": _oracle(plain),
        **_preservation(plain),
        "headline": _preservation(weighed)
        | {"intervals": {name: as_dict(median_interval(_known(scores, name))) for name in COLUMNS}},
        "order": _order(plain),
        "subsets": _subsets(plain),
        "paraphrases": _paraphrases(records),
        "judged": summarise_judgements(plain, headline, settings),
        "measures": score_tables([(r.family, r.measures) for r in plain], headline),
        "seconds_per_clip": _median(r.seconds for r in plain),
        "model": settings.get("model") or settings.get("videos"),
        "executor": settings.get("executor"),
        "reason": settings.get("reason"),
        "settings": dict(settings),
        "command": command or shlex.join(sys.argv),
        "commit": source_commit(),
    }


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
    groups = {name: [r.composited for r in records if name in r.subsets] for name in SUBSETS}
    return {
        name: {rate: as_dict(mean_interval(_known(scores, rate))) for rate in RATES}
        for name, scores in groups.items()
        if scores
    }


def _oracle(records: Sequence[Record]) -> dict[str, Any]:
    """The targets through the autoencoder and back; empty for editors without one.

    Success is that of the edit's place, as of `raw`: pixels outside come from the source, and a ceiling that counts
    them lies below what an editor reaches; so there is none for absent objects. `outside_counted`: the rates with them.
    """
    ceilings = [record.oracle_vae for record in records if record.oracle_vae]
    if not ceilings:
        return {}
    literal = _table(records, lambda r: r.oracle_vae and r.oracle_vae.score)
    edits = [record for record in records if record.family != "absent"]
    inside = _table(edits, lambda r: r.oracle_vae and with_success(r.oracle_vae.score, r.family, outside=False))
    medians = {name: _median(getattr(each, name) for each in ceilings) for name in ("psnr", "psnr_inside", "ssim")}
    return inside | medians | {"outside_counted": {name: literal[name] for name in RATES}}


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


def headline_families(families: Iterable[str]) -> list[str]:
    """Those that the balanced figures are over, of the families of all records."""
    present = present_families(families)
    return [family for family in present if family not in OUTSIDE_HEADLINE] or present


def present_families(families: Iterable[str]) -> list[str]:
    """Each once, in the order of every table, unknown ones last."""
    names = dict.fromkeys(families)
    known = [family for family in FAMILY_NAMES if family in names]
    return known + [family for family in names if family not in known]


def _table(records: Sequence[Record], pick: Pick) -> dict[str, Any]:
    """Rates and medians by family, and the rates balanced over the headline's families."""
    scored: dict[str, list[EditScore]] = defaultdict(list)
    for record in records:
        score = pick(record)
        if score is not None:
            scored[record.family].append(score)
    if not scored:
        return {}
    known = {name: {family: _known(scores, name) for family, scores in scored.items()} for name in (*RATES, *MEDIANS)}
    families = {
        family: {
            **{name: as_dict(mean_interval(known[name][family])) for name in RATES},
            **{name: _median(known[name][family]) for name in MEDIANS},
            "intervals": {name: as_dict(median_interval(known[name][family])) for name in COLUMNS},
        }
        for family in present_families(scored)
    }
    headline = headline_families(scored)
    rates = {name: balanced_interval({family: known[name][family] for family in headline}) for name in RATES}
    return {**{name: as_dict(interval) for name, interval in rates.items()}, "families": families}


def _known(scores: Iterable[EditScore], name: str) -> list[float]:
    return [values[name] for score in scores if name in (values := score.values())]


def _wrong_target_rates(records: Sequence[Record], measure: str) -> dict[str, Any]:
    """The rate of the edits, and of the exact targets under the same measure."""
    scores = {
        "composited": [record.composited for record in records],
        "raw": [record.raw for record in records if record.raw],
        "exact_targets": [record.target_itself for record in records],
    }
    return {name: as_dict(mean_interval(_known(given, measure))) for name, given in scores.items()}


def _paraphrases(records: Sequence[Record]) -> dict[str, Any] | None:
    """Success with paraphrases, and what is lost against the same pairs' plain instructions (balanced)."""
    reworded = [record for record in records if record.condition == "paraphrase"]
    if not reworded:
        return None
    plain = {record.id: record.composited for record in records if record.condition == "plain"}
    families = headline_families(record.family for record in reworded)

    def loss(rate: str) -> dict[str, Any] | None:
        lost = {
            family: [getattr(plain[r.id], rate) - getattr(r.composited, rate) for r in reworded if r.family == family]
            for family in families
        }
        return as_dict(balanced_interval(lost))

    return {**_table(reworded, lambda r: r.composited), "loss": {rate: loss(rate) for rate in RATES}}


def _median(values: Iterable[float | None]) -> float | None:
    present = [value for value in values if value is not None]
    return statistics.median(present) if present else None


def _distribution(values: Iterable[float | None]) -> dict[str, float | int | None]:
    present = [value for value in values if value is not None]
    mean = statistics.fmean(present) if present else None
    return {"median": _median(present), "mean": mean, "n": len(present)}
