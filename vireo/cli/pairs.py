"""Pair sets: `vireo world` has the studio render them, `vireo import` reads published training sets."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from vireo.cli import terminal
from vireo.cli.choices import read_names, read_size

world = typer.Typer(help="The studio: scenes, edits and their exact results.", no_args_is_help=False)


@world.callback(invoke_without_command=True)
def _root(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        print(context.get_help())


@world.command("make")
def make(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the pair set goes.")],
    count: Annotated[int, typer.Option(min=1, help="How many pairs.")],
    seed: Annotated[int, typer.Option(min=0, help="Seed of the first scene.")] = 0,
    families: Annotated[str | None, typer.Option(help="Kinds of edits, comma-separated; else all.")] = None,
    split: Annotated[Literal["train", "test"], typer.Option(help="Test scenes have seeds from 1000000 on.")] = "train",
    scenes: Annotated[
        Literal["studio", "footage"],
        typer.Option(help="Rendered tabletops, or drawn pictures that a camera goes across."),
    ] = "studio",
    size: Annotated[str | None, typer.Option(metavar="WxH", help="Size of the studio's clips; else 96x96.")] = None,
) -> None:
    """Render COUNT pairs into DIR: the same command gives the same bytes."""
    chosen = None if families is None else read_names(families)
    wanted = None if size is None else read_size(size)
    terminal.check_folder(folder)
    with terminal.progress("rendering") as advance:
        from vireo.world.generate import PairSetSpec, make_pairs

        spec = PairSetSpec(count=count, seed=seed, split=split, families=chosen, scenes=scenes, size=wanted)
        make_pairs(folder, spec, on_progress=advance)
    terminal.print_facts({"pairs": folder / "pairs.jsonl"})


@world.command("studiobench")
def studiobench(folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the pair set goes.")]) -> None:
    """Render StudioBench into DIR: 1,000 fixed edits of all families, for `vireo eval`."""
    terminal.check_folder(folder)
    with terminal.progress("rendering") as advance:
        from vireo.world.generate import make_pairs
        from vireo.world.studiobench import SPEC

        make_pairs(folder, SPEC, on_progress=advance)
    terminal.print_facts({"pairs": folder / "pairs.jsonl"})


@world.command("studiorve")
def studiorve(folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the pair set goes.")]) -> None:
    """Render StudioRVE into DIR: 519 implicit queries on 100 clips, with plans, twins and exact results."""
    terminal.check_folder(folder)
    with terminal.progress("rendering") as advance:
        from vireo.instruction_tuning.studio_vocabulary import studio_vocabulary
        from vireo.reasoning.hops import Language
        from vireo.reasoning.studiorve import make_studiorve

        make_studiorve(folder, Language(studio_vocabulary()), on_progress=advance)
    terminal.print_facts({"pairs": folder / "pairs.jsonl"})


@world.command("show")
def show(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A pair set.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE.png", help="The sheet; else DIR/contact-sheet.png.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Most pairs of a family.")] = 3,
    families: Annotated[str | None, typer.Option(help="Kinds of edits, comma-separated; else all.")] = None,
    overwrite: Annotated[bool, typer.Option("-y", "--yes", help="Overwrite an existing sheet.")] = False,
) -> None:
    """Draw a contact sheet of DIR: source, target and mask of a few pairs a family, with their instructions."""
    from vireo.pairs.contact_sheet import write_contact_sheet

    out = out or folder / "contact-sheet.png"
    chosen = None if families is None else read_names(families)
    shown = write_contact_sheet(folder, out, limit=limit, families=chosen, overwrite=overwrite)
    terminal.print_facts({"sheet": out, "families": ", ".join(shown)})


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
