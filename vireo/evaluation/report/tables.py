"""A report's table in the layout of the papers, one row a task and method: as Markdown and as LaTeX."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from vireo.metrics.truth import SCORES

SHORT = {
    "instruction_following": "IF",
    "source_preservation": "SP",
    "editing_quality": "EQ",
    "subject_similarity": "SS",
    "average": "Avg",
    "edit_accuracy": "EA",
    "preservation_consistency": "PC",
    "generation_naturalness": "GN",
    "generation_realism": "GR",
    "viescore": "Overall",
    "prompt_following": "PF",
    "edit_quality": "Quality",
    "background_consistency": "Background",
    "total": "Total",
}
"""The papers' names of judges' scores, in the order of VIVA's Table 1 and of ReViSE's; EditVerse's criteria."""

COLUMNS = {name: facts for name, facts in SCORES.items() if facts.column}
"""Scores against exact results that have a column."""


def as_markdown(report: Mapping[str, Any]) -> str:
    """Task, method and figures, with what a reader needs to make the same table again below."""
    head, rows = paper_rows(report)
    lines = [_pipes(head), "|" + "---|" * len(head), *(_pipes(row) for row in rows)]
    origin = f"`{report['command']}`, commit {report['commit']}, 95 % bootstrap intervals in brackets."
    return "\n".join([*lines, "", origin]) + "\n"


def as_latex(report: Mapping[str, Any]) -> str:
    """The same as a `tabular` of the package booktabs."""
    head, rows = paper_rows(report)
    body = [" & ".join(map(_escaped, row)) + r" \\" for row in rows]
    aligned = "ll" + "r" * (len(head) - 2)
    return "\n".join(
        [
            f"% {report['command']}, commit {report['commit']}".replace("\n", " "),
            rf"\begin{{tabular}}{{{aligned}}}",
            r"\toprule",
            " & ".join(map(_escaped, head)) + r" \\",
            r"\midrule",
            *body[:-1],
            r"\midrule",
            body[-1],
            r"\bottomrule",
            r"\end{tabular}",
            "",
        ]
    )


def paper_rows(report: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Names of the columns and cells of the rows; the last row is balanced over the headline's tasks.

    Of a benchmark without exact results there are no columns about them.
    """
    judged, measures, exact = report["judged"], report["measures"], "success" in report
    scores = {**judged["criteria"], **judged["overall"]} if judged else {}
    scores = {name: scores[name] for name in SHORT if name in scores}
    truth = [facts.title for facts in COLUMNS.values()] if exact else []
    head = ["Task", "Method", "n", *truth, *(SHORT[name] for name in scores), *measures]
    rows = [
        [
            *(task, str(report["model"])),
            *(_exact(row["success"], row | row["intervals"]) if exact else [str(row["n"])]),
            *(_figure(table["families"].get(task), 2) for table in scores.values()),
            *(_figure(table["families"].get(task), 4) for table in measures.values()),
        ]
        for task, row in report["families"].items()
    ]
    total = [str(report["n"])]
    if exact:
        total = _exact(report["success"], report | report["headline"]["intervals"])
    rows.append(
        [
            *("balanced", str(report["model"]), *total),
            *(_figure(table["all"], 2) for table in scores.values()),
            *(_figure(table["all"], 4) for table in measures.values()),
        ]
    )
    return head, rows


def _exact(success: Mapping[str, Any], intervals: Mapping[str, Any]) -> list[str]:
    """n, and the cells of COLUMNS. intervals: by score; without one a cell has a dash."""
    cells = [str(success["n"])]
    for name, facts in COLUMNS.items():
        interval = intervals.get(name)
        if facts.summary == "rate" and interval:
            interval = {end: 100 * interval[end] for end in ("rate", "low", "high")}
        cells.append(_figure(interval if isinstance(interval, Mapping) else None, facts.digits))
    return cells


def _figure(interval: Mapping[str, Any] | None, digits: int) -> str:
    """`0.93 [0.90, 0.96]`, or a dash."""
    if not interval:
        return "-"
    rate, low, high = (f"{interval[name]:.{digits}f}" for name in ("rate", "low", "high"))
    return f"{rate} [{low}, {high}]"


def _pipes(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"


def _escaped(cell: str) -> str:
    for mark in "&%#_$":
        cell = cell.replace(mark, "\\" + mark)
    return cell
