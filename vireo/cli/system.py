"""`vireo models`, `vireo doctor` and `vireo bench`: presets, the machine's hardware and libraries, timings."""

import json
from pathlib import Path
from typing import Annotated, Literal

import typer

from vireo.cli import terminal
from vireo.cli.choices import AsJson
from vireo.config import dotted


def models(as_json: AsJson = False) -> None:
    """List the presets: where their weights are, what they need, whether they can run here, which words they know."""
    from vireo.evaluation.system_info import memory_gb
    from vireo.models.editors.opening import ADAPTERS
    from vireo.models.presets import PRESETS
    from vireo.reasoning.perception.hub.presets import HUB_PRESETS

    def runs_here(available: bool, needed_gb: float, missing: str) -> str:
        if 0 < memory_gb() < needed_gb:
            return "too little memory"
        return "yes" if available else missing

    found = {}
    for preset in PRESETS.values():
        found[preset.name] = {
            "kind": "editor",
            "summary": preset.summary,
            "weights": str(preset.folder),
            "megabytes": round(preset.megabytes, 1),
            "memory_gb": preset.memory_gb,
            "runs_here": runs_here(preset.available, preset.memory_gb, "no weights"),
            "knows": preset.vocabulary and preset.vocabulary.model_dump(mode="json"),
        }
    seers = {
        name: {
            "kind": "perception",
            "summary": preset.summary,
            "weights": {part: checkpoint.hub_id for part, checkpoint in preset.parts.items()},
            "licences": {part: checkpoint.licence for part, checkpoint in preset.parts.items()},
            "memory_gb": preset.memory_gb,
            "runs_here": runs_here(preset.available, preset.memory_gb, "not fetched yet"),
        }
        for name, preset in HUB_PRESETS.items()
    }
    if as_json:
        terminal.print_json(found | seers)
        return
    for name, facts in found.items():
        print(f"{name}: {facts['summary']}")
        terminal.print_facts(
            {
                "  weights": f"{facts['weights']} ({facts['megabytes']} MB)",
                "  needs": f"{facts['memory_gb']:g} GB of memory",
                "  runs here": facts["runs_here"],
            }
        )
        if (known := PRESETS[name].vocabulary) is not None:
            print()
            terminal.print_facts({f"  {operation.name}": operation.example for operation in known.operations})
            print()
            terminal.print_facts({f"  {slot}": known.listed(slot) for slot in known.words})
            print()
    print(f"A folder or hub id can be named instead that holds one of {', '.join(ADAPTERS)},")
    print("or another class with the same arguments, named by --adapter.")
    print("\nFor --perception, beside mini:")
    for name, preset in HUB_PRESETS.items():
        print(f"{name}: {preset.summary}")
        parts = {f"  {part}": f"{each.hub_id} ({each.licence})" for part, each in preset.parts.items()}
        needs = {"  needs": f"{preset.memory_gb:g} GB of memory", "  runs here": seers[name]["runs_here"]}
        terminal.print_facts(parts | needs)


def doctor(as_json: AsJson = False) -> None:
    """Show what this machine has: cores, AMX, GPU, memory, codecs, GL, cache folders."""
    with terminal.progress("inspecting the machine"):
        from vireo.evaluation.system_info import facts

        found = facts()
    if as_json:
        terminal.print_json(found)
    else:
        terminal.print_facts(found)


def bench(
    part: Annotated[
        Literal["train", "edit", "world", "all"], typer.Argument(metavar="PART", help="train, edit, world or all.")
    ] = "all",
    out: Annotated[Path | None, typer.Option(help="Also write the JSON here.")] = None,
    model: Annotated[str, typer.Option(help="What `edit` is timed with.")] = "mini",
    as_json: AsJson = False,
) -> None:
    """Time training, editing and rendering; medians, and ratios to the rate of matrix products."""
    if out is not None:
        from vireo.video.io import refuse_output

        refuse_output(out, overwrite=True)
    with terminal.progress("timing") as advance:
        from vireo.evaluation.bench import run
        from vireo.runtime import whole_file

        report = run(part, model=model, on_part=lambda name: advance(0, None, name))
        if out is not None:
            with whole_file(out) as temporary:
                temporary.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    if as_json:
        terminal.print_json(report)
        return
    rows = [
        [name, f"{value:.4g}" if isinstance(value, float) else str(value)]
        for name, value in dotted(report)
        if not name.startswith("machine")
    ]
    terminal.print_table("medians: seconds, 1e9 operations a second, ratios", ["", ""], rows)
    if out is not None:
        terminal.print_facts({"written": out})
