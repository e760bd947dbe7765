"""A plan: what is to be done to a clip, step by step, and why (RIVER's structured instructions).

Plans are programs: written by a reasoner or by hand, saved as JSON, read again, carried out on another take of the same
scene. Spans of time are seconds, so that they hold for any frame rate. Whatever a plan says has been checked when it is
loaded; `vireo.reasoning.checks` checks it further against a twin and the language of an editor.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from vireo.reasoning.twin import Chance

VERSION = 1
MOST_STEPS = 16

Seconds = Annotated[float, Field(ge=0, le=1e6)]
TimeSpan = tuple[Seconds, Seconds]
"""Start and end in seconds, half open."""

Text = Annotated[str, Field(min_length=1, max_length=1000)]


class PlanPart(BaseModel):
    """Base of all parts: frozen, unknown fields refused, no infinities."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Target(PlanPart):
    """An object that a step concerns. id: in the twin; None where the plan was made from words alone. name: by which
    the editor is told of it, with its article ("the red ball")."""

    id: str | None = None
    name: Text


class Reason(PlanPart):
    """One hop of the reasoning. text: for people. objects: ids that it cites. spans: times that it cites."""

    text: Text
    objects: tuple[str, ...] = Field(default=(), max_length=100)
    spans: tuple[TimeSpan, ...] = Field(default=(), max_length=100)


class Step(PlanPart):
    """One edit. operation: of the editor's vocabulary ("recolor"), which says how `parameters` fill its slots ("color":
    "blue"). targets: the objects that it changes, none for the whole picture or what is to come. span: when;
    None for the whole clip. instruction: the same in one literal sentence, which the editor is given. confidence: that
    the step is what was asked for."""

    operation: Text
    targets: tuple[Target, ...] = Field(default=(), max_length=16)
    parameters: dict[str, Text] = Field(default={}, max_length=16)
    span: TimeSpan | None = None
    instruction: Text
    reasons: tuple[Reason, ...] = Field(default=(), max_length=32)
    confidence: Chance = 1.0


class Candidate(PlanPart):
    """One of the objects that may be meant. confidence: that it is."""

    target: Target
    confidence: Chance


class Question(PlanPart):
    """What the program asks back, and the answers that it can do something with, the likeliest first."""

    text: Text
    candidates: tuple[Candidate, ...] = Field(max_length=100)


class Plan(PlanPart):
    """query: as it was typed. steps: in the order in which they are carried out. question: where it is not clear enough
    what is meant. fallback: why the query itself is given to the editor as it is, where it is: no step was found, or
    what the reasoner wrote was no plan. reasoner: who wrote it; "person" by hand."""

    version: Literal[1] = VERSION
    query: Text
    steps: tuple[Step, ...] = Field(max_length=MOST_STEPS)
    question: Question | None = None
    fallback: Text | None = None
    confidence: Chance = 1.0
    reasoner: Text = "person"
