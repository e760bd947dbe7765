"""`vireo compare`: two evaluations of the same pairs, and whether their difference is more than chance."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vireo.cli import terminal


def compare(
    first: Annotated[Path, typer.Argument(metavar="FIRST", help="A folder that vireo eval wrote.")],
    second: Annotated[Path, typer.Argument(metavar="SECOND", help="Another, of the same pair set or benchmark.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Compare the evaluation SECOND with FIRST: paired differences, 95 % intervals, permutation tests."""
    from vireo.evaluation.comparison import compare as run

    result = run(first, second)
    if as_json:
        terminal.print_json(result)
        return
    rows = [
        [family, str(row["difference"]["n"]), f"{row['first']:.2f}", f"{row['second']:.2f}", *_figures(row)]
        for family, row in result["families"].items()
        if "difference" in row
    ]
    columns = ["family", "n", "first", "second", "difference", "p", "detectable"]
    terminal.print_table(f"{result['by']} by family (p is not corrected for the number of families)", columns, rows)
    rows = [[name, str(row["difference"]["n"]), *_figures(row)] for name, row in result["measures"].items()]
    title = f"{second} ({result['second']['model']}) minus {first} ({result['first']['model']}), families balanced"
    terminal.print_table(title, ["measure", "n", *columns[4:]], rows)


def _figures(row: dict) -> list[str]:
    gap, detectable = row["difference"], row["detectable"]
    text = f"{gap['rate']:+.3f} [{gap['low']:+.3f}, {gap['high']:+.3f}]"
    return [text, f"{row['p']:.4f}", "-" if detectable is None else f"{detectable:.3f}"]
