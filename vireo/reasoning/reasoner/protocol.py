"""From a query to a plan by whoever writes calls: a model of ours, of the hub, or behind an endpoint.

What is written is run at once and cannot do anything but ask the twin and add steps. What is no call, or cannot be
carried out, is refused and written again, at most `MOST_REPAIRS` times; then, and where the clip does not have what is
asked for, the plan has no steps, and says why the editor is given the query as it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from vireo.errors import InputError, ModelError
from vireo.models.instructor.vocabulary import Vocabulary
from vireo.reasoning.answers import NothingFound
from vireo.reasoning.hops import MOST_CALLS, Language
from vireo.reasoning.plan import Plan
from vireo.reasoning.planning import Fruitless, Planning
from vireo.reasoning.reasoner.prompt import Turn
from vireo.reasoning.twin import DigitalTwin

MOST_REPAIRS = 2
LEAST_CHANCE = 0.5
"""Probability of a call below which it is not run: the writer guesses."""

LONGEST_QUERY = 1000
"""Characters, as many as a plan holds."""


@dataclass(frozen=True)
class Written:
    """A call as it was written. chance: the probability of it, 0..1; 1 where the writer does not tell."""

    text: str
    chance: float = 1.0


@dataclass(frozen=True)
class Refused:
    """A call that could not be run, and why."""

    text: str
    why: str


class Writer(Protocol):
    """name: for the plan. It is given the query and what was called and answered, nothing else of the clip."""

    name: str

    def unknown(self, query: str) -> str:
        """Why it cannot understand a query at all; empty where it may."""
        ...

    def write(self, query: str, turns: Sequence[Turn], refused: Sequence[Refused]) -> Written:
        """The next call. refused: what it has written in this place already. Raises ModelError where none comes."""
        ...


class Reasoner:
    """Makes plans for an editor of this vocabulary with what a writer writes."""

    def __init__(self, writer: Writer, vocabulary: Vocabulary) -> None:
        self.writer, self.language = writer, Language(vocabulary)

    def unknown(self, query: str) -> str:
        """Why a query cannot be understood, whatever the clip; empty where it may."""
        return self.writer.unknown(" ".join(query.split()))

    def plan(self, query: str, twin: DigitalTwin | None = None) -> Plan:
        """The plan for a query on a clip. twin: None where there is none; then objects can only be named.

        Raises InputError for an empty query and one that is too long; whatever the writer writes, there is a plan.
        """
        query = " ".join(query.split())
        if not query:
            raise InputError("the query is empty", 'say what to change, e.g. "remove what the red ball hits"')
        if len(query) > LONGEST_QUERY:
            raise InputError(f"the query has {len(query)} characters", f"use at most {LONGEST_QUERY}")
        why = self.writer.unknown(query)
        if why:
            return self._fallback(query, why)
        planning, turns, refused, repairs = Planning(query, twin, self.language), [], [], 0
        while not planning.done:
            if len(planning.calls) == MOST_CALLS:
                return self._fallback(query, "the plan does not come to an end")
            try:
                written = self.writer.write(query, turns, refused)
            except ModelError as error:
                return self._fallback(query, error.what)
            if written.chance < LEAST_CHANCE and not refused:
                return self._fallback(query, "it is not clear what is meant")
            try:
                answer = planning.take(written.text, written.chance)
            except (Fruitless, NothingFound) as error:
                return self._fallback(query, error.what)
            except InputError as error:
                refused.append(Refused(written.text, str(error)))
                repairs += 1
                if repairs > MOST_REPAIRS:
                    return self._fallback(query, f"no valid plan was written: {error.what}")
                continue
            refused = []
            number = None if answer is None else len(planning.answers)
            turns.append(Turn(" ".join(written.text.split()), number, () if answer is None else answer.ids))
        return planning.plan(self.writer.name)

    def _fallback(self, query: str, why: str) -> Plan:
        return Plan(query=query, steps=(), fallback=why[:LONGEST_QUERY], confidence=0.0, reasoner=self.writer.name)
