"""`vireo eval`: scores edits against exact targets, or on published benchmarks, which have none; `vireo compare`: two
evaluations of the same pairs, and whether their difference is more than chance."""

from pathlib import Path
from typing import Annotated

import typer

from vireo.cli import terminal
from vireo.cli.choices import (
    Adapter,
    AsJson,
    Device,
    Dtype,
    Executor,
    Guidance,
    Look,
    Perception,
    Preserve,
    Reason,
    Reasoner,
    Seed,
    Steps,
    read_named,
)
from vireo.errors import InputError
from vireo.runtime import cache_folder, waiting_threads


def evaluate(  # noqa: PLR0913 - the options of the contract
    pairs: Annotated[
        Path, typer.Argument(metavar="PAIRS_DIR", help="A pair set of `vireo world make`; with --layout a benchmark.")
    ],
    out: Annotated[Path, typer.Option(help="Folder of the report; a broken run goes on from it.")],
    model: Annotated[str | None, typer.Option(help="A preset, a folder or a hub id.")] = None,
    videos: Annotated[
        Path | None, typer.Option(help="Instead of --model: finished clips named ID.mkv or ID.mp4.")
    ] = None,
    layout: Annotated[
        str | None,
        typer.Option(help="PAIRS_DIR is a published benchmark, e.g. vie-bench or five; another name lists all."),
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first so many pairs.")] = None,
    preserve: Annotated[Preserve, typer.Option(help="As in `vireo edit`.")] = "strict",
    look: Look = True,
    executor: Annotated[
        Executor, typer.Option(help="As in `vireo edit`; scores of a model are measured with `model`.")
    ] = "model",
    reason: Annotated[
        Reason, typer.Option(help="As in `vireo edit`; scores of a model are measured with `never`.")
    ] = "never",
    reasoner: Reasoner = "mini",
    perception: Perception = "mini",
    steps: Steps = None,
    guidance: Guidance = None,
    seed: Seed = 0,
    device: Device = "auto",
    dtype: Dtype = None,
    adapter: Adapter = None,
    paraphrases: Annotated[bool, typer.Option("--paraphrases", help="Also one paraphrase a pair.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Also write the edited clips, OUT/clips/ID.mkv.")] = False,
    judge: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS[@RUBRIC]",
            help="Also ask a judge: https://HOST/v1#MODEL, a folder of a chat model, or a pipeline (mini). By "
            "rubric viva, revise or editverse; else by viva, or by what goes with the layout.",
        ),
    ] = None,
    price: Annotated[
        str | None, typer.Option(metavar="IN,OUT", help="Prices of a million tokens in and out, for the bill.")
    ] = None,
    backbone: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND[=ID]",
            help="Also measure with the published model of a kind, one in a folder, or mini: clip, clip-b, dino, "
            "dino8, dinov2, lpips, pick, viclip.",
        ),
    ] = None,
    workers: Annotated[
        int, typer.Option(min=1, help="Processes that share the work, each with its own copy of the models.")
    ] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as one JSON object.")] = False,
) -> None:
    """Edit every pair of PAIRS_DIR and score it; writes report.json, report.html and contact sheets."""
    terminal.check_folder(out)
    prices, named = _prices(price), read_named(backbone or [])
    command = terminal.command_line()
    waiting_threads()
    with terminal.progress("loading") as advance:
        from vireo.evaluation.benchmarks.registry import BENCHMARKS
        from vireo.evaluation.benchmarks.run import evaluate_published
        from vireo.evaluation.config import EvaluationConfig
        from vireo.evaluation.runner import evaluate as evaluate_pairs
        from vireo.judges.registry import open_judge
        from vireo.types import EditSettings

        rubric = BENCHMARKS[layout].rubric if layout in BENCHMARKS else "viva"
        cache = cache_folder() / "judgements"
        config = EvaluationConfig(
            model=model,
            videos=videos,
            edit=EditSettings(
                steps=steps, guidance=guidance, seed=seed, preserve=preserve, gate=look, executor=executor
            ),
            reason=reason,
            reasoner=reasoner,
            perception=perception,
            device=device,
            dtype=dtype,
            adapter=adapter,
            limit=limit,
            judge=open_judge(judge, cache=cache, rubric=rubric, prices=prices) if judge else None,
            backbones=named,
            paraphrases=paraphrases,
            keep=keep,
            workers=workers,
        )
        if layout is not None:
            report = evaluate_published(layout, pairs, out, config, command=command, on_progress=advance)
        else:
            report = evaluate_pairs(pairs, out, config, command=command, on_progress=advance)
    if as_json:
        terminal.print_json(report)
    elif layout is not None:
        _print_published(report, out)
    else:
        _print_exact(report, pairs, out)


