"""`vireo edit`: a video file and an instruction in, a video file out; `vireo verify`: what of it has changed."""

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
)
from vireo.errors import AsksBack
from vireo.runtime import lasting_imports, waiting_threads


def edit(  # noqa: PLR0913 - the options of the contract
    source: Annotated[Path, typer.Argument(metavar="SOURCE", help="The video to edit.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Where the edited video goes.")],
    instruction: Annotated[
        str | None,
        typer.Argument(metavar="INSTRUCTION", help='What to change, e.g. "make the red ball blue"; not with --plan.'),
    ] = None,
    model: Annotated[str, typer.Option(help="A preset, a folder or a hub id.")] = "mini",
    reference: Annotated[Path | None, typer.Option(help="A picture the instruction speaks of.")] = None,
    mask: Annotated[
        Path | None, typer.Option(help="A picture or video, white where the edit may be; else that is predicted.")
    ] = None,
    steps: Steps = None,
    guidance: Guidance = None,
    seed: Seed = 0,
    preserve: Annotated[
        Preserve, typer.Option(help="Outside the edit: keep every pixel, blend softly, or take all as made.")
    ] = "strict",
    look: Look = True,
    executor: Annotated[
        Executor,
        typer.Option(
            help="Who edits: a model, or the exact function of the pixels that is asked for (black and white, sepia, "
            "night ...), at full size and without a model; auto: the function where there is one."
        ),
    ] = "auto",
    reason: Annotated[
        Reason,
        typer.Option(
            help="Turn INSTRUCTION into a plan and carry that out step by step: always, never, or where it asks for "
            "several things or is not understood."
        ),
    ] = "auto",
    reasoner: Reasoner = "mini",
    perception: Perception = "mini",
    plan: Annotated[Path | None, typer.Option(help="Carry out this plan instead of an instruction.")] = None,
    twin: Annotated[
        Path | None,
        typer.Option(
            help="The digital twin of SOURCE, as vireo explain --json wrote it: keeps steps to their objects."
        ),
    ] = None,
    save_plan: Annotated[Path | None, typer.Option(help="Also write the plan here.")] = None,
    no_ask: Annotated[
        bool, typer.Option("--no-ask", help="Guess where the plan is not sure what is meant, instead of exit 3.")
    ] = False,
    device: Device = "auto",
    dtype: Dtype = None,
    adapter: Adapter = None,
    start: Annotated[float | None, typer.Option(min=0, help="Edit from this second on.")] = None,
    end: Annotated[float | None, typer.Option(min=0, help="Edit up to this second.")] = None,
    compare: Annotated[Path | None, typer.Option(help="Also write a before/after picture here.")] = None,
    receipt: Annotated[
        Path | None, typer.Option(help="Also write what was done and left alone here; see vireo verify.")
    ] = None,
    preview: Annotated[
        Path | None, typer.Option(help="Also write a quick version of at most four steps there, first.")
    ] = None,
    codec: Annotated[
        str | None, typer.Option(help="Codec of the output, e.g. hevc or ffv1; else the source's.")
    ] = None,
    crf: Annotated[int | None, typer.Option(min=0, help="Constant rate factor of the output; lower is better.")] = None,
    lossless: Annotated[bool, typer.Option("--lossless", help="Store every pixel of the output as it is.")] = False,
    strict_decode: Annotated[
        bool, typer.Option("--strict-decode", help="End with an error where a frame of SOURCE or the mask is damaged.")
    ] = False,
    as_json: AsJson = False,
    overwrite: Annotated[bool, typer.Option("-y", "--yes", help="Overwrite existing outputs.")] = False,
) -> None:
    """Edit SOURCE as INSTRUCTION says; size, frame times and sound stay."""
    waiting_threads()
    try:
        with terminal.progress("loading") as advance:
            with lasting_imports():
                from vireo.pipeline.edit import edit_video
                from vireo.pipeline.planning import read_plan, read_twin
                from vireo.video.io import Quality
                from vireo.video.operations import read_operation

                alone = reference is None and instruction is not None and read_operation(instruction) is not None
                if plan is None and (executor == "model" or (executor == "auto" and not alone)):
                    import vireo.pipeline.stream  # noqa: F401 - what a model needs, which takes seconds

            result = edit_video(
                source,
                instruction,
                output,
                model=model,
                reference=reference,
                mask=mask,
                steps=steps,
                guidance=guidance,
                seed=seed,
                preserve=preserve,
                look=look,
                executor=executor,
                reason=reason,
                planner=reasoner,
                perceive=perception,
                plan=None if plan is None else read_plan(plan),
                twin=None if twin is None else read_twin(twin),
                save_plan=save_plan,
                ask=not no_ask,
                device=device,
                dtype=dtype,
                adapter=adapter,
                start=start,
                end=end,
                compare=compare,
                receipt=receipt,
                preview=preview,
                quality=Quality(codec, crf, lossless),
                strict_decode=strict_decode,
                overwrite=overwrite,
                on_progress=advance,
            )
    except AsksBack as asks:
        _print_question(asks, as_json=as_json)
        raise typer.Exit(asks.exit_code) from None
    if as_json:
        terminal.print_json(result)
        return
    facts: dict[str, object] = {
        "edited": result.output,
        "frames": f"{result.frames} of {result.width}x{result.height} at {float(result.fps):.3g} per second",
        "edit region": f"{result.changed_fraction:.1%} of the pixels",
        "seconds": f"{result.seconds['total']:.1f}",
    }
    if result.operation is not None:
        facts["executor"] = f"exact: {result.operation}; no model took part"
    elif result.read_as not in (None, instruction) and not result.plan:
        facts["read as"] = result.read_as
    for number, step in enumerate(result.plan, 1):
        tried = f", in {step.tries} ways" if step.tries > 1 else ""
        facts[f"step {number}"] = f"{step.instruction} ({step.changed_fraction:.1%} of the pixels{tried})"
    if result.notes and result.plan:
        facts["note"] = "; ".join(result.notes)
    elif result.notes:
        unknown = ", vireo models lists what it knows" if result.read_as is None else ""
        facts["note"] = f"{'; '.join(result.notes)}; the clip was left as it is (--no-look edits it{unknown})"
    if result.warnings:
        facts["warning"] = "; ".join(result.warnings)
    if result.left_out:
        facts["left out"] = "; ".join(result.left_out)
    written = {"before/after": compare, "preview": preview, "receipt": receipt, "plan": save_plan}
    terminal.print_facts(facts | {name: path for name, path in written.items() if path is not None})


def _print_question(asks: AsksBack, *, as_json: bool) -> None:
    if as_json:
        candidates = [{"name": name, "confidence": confidence} for name, confidence in asks.candidates]
        terminal.print_json({"question": asks.question, "candidates": candidates})
        return
    print(f"{asks.question} ({asks.fix})")
    terminal.print_facts({name: f"{confidence:.0%} likely" for name, confidence in asks.candidates})


def verify(
    source: Annotated[Path, typer.Argument(metavar="SOURCE", help="The video that was edited.")],
    output: Annotated[Path, typer.Argument(metavar="OUTPUT", help="The edited video.")],
    receipt: Annotated[Path, typer.Argument(metavar="RECEIPT", help="What vireo edit --receipt wrote.")],
    as_json: AsJson = False,
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
