"""Tables as Markdown and as LaTeX; that of a report is in the layout of the papers, one row a task and method."""

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
    origin = (
        f"`{report['command']}`, commit {report['commit']}, {made_by(report)}, 95 % bootstrap intervals in brackets."
    )
    return markdown_table(head, rows) + f"\n{origin}\n"


def made_by(report: Mapping[str, Any]) -> str:
    """Who has carried out the edits (`vireo.types.Executor`), and whether by plans (`vireo.types.Reason`)."""
    executor, reason = report["executor"], report["reason"]
    if executor is None:
        return "finished clips"
    default = "default options: " if (executor, reason) == ("auto", "auto") else ""
    return f"{default}executor {executor}, reason {reason}"


def as_latex(report: Mapping[str, Any]) -> str:
    """The same as a `tabular` of the package booktabs."""
    head, rows = paper_rows(report)
    title, *body, total = (" & ".join(map(_escaped, cells)) + r" \\" for cells in (head, *rows))
    origin = f"% {report['command']}, commit {report['commit']}, {made_by(report)}".replace("\n", " ")
    begin = [origin, rf"\begin{{tabular}}{{ll{'r' * (len(head) - 2)}}}", r"\toprule"]
    end = [r"\bottomrule", r"\end{tabular}"]
    return "\n".join([*begin, title, r"\midrule", *body, r"\midrule", total, *end]) + "\n"


def paper_rows(report: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Names of the columns and cells of the rows; the last row is balanced over the headline's tasks.

    Of a benchmark without exact results there are no columns about them.
    """
    judged, measures, exact = report["judged"], report["measures"], "success" in report
    scores = {**judged["criteria"], **judged["overall"]} if judged else {}
    scores = {name: scores[name] for name in SHORT if name in scores}
    truth = [facts.title for facts in COLUMNS.values()] if exact else []
    head = ["Task", "Method", "n", *truth, *(SHORT[name] for name in scores), *measures]
    rows = []
    for task, found in [*report["families"].items(), ("balanced", report)]:
        cells = [str(found["n"])] if not exact else _exact(found, report["headline"] if found is report else found)
        for tables, digits in ((scores, 2), (measures, 4)):
            for table in tables.values():
                cells.append(figure(table["all"] if found is report else table["families"].get(task), digits))
        rows.append([task, str(report["model"]), *cells])
    return head, rows


def _exact(rates: Mapping[str, Any], medians: Mapping[str, Any]) -> list[str]:
    """n, and the cells of COLUMNS. rates: by score. medians: whose `intervals` by score; without one a cell has a
    dash."""
    cells = [str(rates["success"]["n"])]
    for name, facts in COLUMNS.items():
        if facts.summary == "rate":
            cells.append(figure(rates.get(name), facts.digits, 100))
        else:
            cells.append(figure(medians["intervals"].get(name), facts.digits))
    return cells


def figure(interval: Mapping[str, Any] | None, digits: int = 2, times: float = 1, sign: str = "") -> str:
    """`0.93 [0.90, 0.96]`, or a dash. times: 100 for per cent. sign: "+" shows it of gains, too."""
    if not interval:
        return "-"
    rate, low, high = (f"{times * interval[name]:{sign}.{digits}f}" for name in ("rate", "low", "high"))
    return f"{rate} [{low}, {high}]"


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A line for each row."""
    lines = ["| " + " | ".join(cell.replace("|", r"\|") for cell in row) + " |" for row in (head, *rows)]
    return "\n".join([lines[0], "|" + "---|" * len(head), *lines[1:]]) + "\n"


def _escaped(cell: str) -> str:
    for mark in "&%#_$":
        cell = cell.replace(mark, "\\" + mark)
    return cell
