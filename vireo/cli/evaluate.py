"""`vireo eval`: scores edits against exact targets."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from vireo.cli import terminal
from vireo.cli.choices import Guidance, Look, Preserve, Rubric, Seed, Steps
from vireo.errors import InputError
from vireo.runtime import cache_folder


def evaluate(
    pairs: Annotated[Path, typer.Argument(metavar="PAIRS_DIR", help="A pair set of `vireo world make`.")],
    out: Annotated[Path, typer.Option(help="Folder of the report; a broken run goes on from it.")],
    model: Annotated[str | None, typer.Option(help="A preset, a folder or a hub id.")] = None,
    videos: Annotated[
        Path | None, typer.Option(help="Instead of --model: finished clips named ID.mkv or ID.mp4.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first so many pairs.")] = None,
    preserve: Annotated[Preserve, typer.Option(help="As in `vireo edit`.")] = Preserve.strict,
    look: Look = True,
    steps: Steps = None,
    guidance: Guidance = None,
    seed: Seed = 0,
    paraphrases: Annotated[bool, typer.Option("--paraphrases", help="Also one paraphrase a pair.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Also write the edited clips, OUT/clips/ID.mkv.")] = False,
    judge: Annotated[
        str | None,
        typer.Option(help="Also ask a judge: https://HOST/v1#MODEL, a folder of a chat model, or a pipeline (mini)."),
    ] = None,
    rubric: Annotated[Rubric, typer.Option(help="What the judge scores.")] = Rubric.viva,
    price: Annotated[
        str | None, typer.Option(metavar="IN,OUT", help="Prices of a million tokens in and out, for the bill.")
    ] = None,
    backbone: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND=ID",
            help="Also measure with a published model, by folder or hub id: clip, dino, pick or video. Several times.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as one JSON object.")] = False,
) -> None:
    """Edit every pair of PAIRS_DIR and score it; writes report.json, report.html and contact sheets."""
    terminal.check_folder(out)
    prices = _prices(price)
    with terminal.progress("loading") as advance:
        from vireo.evaluation.judged import open_judge
        from vireo.evaluation.runner import evaluate as run

        asked = open_judge(judge, rubric.value, cache=cache_folder() / "judgements", prices=prices) if judge else None
        report = run(
            pairs,
            out=out,
            model=model,
            videos=videos,
            limit=limit,
            preserve=preserve.value,
            look=look,
            steps=steps,
            guidance=guidance,
            seed=seed,
            paraphrases=paraphrases,
            judge=asked,
            backbones=_named(backbone or []),
            keep=keep,
            command=shlex.join(["vireo", *sys.argv[1:]]),
            on_progress=advance,
        )
    if as_json:
        terminal.print_json(report)
        return
    from vireo.evaluation.page import further_figures, number, rate

    rows = []
    for family, row in report["families"].items():
        raw = report["raw"].get("families", {}).get(family, {})
        figures = number(row["edit_error"]), number(row["outside_psnr"], 1), rate(raw.get("success"))
        rows.append([family, str(row["success"]["n"]), rate(row["success"]), *figures])
    total = report["success"]
    rows.append(["balanced", str(total["n"]), rate(total), "", "", rate(report["raw"].get("success"))])
    columns = ["family", "n", "success", "edit error", "outside dB", "raw: error <= 0.35"]
    terminal.print_table(f"{report['model']} on {pairs}", columns, rows)
    if report["judged"]:
        _print_judged(report["judged"])
    terminal.print_facts({**dict(further_figures(report)), "report": out / "report.html"})


def _named(given: list[str]) -> dict[str, str]:
    parts = [text.partition("=") for text in given]
    wrong = [text for text, (kind, _, name) in zip(given, parts, strict=True) if not kind or not name]
    if wrong:
        raise InputError(f"cannot read the backbone {wrong[0]!r}", "write --backbone KIND=ID, e.g. --backbone clip=DIR")
    return {kind: name for kind, _, name in parts}


def _prices(text: str | None) -> tuple[float, float] | None:
    if text is None:
        return None
    try:
        incoming, outgoing = (float(part) for part in text.split(","))
    except ValueError:
        raise InputError(f"cannot read the prices {text!r}", "write --price IN,OUT, e.g. --price 2.5,10") from None
    return incoming, outgoing


def _print_judged(judged: dict) -> None:
    from vireo.evaluation.page import number, score

    tables = judged["criteria"] | judged["overall"]
    families = dict.fromkeys(family for table in tables.values() for family in table["families"])
    rows = [
        [family, *(number((table["families"].get(family) or {}).get("rate"), 2) for table in tables.values())]
        for family in families
    ]
    rows.append(["balanced", *(score(table["all"]) for table in tables.values())])
    terminal.print_table(f"judged by {judged['judge']}, 0 to 10", ["family", *tables], rows)
    usage = {name: value for name, value in judged["usage"].items() if value}
    terminal.print_facts({"judged": judged["n"], "not judged": len(judged["failures"]), **usage})
    for failure in judged["failures"][:10]:
        print(f"not judged: {failure['id']}: {failure['why']}")
