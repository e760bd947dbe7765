"""`vireo train`: makes the models from nothing, stage by stage, resumable."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from vireo.cli import terminal
from vireo.cli.choices import Device, Dtype


class Stage(StrEnum):
    """The stages of mini in order; `mini` is all of them."""

    vae = "vae"
    clip = "clip"
    vlm = "vlm"
    t2v = "t2v"
    editor = "editor"
    mini = "mini"


def train(
    stage: Annotated[
        Stage, typer.Argument(metavar="STAGE", help="vae, clip, vlm, t2v, editor, or mini: all in order.")
    ],
    workdir: Annotated[Path, typer.Option(help="Folder of checkpoints, logs, samples and the result.")],
    minutes: Annotated[float | None, typer.Option(min=0, help="Stop with a checkpoint after so many minutes.")] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Change a setting; may be repeated."),
    ] = None,
    recipe: Annotated[Path | None, typer.Option(help="A TOML file of settings, under --set.")] = None,
    device: Device = "auto",
    dtype: Dtype = None,
) -> None:
    """Train STAGE in WORKDIR; the same command goes on where the last one stopped."""
    from vireo.config import read_assignments, read_recipe

    overrides = {**(read_recipe(recipe) if recipe else {}), **read_assignments(settings or [])}
    terminal.check_folder(workdir)
    with terminal.progress(stage.value) as advance:
        from vireo.training import mini
        from vireo.training.loop import Progress

        def show(now: Progress) -> None:
            advance(now.step, now.steps, f"{now.stage}, loss {now.loss:.4f}")

        done = mini.train(
            stage.value, workdir, minutes=minutes, overrides=overrides, on_progress=show, device=device, dtype=dtype
        )
    if done:
        terminal.print_facts({"trained": workdir})
    else:
        print("stopped with a checkpoint; the same command goes on")
