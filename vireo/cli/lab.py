"""`vireo lab`: how good rewards, metrics and judges are, on edits whose truth is known."""

from pathlib import Path
from typing import Annotated

import typer

from vireo.cli import terminal
from vireo.cli.choices import read_named
from vireo.runtime import cache_folder


def lab(
    pairs: Annotated[Path, typer.Argument(metavar="PAIRS_DIR", help="A pair set of `vireo world make`.")],
    out: Annotated[Path, typer.Option(help="Folder of the tables; a broken run goes on from it.")],
    outputs: Annotated[
        list[Path] | None,
        typer.Option(help="Folder of finished clips, OUT/clips of `vireo eval --keep`; may be given several times."),
    ] = None,
    backbone: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND[=ID]",
            help="Also what `vireo eval --backbone` measures; with clip VIVA's rewards. instructor=ID: a pipeline "
            "whose instructor is asked, else mini.",
        ),
    ] = None,
    judge: Annotated[
        str | None, typer.Option(metavar="ADDRESS[@RUBRIC]", help="Also another judge, as in `vireo eval`.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=2, help="Only the first so many pairs.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the tables as one JSON object.")] = False,
) -> None:
    """Compare rewards, metrics and judges: exact targets of PAIRS_DIR against nine ways of making them worse."""
    terminal.check_folder(out)
    backbones = read_named(backbone or [])
    instructor = backbones.pop("instructor", "") or "mini"
    with terminal.progress("loading") as advance:
        from vireo.evaluation.reward_lab.run import LabConfig, run_lab
        from vireo.judges.registry import open_judge

        config = LabConfig(
            instructor=instructor,
            outputs=outputs or (),
            backbones=backbones,
            judge=open_judge(judge, cache=cache_folder() / "judgements") if judge else None,
            limit=limit,
        )
        command = terminal.command_line()
        report = run_lab(pairs, out, config, command=command, on_progress=advance)
    if as_json:
        terminal.print_json(report)
        return
    from vireo.evaluation.report.tables import figure
    from vireo.evaluation.reward_lab.statistics import key_figures

    rows = []
    for name, found in report["scorers"].items():
        full = [kinds["1"]["auroc"] for kinds in found["corruptions"].values() if "1" in kinds]
        figures = [min((value for value in full if value is not None), default=None), *key_figures(found)]
        rows.append([name, *("-" if value is None else f"{value:.2f}" for value in figures)])
    columns = ["scorer", "worst AUROC", "Spearman", "outputs: Spearman", "ties", "nothing preferred", "exploit"]
    terminal.print_table(f"{report['candidates']} candidates of {report['pairs']} pairs", columns, rows)
    for editor, made in report["outputs"].items():
        rates = ", ".join(f"{name} {figure(made[name])}" for name in ("success", "success_loose"))
        print(f"{editor}: {made['n']} clips, accuracy {made['accuracy']:.2f}, {rates}")
    for failure in report["failures"][:10]:
        print(f"not judged: {failure['id']}: {failure['why']}")
    terminal.print_facts({"table": out / "lab.md"})
