"""`vireo study`: people compare finished clips, blind, on a local web page."""

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from vireo.cli import terminal
from vireo.errors import InputError


def study(
    pairs: Annotated[Path, typer.Argument(metavar="PAIRS_DIR", help="The pair set whose clips were edited.")],
    methods: Annotated[
        list[str],
        typer.Option("--method", metavar="NAME=FOLDER", help="Finished clips ID.mkv or ID.mp4; give two or more."),
    ],
    out: Annotated[Path, typer.Option(help="Folder of answers.csv; a broken study goes on from it.")],
    mode: Annotated[
        Literal["pairs", "ranking"], typer.Option(help="Two at a time (win, tie, lose), or a ranking of all.")
    ] = "pairs",
    address: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="Where to serve the page; port 0 is any free one.")
    ] = "127.0.0.1:8000",
    results: Annotated[bool, typer.Option("--results", help="Only sum up the answers so far.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the results as one JSON object.")] = False,
) -> None:
    """Serve a user study until Ctrl-C, then sum up its answers: rates and Bradley-Terry strengths."""
    from vireo.evaluation.study import answers as studies
    from vireo.evaluation.study.page import StudyServer

    terminal.check_folder(out)
    host, port = _address(address)
    made = studies.Study(pairs, _folders(methods), out, mode)
    if not results:
        server = StudyServer(made, host, port)
        print(
            f"study of {len(made.instructions)} clips at {server.url}; end it with Ctrl-C", file=sys.stderr, flush=True
        )
        if made.left_out:
            print(f"left out, not every method has them: {', '.join(made.left_out)}", file=sys.stderr)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            server.server_close()
    summary = studies.results(made.answers(), made.methods)
    if as_json:
        terminal.print_json(summary)
        return
    for criterion, found in summary["criteria"].items():
        rows = []
        for row in found["pairs"]:
            rates = [row[name] for name in studies.OUTCOMES]
            texts = [f"{rate['rate']:.2f} [{rate['low']:.2f}, {rate['high']:.2f}]" for rate in rates]
            rows.append([f"{row['first']} against {row['second']}", str(row["n"]), *texts])
        terminal.print_table(criterion, ["methods", "n", *studies.OUTCOMES], rows)
        rows = [
            [name, f"{value['strength']:+.2f} [{value['low']:+.2f}, {value['high']:+.2f}]"]
            for name, value in found["strength"].items()
        ]
        terminal.print_table("Bradley-Terry strength, mean 0", ["method", "strength"], rows)
    terminal.print_facts({"raters": summary["raters"], "answers": summary["answers"], "file": out / "answers.csv"})


def _folders(methods: list[str]) -> dict[str, Path]:
    folders = {}
    for text in methods:
        name, equals, folder = text.partition("=")
        if not (name and equals and Path(folder).is_dir()):
            raise InputError(f"cannot read the method {text!r}", "write --method NAME=FOLDER of finished clips")
        folders[name] = Path(folder)
    return folders


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not (host and port.isdecimal() and int(port) < 1 << 16):
        raise InputError(f"cannot read the address {text!r}", "write --address HOST:PORT, e.g. 127.0.0.1:8000")
    return host, int(port)
