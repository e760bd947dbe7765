"""What a model that was not trained on the language of calls is told of it: its forms and some examples."""

from collections.abc import Sequence

from vireo.reasoning.hops import END, UNCLEAR, Form, Language, Slot
from vireo.reasoning.query_language.drawing import Query, imagine_query
from vireo.reasoning.reasoner.prompt import Turn
from vireo.reasoning.reasoner.protocol import Refused

EXAMPLES = 12
_LONGEST_EXAMPLE = 5
"""Calls of an example."""

_INTRODUCTION = (
    "A query about editing a video is turned into calls, one a line. First the objects that it is about are found, "
    "by asking; each answer gets a number, as #1, by which later calls refer to it. Then each edit is one call. "
    f"The last call is {END}. Where the query asks for nothing that these calls can do, the only call is {UNCLEAR}."
)
_MOST_WORDS = 14
"""Words of a slot that are listed."""


def introduction(language: Language, *, forms: bool) -> str:
    """What stands before every query. forms: whether all forms are listed, too, for models with room for it."""
    parts = [_INTRODUCTION]
    if forms:
        listed = "\n".join(_form(form) for form in language.forms.values())
        parts.append(f"The calls, with what may be left out in brackets:\n{listed}")
    parts += ["\n".join([f"Query: {one.text}", *_lines(one, language)]) for one in examples(language)]
    return "\n\n".join(parts) + "\n\n"


def question(query: str, turns: Sequence[Turn], refused: Sequence[Refused]) -> str:
    """The query and what came of it so far; the next call follows."""
    wrong = [f"(not {one.text[:80]!r}: {one.why[:200]})" for one in refused]
    return "\n".join([f"Query: {query}", *map(_line, turns), *wrong]) + "\n"


def examples(language: Language) -> list[Query]:
    """Short training queries, the same ones always, with as many forms as they can have among them."""
    chosen, seen, number = [], set(), 0
    while len(chosen) < EXAMPLES:
        query = imagine_query(0, number, language.vocabulary)
        heads = {call.head for call in query.calls}
        number += 1
        if len(query.calls) <= _LONGEST_EXAMPLE and (heads - seen):
            chosen.append(query)
            seen |= heads
    return chosen


def _lines(query: Query, language: Language) -> list[str]:
    lines, number = [], 0
    for call in query.calls:
        if language.kind(call) is None:
            lines.append(language.print(call))
        else:
            number += 1
            lines.append(_line(Turn(language.print(call), number, query.answers[number - 1].ids)))
    return lines


def _line(turn: Turn) -> str:
    """A call with its answer."""
    return turn.call if turn.number is None else f"{turn.call} -> {' '.join((f'#{turn.number}', *turn.ids))}"


def _form(form: Form) -> str:
    return " ".join([form.head, *map(_slot, form.slots)])


def _slot(slot: Slot) -> str:
    ways = "|".join(" ".join(_unit(unit) for unit in way) for way in slot.ways)
    return ways if slot.required else f"[{ways}]"


def _unit(unit: tuple[str, ...] | str) -> str:
    if isinstance(unit, str):
        return "#n"
    shown = unit[:_MOST_WORDS]
    return "|".join(shown) + ("|..." if len(unit) > len(shown) else "")
