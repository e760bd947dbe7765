"""Hops: the calls by which a reasoner asks a twin and writes steps, one a line, each checkable before the next.

    find color=red category=ball                 -> #1 o2
    related approached-by #1                     -> #2 o4
    recolor #2 color=green
    end

Calls that ask have numbers, by which later ones refer to their answers; the head of a step is an operation of the
editor's vocabulary. The language follows from a `Vocabulary` and is closed: `Language.following` gives the words with
which an unfinished call may go on. RIVER leaves the
form of the reasoning open; that hops are calls which are really run is our choice, so that no hop can be made up.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from vireo.errors import InputError
from vireo.models.instructor.vocabulary import Operation, Vocabulary

Kind = Literal["objects", "span"]
"""What a call answers with: objects of the twin, or a span of time."""

RELATIONS = (
    *("left-of", "right-of", "behind", "in-front-of", "on", "under", "inside", "containing", "touching"),
    *("larger-than", "smaller-than", "moving-towards", "approached-by", "following", "followed-by"),
)
"""As "the answer is RELATION #n", and "#n is RELATION #m" in a call for the time in which it holds."""

EXTREMES = ("leftmost", "rightmost", "nearest", "farthest", "largest", "smallest", "fastest")
EVENTS = ("appears", "leaves", "starts", "stops", "collides", "is-occluded")
ORDERS = ("first", "second", "third", "last", "last-but-one")
RANKS = ("second", "third", "fourth")
"""Places in an order behind the first: "extreme leftmost second" is the second from the left."""

PARTNERS = ("collides", "occluding", "occluded-by")
"""As "the answer is what COLLIDES with, is OCCLUDING or OCCLUDED-BY #n"."""

MOTIONS = ("moving", "still")
STATES = (*MOTIONS, "hidden")
TIMES = ("after", "before", "during", "while", "holds")
"""Calls that ask for times; all others that ask, for objects."""

PARTS = ("first-half", "second-half")
SHARED = ("color", "category", "material", "size")
"""Attributes of objects; those of a vocabulary whose values name objects, with "shape" for the category."""

NUMBERS = ("1", "2", "3")
MOST_CALLS = 32
END, UNCLEAR, STOP = "end", "unclear", ";"
"""The last call of a plan; that of a query which is not understood; and what stands behind the words of each call."""


class HopError(InputError):
    """A call that is none, or that its place does not allow."""


Unit = tuple[str, ...] | Kind
"""One word of a call: one of these, or a reference to an answer of a kind."""


@dataclass(frozen=True)
class Slot:
    """A part of a call. ways: in which it may be written, told apart by their first words. required: whether it may not
    be left out."""

    name: str
    ways: tuple[tuple[Unit, ...], ...]
    required: bool = True


@dataclass(frozen=True)
class Form:
    """How a call is written: its head, then its slots in this order. kind: of its answer, None of a step or an end."""

    head: str
    slots: tuple[Slot, ...] = ()
    kind: Kind | None = None


@dataclass(frozen=True)
class Call:
    """One call. values: what stands in its slots, by their names: words of the language without their key, or "#1"."""

    head: str
    values: dict[str, str]

    def reference(self, slot: str) -> int | None:
        """The place, from 0, of the answer that a slot refers to; None where it refers to none."""
        value = self.values.get(slot, "")
        return int(value[1:]) - 1 if value.startswith("#") else None

    @property
    def attributes(self) -> dict[str, str]:
        """What the objects of its answer have to be."""
        return {name: self.values[name] for name in SHARED if name in self.values}


def spelled(value: str) -> str:
    """A value of the vocabulary as one word of the language."""
    return value.replace(" ", "_")


def spoken(word: str) -> str:
    """The value that a word of the language stands for."""
    return word.replace("_", " ")


class Language:
    """The calls for the operations of one vocabulary. forms: by their heads. steps: operations by their names."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self.steps = {operation.name: operation for operation in vocabulary.operations}
        shared = tuple(self._keyed(name, required=False) for name in ("size", "material", "color", "category"))
        of, among = Slot("of", (("objects",),)), Slot("in", ((("in",), "objects"),), required=False)
        other = Slot("other", (("objects",),))
        met = Slot("other", ((("with",), "objects"),), required=False)
        at = _chosen("at", ("at-start", "at-end"), required=False)
        asking = (
            Form("find", shared, "objects"),
            Form("related", (_chosen("relation", RELATIONS), of, *shared, among, at), "objects"),
            Form("between", (of, other, *shared, among, at), "objects"),
            Form(
                "extreme", (_chosen("extreme", EXTREMES), _chosen("rank", RANKS, False), *shared, among, at), "objects"
            ),
            Form("happens", (_chosen("event", EVENTS), _chosen("order", ORDERS, False), *shared, among), "objects"),
            Form("partner", (_chosen("event", PARTNERS), of, *shared, among), "objects"),
            Form("motion", (_chosen("motion", MOTIONS), *shared, among), "objects"),
            Form("alike", (_chosen("attribute", SHARED), of, *shared, among), "objects"),
            Form("counted", (_chosen("attribute", SHARED), _chosen("number", NUMBERS), *shared), "objects"),
            Form("other", (of, *shared, among), "objects"),
            Form("after", (_chosen("event", EVENTS), of, met), "span"),
            Form("before", (_chosen("event", EVENTS), of, met), "span"),
            Form("during", (_chosen("part", PARTS),), "span"),
            Form("while", (_chosen("state", STATES), of), "span"),
            Form("holds", (_chosen("relation", RELATIONS), of, other), "span"),
        )
        steps = [self._step(operation) for operation in vocabulary.operations]
        self.forms = {form.head: form for form in (*asking, *steps, Form(UNCLEAR), Form(END))}

    def _keyed(self, name: str, required: bool = True) -> Slot:
        values = self.vocabulary.words.get("shape" if name == "category" else name, {})
        return _chosen(name, tuple(f"{name}={spelled(value)}" for value in values), required)

    def _step(self, operation: Operation) -> Form:
        slots: list[Slot] = []
        names = dict.fromkeys(re.findall(r"{(\w+)}", operation.forms[0]))
        for name in names:
            if name == "object":
                slots += [_chosen("all", ("all",), required=False), Slot("object", (("objects",),))]
            elif name == "other":
                slots.append(Slot("other", (("objects",),)))
            elif name == "thing":
                slots += [self._keyed(key, key == "shape") for key in ("size", "material", "color", "shape")]
            else:
                slot = self._keyed(name)
                copied: tuple[tuple[Unit, ...], ...] = (
                    (((f"{name}-of",), "objects"),) if "object" in names and name in (*SHARED, "shape") else ()
                )
                slots.append(Slot(name, (*slot.ways, *copied)))
        return Form(operation.name, (*slots, Slot("when", ((("when",), "span"),), required=False)))

    def words(self) -> tuple[str, ...]:
        """All words of the language in a fixed order."""
        units = [unit for form in self.forms.values() for slot in form.slots for way in slot.ways for unit in way]
        fixed = dict.fromkeys(word for unit in units if isinstance(unit, tuple) for word in unit)
        return (*dict.fromkeys((*self.forms, *fixed)), *(f"#{number}" for number in range(1, MOST_CALLS + 1)), STOP)

    def following(self, words: Sequence[str], kinds: Sequence[Kind]) -> tuple[str, ...]:
        """The words that may come after those of an unfinished call, STOP where it may end.

        kinds: of the answers so far. Raises HopError where the words are no beginning of a call.
        """
        if not words:
            return tuple(head for head, form in self.forms.items() if self._possible(form, kinds))
        return self._read(words, kinds)[1]

    def parse(self, text: str, kinds: Sequence[Kind]) -> Call:
        """The call that a line says. Raises HopError where it says none, or refers to what is not there."""
        words = text.split()
        values, options = self._read(words or [""], kinds)
        if STOP not in options:
            raise HopError(f"the call {text!r} is not finished", f"it may go on with {', '.join(options[:8])}")
        return Call(words[0], values)

    def print(self, call: Call) -> str:
        """The line that says a call; what `parse` reads."""
        words = [call.head]
        for slot in self.forms[call.head].slots:
            value = call.values.get(slot.name)
            if value is None:
                continue
            for way in slot.ways:
                *lead, last = way
                if isinstance(last, tuple) == value.startswith("#"):
                    continue
                words += [unit[0] for unit in lead] + [value if value.startswith("#") else _key(last, value)]
        return " ".join(words)

    def kind(self, call: Call) -> Kind | None:
        return self.forms[call.head].kind

    def _possible(self, form: Form, kinds: Sequence[Kind]) -> bool:
        return all(_openings(slot, kinds) for slot in form.slots if slot.required)

    def _read(self, words: Sequence[str], kinds: Sequence[Kind]) -> tuple[dict[str, str], tuple[str, ...]]:
        """The values of a call as far as it goes, and the words with which it may go on."""
        form = self.forms.get(words[0])
        if form is None or not self._possible(form, kinds):
            raise HopError(f"there is no call {words[0]!r} here", f"calls are {', '.join(self.forms)}")
        values: dict[str, str] = {}
        place, name, pending = 0, "", ()
        for word in words[1:]:
            if not pending:
                place, pending = self._entered(form, place, word, kinds)
                name = form.slots[place - 1].name
            unit, *pending = pending
            if word not in _options(unit, kinds):
                raise HopError(f"{word!r} cannot stand there in a call of {form.head!r}")
            if not pending:
                values[name] = word.partition("=")[2] or word
        options = _options(pending[0], kinds) if pending else tuple(self._next(form, place, kinds))
        return values, options

    def _entered(self, form: Form, place: int, word: str, kinds: Sequence[Kind]) -> tuple[int, tuple[Unit, ...]]:
        """The place behind the slot that a word opens, and the way of it."""
        for number, slot in enumerate(form.slots[place:], place + 1):
            for way in slot.ways:
                if word in _options(way[0], kinds):
                    return number, way
            if slot.required:
                break
        raise HopError(f"{word!r} cannot stand there in a call of {form.head!r}")

    def _next(self, form: Form, place: int, kinds: Sequence[Kind]) -> Iterator[str]:
        for slot in form.slots[place:]:
            yield from _openings(slot, kinds)
            if slot.required:
                return
        yield STOP


def _chosen(name: str, words: tuple[str, ...], required: bool = True) -> Slot:
    return Slot(name, ((words,),), required)


def _key(words: Unit, value: str) -> str:
    """The word of a unit that stands for a value, with its key."""
    return next(word for word in words if (word.partition("=")[2] or word) == value)


def _options(unit: Unit, kinds: Sequence[Kind]) -> tuple[str, ...]:
    if isinstance(unit, tuple):
        return unit
    return tuple(f"#{place}" for place, kind in enumerate(kinds, 1) if kind == unit)


def _openings(slot: Slot, kinds: Sequence[Kind]) -> tuple[str, ...]:
    """The first words of all ways of a slot that can be gone to their ends."""
    ways = [way for way in slot.ways if all(_options(unit, kinds) for unit in way)]
    return tuple(word for way in ways for word in _options(way[0], kinds))