def _print_published(report: dict, out: Path) -> None:
    from vireo.evaluation.report.tables import paper_rows

    terminal.print_table(f"{report['model']} on {report['layout']}", *paper_rows(report))
    for problem in report["problems"][:10]:
        print(f"not read: {problem['where']}: {problem['what']}")
    for failure in report["failures"][:10]:
        print(f"not edited: {failure['id']}: {failure['why']}")
    for failure in (report["answered"] or {"failures": []})["failures"][:10]:
        print(f"no answer about: {failure['id']}: {failure['why']}")
    counts = {"edited": report["n"], "not read": len(report["problems"]), "not edited": len(report["failures"])}
    terminal.print_facts({**counts, "report": out / "report.html"})


def _print_exact(report: dict, pairs: Path, out: Path) -> None:
    from vireo.evaluation.report.page import further_figures, number, rates

    rows = []
    for family, row in report["families"].items():
        raw = report["raw"].get("families", {}).get(family, {})
        names = {"edit_error": 3, "done": 2, "sharpness": 2, "outside_psnr": 1}
        figures = [number(row[name], digits) for name, digits in names.items()]
        rows.append([family, str(row["success"]["n"]), rates(row), *figures, rates(raw)])
    rows.append(["balanced", str(report["success"]["n"]), rates(report), "", "", "", "", rates(report["raw"])])
    columns = ["family", "n", "success / loose", "edit error", "done", "sharpness", "outside dB", "raw, inside / loose"]
    terminal.print_table(f"{report['model']} on {pairs}", columns, rows)
    for failure in report["failures"][:10]:
        print(f"not scored: {failure['id']}: {failure['why']}")
    if report["judged"]:
        _print_judged(report["judged"])
    terminal.print_facts({**dict(further_figures(report)), "report": out / "report.html"})


def _prices(text: str | None) -> tuple[float, float] | None:
    if text is None:
        return None
    try:
        incoming, outgoing = (float(part) for part in text.split(","))
    except ValueError:
        raise InputError(f"cannot read the prices {text!r}", "write --price IN,OUT, e.g. --price 2.5,10") from None
    return incoming, outgoing


def _print_judged(judged: dict) -> None:
    from vireo.evaluation.report.page import number
    from vireo.evaluation.report.tables import figure

    tables = judged["criteria"] | judged["overall"]
    families = dict.fromkeys(family for table in tables.values() for family in table["families"])
    rows = [
        [family, *(number((table["families"].get(family) or {}).get("rate"), 2) for table in tables.values())]
        for family in families
    ]
    rows.append(["balanced", *(figure(table["all"]) for table in tables.values())])
    terminal.print_table(f"judged by {judged['judge']}, criteria 0 to {judged['best']:g}", ["family", *tables], rows)
    usage = {name: value for name, value in judged["usage"].items() if value}
    terminal.print_facts({"judged": judged["n"], "not judged": len(judged["failures"]), **usage})
    for failure in judged["failures"][:10]:
        print(f"not judged: {failure['id']}: {failure['why']}")


def compare(
    first: Annotated[Path, typer.Argument(metavar="FIRST", help="A folder that vireo eval wrote.")],
    second: Annotated[Path, typer.Argument(metavar="SECOND", help="Another, of the same pair set or benchmark.")],
    as_json: AsJson = False,
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
