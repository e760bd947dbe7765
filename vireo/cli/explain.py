"""`vireo explain`: what is seen in a video and what would be done to it, before a pixel changes."""

from pathlib import Path
from typing import Annotated, Any

import typer

from vireo.cli import terminal
from vireo.cli.choices import AsJson, Perception, Reasoner


def explain(  # noqa: PLR0913 - the options of the contract
    source: Annotated[Path, typer.Argument(metavar="SOURCE", help="The video that would be edited.")],
    query: Annotated[str, typer.Argument(metavar="QUERY", help='E.g. "make the ball blue, then remove the cone".')],
    model: Annotated[str, typer.Option(help="The preset that would edit; its words make the plan.")] = "mini",
    twin: Annotated[Path | None, typer.Option(help="The digital twin of SOURCE, as --json wrote it.")] = None,
    reasoner: Reasoner = "mini",
    perception: Perception = "mini",
    html: Annotated[Path | None, typer.Option(help="Also write a page with pictures here.")] = None,
    plan_only: Annotated[bool, typer.Option("--plan-only", help="Leave the twin out of what is printed.")] = False,
    as_json: AsJson = False,
    overwrite: Annotated[bool, typer.Option("-y", "--yes", help="Overwrite an existing page.")] = False,
) -> None:
    """Show the digital twin of SOURCE and the plan that QUERY becomes; nothing is edited."""
    with terminal.progress("looking"):
        from vireo.models.presets import declared_vocabulary, resolve
        from vireo.pipeline.explain import explain_video
        from vireo.pipeline.planning import read_twin
        from vireo.video.io import refuse_output

        if html is not None:
            refuse_output(html, source, overwrite)
        given = None if twin is None else read_twin(twin)
        found = explain_video(
            source,
            query,
            vocabulary=declared_vocabulary(resolve(model)),
            planner=reasoner,
            perceive=perception,
            twin=given,
        )
        if html is not None:
            from vireo.reasoning.pictures.page import write_page

            write_page(html, source, found.plan, found.twin)
    seen = None if plan_only or found.twin is None else found.twin.model_dump(mode="json")
    if as_json:
        terminal.print_json({"plan": found.plan.model_dump(mode="json"), "twin": seen})
        return
    facts: dict[str, Any] = {"query": found.plan.query, "planned by": found.plan.reasoner}
    for number, step in enumerate(found.plan.steps, 1):
        where = "" if step.span is None else f", from {step.span[0]:.2f} to {step.span[1]:.2f} s"
        facts[f"step {number}"] = f"{step.instruction}{where} ({step.confidence:.0%} sure)"
        facts |= {f"  because {place}": reason.text for place, reason in enumerate(step.reasons, 1)}
    if found.plan.fallback is not None:
        facts["no step"] = found.plan.fallback
    if found.plan.question is not None:
        facts["question"] = found.plan.question.text
        facts |= {f"  {each.target.name}": f"{each.confidence:.0%} likely" for each in found.plan.question.candidates}
    if found.twin is not None and not plan_only:
        from vireo.reasoning.pictures.drawings import title_of

        facts |= {f"sees {entry.id}": title_of(found.twin, entry.id) for entry in found.twin.objects}
        facts["relations"] = "; ".join(f"{link.subject} {link.kind} {link.object}" for link in found.twin.relations)
        facts["events"] = "; ".join(
            f"{event.subject} {event.kind} {event.object or ''} at {found.twin.times[event.frame]:.2f} s"
            for event in found.twin.events
        )
    terminal.print_facts(facts | ({} if html is None else {"page": html}))
