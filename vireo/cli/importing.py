"""`vireo import`: published training pairs as a pair set."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vireo.cli import terminal
from vireo.cli.choices import read_size


def import_pairs(
    layout: Annotated[
        str,
        typer.Argument(
            metavar="LAYOUT", help="How the set lies there: seed-data-edit, gpt-image-edit, ditto, insvie or senorita."
        ),
    ],
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where the set was unpacked.")],
    out: Annotated[Path, typer.Argument(metavar="DIR", help="Where the pair set goes.")],
    size: Annotated[str | None, typer.Option(metavar="WxH", help="Size of the clips; else the studio's.")] = None,
    frames: Annotated[int | None, typer.Option(min=1, help="Frames of each clip; else as in the studio.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first so many pairs.")] = None,
) -> None:
    """Turn a published training set into a pair set; what is missing or malformed is listed, the rest is taken."""
    wanted = None if size is None else read_size(size)
    terminal.check_folder(out)
    with terminal.progress("reading") as advance:
        from vireo.pairs import imports

        count, problems = imports.import_pairs(
            layout,
            folder,
            out,
            size=wanted or (imports.STANDARD_SIZE, imports.STANDARD_SIZE),
            frames=frames or imports.STANDARD_FRAMES,
            limit=limit,
            on_progress=advance,
        )
    for problem in problems[:10]:
        print(f"not read: {problem['where']}: {problem['what']}")
    terminal.print_facts({"pairs": out / "pairs.jsonl", "imported": count, "not read": len(problems)})
