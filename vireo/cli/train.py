"""`vireo train`: makes the models from nothing, stage by stage, resumable; `vireo ladder`: what each part of VIVA's
recipe brings."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from vireo.cli import terminal
from vireo.cli.choices import Device, Dtype, read_names
from vireo.config import overridden, read_assignments, read_recipe
from vireo.errors import InputError


def train(
    stage: Annotated[
        Literal["vae", "clip", "vlm", "t2v", "editor", "perception", "reasoner", "reinforce", "grpo", "mini"],
        typer.Argument(
            metavar="STAGE",
            help="vae, clip, vlm, t2v, editor, perception, reasoner; mini: all of these in order; or, from rewards, "
            "reinforce (the reasoner), grpo (the editor).",
        ),
    ],
    workdir: Annotated[Path, typer.Option(help="Folder of checkpoints, logs, samples and the result.")],
    minutes: Annotated[float | None, typer.Option(min=0, help="Stop with a checkpoint after so many minutes.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Change a setting; may be repeated.")
    ] = None,
    recipe: Annotated[Path | None, typer.Option(help="A TOML file of settings, under --set.")] = None,
    device: Device = "auto",
    dtype: Dtype = None,
) -> None:
    """Train STAGE in WORKDIR; the same command goes on where the last one stopped."""
    overrides = {**(read_recipe(recipe) if recipe else {}), **read_assignments(settings or [])}
    terminal.check_folder(workdir)
    with terminal.progress(stage) as advance:
        from vireo.training import mini
        from vireo.training.loop import Progress

        def show(now: Progress) -> None:
            advance(now.step, now.steps, f"{now.stage}, loss {now.loss:.4f}")

        done = mini.train(
            stage, workdir, minutes=minutes, overrides=overrides, on_progress=show, device=device, dtype=dtype
        )
    if done:
        terminal.print_facts({"trained": workdir})
    else:
        print("stopped with a checkpoint; the same command goes on")


def ladder(
    workdir: Annotated[Path, typer.Option(help="Folder of data, runs and tables; a broken run goes on from it.")],
    seeds: Annotated[str, typer.Option(help="Seeds of the runs, comma-separated.")] = "0,1,2",
    variants: Annotated[str | None, typer.Option(help="Only these variants, comma-separated, e.g. vanilla,+V.")] = None,
    assignments: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="A setting of `AblationConfig`, e.g. pairs=4000, model=mini."),
    ] = None,
    minutes: Annotated[float | None, typer.Option(min=0, help="Stop each run after so many minutes.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the tables as one JSON object.")] = False,
) -> None:
    """Train Vanilla, +V, +M, +I and +R at one small equal budget and compare them (VIVA, Table 2)."""
    if not all(seed.strip().isdecimal() for seed in seeds.split(",")):
        raise InputError(f"cannot read the seeds {seeds!r}", "write them as 0,1,2")
    terminal.check_folder(workdir)
    values = read_assignments(assignments or [])
    with terminal.progress("loading") as advance:
        from vireo.evaluation.ablation.run import AblationConfig, run_ablation
        from vireo.evaluation.ablation.table import as_markdown
        from vireo.evaluation.ablation.variants import VARIANTS

        report = run_ablation(
            workdir,
            overridden(AblationConfig(), values),
            variants=read_names(variants) if variants else list(VARIANTS),
            seeds=[int(seed) for seed in seeds.split(",")],
            minutes=minutes,
            command=terminal.command_line(),
            on_progress=advance,
        )
    if report is None:
        print("stopped with a checkpoint; the same command goes on")
    elif as_json:
        terminal.print_json(report)
    else:
        print(as_markdown(report), end="")
        terminal.print_facts({"tables": workdir / "ladder.md"})
