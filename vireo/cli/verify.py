"""`vireo verify`: whether an edit changed only what its receipt says."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vireo.cli import terminal


def verify(
    source: Annotated[Path, typer.Argument(metavar="SOURCE", help="The video that was edited.")],
    output: Annotated[Path, typer.Argument(metavar="OUTPUT", help="The edited video.")],
    receipt: Annotated[Path, typer.Argument(metavar="RECEIPT", help="What vireo edit --receipt wrote.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Check that nothing outside the regions of RECEIPT differs between SOURCE and OUTPUT; exit 1 if it does."""
    with terminal.progress("comparing") as advance:
        from vireo.receipt import verify as check

        verdict = check(source, output, receipt, on_progress=lambda done, total: advance(done, total, "comparing"))
    if as_json:
        terminal.print_json({"holds": verdict.holds, **vars(verdict)})
    else:
        facts = {"holds": "yes" if verdict.holds else "NO"}
        if verdict.frames:
            error = f"mean error of the worst frame {verdict.mean:.3f}/255"
            facts |= {"frames": verdict.frames, "outside": f"{verdict.untouched:.1%} of the pixels, {error}"}
        terminal.print_facts(facts)
        for line in (*verdict.failures, *verdict.notes):
            print(line)
    if not verdict.holds:
        raise typer.Exit(1)
