"""Reads an instruction against the language of a model, before anything is edited.

The sentence is cut into requests; each has to be one of the model's operations: its objects and values, and no word
beside them that could mean something else. What is not read so is not guessed.
"""

import difflib
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from vireo.models.instructor.lexicon import (
    ARTICLES,
    FILLERS,
    NEGATIONS,
    POLITENESS,
    SEPARATORS,
    SIZES_AS_CHANGES,
    SYNONYMS,
)
from vireo.models.instructor.vocabulary import Operation, Vocabulary
from vireo.models.instructor.words import content_words, replaced, split_words

_ATTRIBUTES = ("size", "material", "color", "side")
_NAMES = ("object", "other", "thing", "shape")
"""Slots that a name of an object fills."""

_PRESENT = ("object", "other")
"""Those of them for what the clip shows already."""

_LETTERS = re.compile(r"\w+")
_SLOT = re.compile(r"{(\w+)}")
_WHOLE = frozenset(("on", "everything", "objects"))
"""Words that add nothing to a request about the whole picture."""

_MOST_NAMED = 8
"""Unknown words that a note lists."""

_NEAR = 0.75
"""Least similarity, by `difflib`, of a word that is suggested for another."""


@dataclass(frozen=True)
class Request:
    """One of the things that an instruction asks for.

    operation: its name in the vocabulary. text: the request alone, as the first form of the operation says it.
    values: slot of that form -> the model's words, as "object": "the red ball". refers: as in `Reading`.
    """

    operation: str
    text: str
    values: dict[str, str]
    refers: bool

    def wordings(self, vocabulary: Vocabulary) -> list[str]:
        """The request as every form says it that has the same slots, `text` first."""
        forms = next(each.forms for each in vocabulary.operations if each.name == self.operation)
        same = [form for form in forms if set(_SLOT.findall(form)) == self.values.keys()]
        return list(dict.fromkeys([self.text, *(form.format(**self.values) for form in same)]))


@dataclass(frozen=True)
class Reading:
    """What a model is given for an instruction.

    text: None where the instruction is not understood. note: what the model cannot do then, for people: a sentence
    without its subject. shapes: of the objects that it names without a colour, in the model's words. refers: whether it
    speaks of a reference picture. requests: what it asks for, one after another; none where it is not understood.
    """

    text: str | None
    note: str = ""
    shapes: tuple[str, ...] = ()
    refers: bool = False
    requests: tuple[Request, ...] = ()


@dataclass(frozen=True)
class _Part:
    """What some words of a request are.

    slot: one of the vocabulary; "name" of an object, "word" of a form, "change"
    of a size, or "unknown". text: in the model's words. shape,
    attributes: of an object, the latter by their slots. known: whether it is in the clip, by its article.
    """

    slot: str
    text: str
    keywords: frozenset[str] = frozenset()
    shape: str = ""
    attributes: tuple[str, ...] = ()
    known: bool | None = None

    def fills(self, slot: str) -> bool:
        """Whether this name of an object can stand in a slot."""
        return slot in _PRESENT or (self.known is not True and (slot == "thing" or not self.attributes))

    def worded(self, slot: str) -> str:
        article = "the" if slot in _PRESENT else "an" if self.text[0] in "aeiou" else "a"
        return f"{article} {self.text}"


@dataclass(frozen=True)
class _Form:
    """A form of an operation: its slots for names in their order, its other slots, and its words without fillers."""

    text: str
    names: tuple[str, ...]
    slots: tuple[str, ...]
    keywords: frozenset[str]

    @classmethod
    def of(cls, text: str) -> "_Form":
        slots = _SLOT.findall(text)
        names, others = (tuple(s for s in slots if (s in _NAMES) is named) for named in (True, False))
        return cls(text, names, tuple(sorted(others)), frozenset(content_words(split_words(_SLOT.sub(" ", text)))))


@lru_cache(maxsize=256)
def read_instruction(instruction: str, vocabulary: Vocabulary) -> Reading:
    return _reader(vocabulary).read(instruction)


def literal_parts(instruction: str, vocabulary: Vocabulary) -> tuple[str, ...]:
    """The things that an instruction asks for, each in one literal sentence, in the order of the words; the
    instruction itself where it asks for one thing or is not understood."""
    requests = read_instruction(instruction, vocabulary).requests
    return tuple(request.text for request in requests) if len(requests) > 1 else (instruction,)


@lru_cache(maxsize=8)
def _reader(vocabulary: Vocabulary) -> "_Reader":
    return _Reader(vocabulary)


class _Reader:
    """A vocabulary prepared for reading.

    forms: of each operation. keywords: the words of all forms. joining: separators among them, as in "swap {object} and
    {other}". own: all words of the model, fillers too. phrases: words
    -> (slot, value). shapes: noun -> shape.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.forms = [(operation, [_Form.of(text) for text in operation.forms]) for operation in vocabulary.operations]
        self.keywords = frozenset(word for _, forms in self.forms for form in forms for word in form.keywords)
        self.joining = self.keywords & SEPARATORS
        self.shapes = {
            noun: shape for shape, other in vocabulary.words.get("shape", {}).items() for noun in (shape, *other)
        }
        self.phrases: dict[tuple[str, ...], tuple[str, str]] = {}
        texts = [_SLOT.sub(" ", form.text) for _, forms in self.forms for form in forms]
        for slot, values in vocabulary.words.items():
            for value, others in values.items():
                texts += [value, *others]
                for text in (value, *others) if slot not in ("shape", "side") else ():
                    self._add(content_words(split_words(text)), slot, value)
        self.sides = vocabulary.words.get("side", {})
        self.own = {word for text in texts for word in _LETTERS.findall(text)} | SEPARATORS

    def _add(self, words: tuple[str, ...], slot: str, value: str) -> None:
        short = tuple(word for word in words if word != "on")
        turns = slot == "place" or self.keywords & set(short)  # "make the floor wooden" is a wooden floor
        for phrase in (words, short, short[::-1] if turns else short):
            self.phrases.setdefault(phrase, (slot, value))

    def read(self, instruction: str) -> Reading:
        raw = split_words(instruction)
        typed = [word for word in instruction.split() if not NEGATIONS.isdisjoint(split_words(word))]
        if typed:
            return Reading(None, f"cannot leave out or take back ({', '.join(typed)}), only do")
        requests = self._cut(list(replaced(raw)))
        parts = [list(self._parts(words, reaching=False)) for words in requests]
        unknown = dict.fromkeys(part.text for request in parts for part in request if part.slot == "unknown")
        if unknown:
            named = [self._suggested(word, raw) for word in itertools.islice(unknown, _MOST_NAMED)]
            more = [f"and {len(unknown) - len(named)} more"] if len(unknown) > len(named) else []
            return Reading(None, f"does not know {', '.join([*named, *more])}")
        if not requests:
            return Reading(None, "finds no edit in that")
        made, shapes = [], []
        own = self.own.issuperset(_LETTERS.findall(instruction.lower())) and not re.search(r"[^\w\s.,!]", instruction)
        for words, first in zip(requests, parts, strict=True):
            kinds = {part.slot for part in first}
            spoken = not FILLERS.isdisjoint(words) or "word" in kinds
            found = self._request(words, first)
            if found is None:
                said = instruction.strip() if len(requests) == 1 else " ".join(words)
                return Reading(None, f'cannot tell what to do by "{said}", but knows "{self._nearest(first)}"')
            made.append(found[0])
            shapes += found[1]
            own = own and spoken and "change" not in kinds
        text = instruction if own else " and ".join(request.text for request in made)
        return Reading(text, "", tuple(shapes), any(request.refers for request in made), tuple(made))

    def _cut(self, words: list[str]) -> list[list[str]]:
        """The requests of an instruction. Two of them are one where they are read as one with the word between them."""
        cut: list[list[str]] = []
        between: list[str] = []
        for separates, group in itertools.groupby(words, SEPARATORS.__contains__):
            part = list(group)
            if separates:
                between = part
            elif not (POLITENESS | ARTICLES.keys()).issuperset(part):
                whole = [*cut[-1], *between, *part] if cut and self.joining.issuperset(between) else []
                if whole and self._request(whole, list(self._parts(whole, reaching=False))):
                    cut[-1] = whole
                else:
                    cut.append(part)
        return cut

    def _request(self, words: list[str], parts: list[_Part]) -> tuple[Request, list[str]] | None:
        """What these words ask for, and the shapes that they name alone; parts: of them, not reaching."""
        spoken = not FILLERS.isdisjoint(words) or any(part.slot == "word" for part in parts)
        found = self._matched(parts, spoken) or self._matched(list(self._parts(words, reaching=True)), spoken)
        if found is None:
            return None
        name, form, values, shapes = found
        return Request(name, form.format(**values), values, "reference" in words), shapes

    def _suggested(self, word: str, raw: list[str]) -> str:
        """An unknown word as it was typed, and the nearest known one."""
        values = {word: value for phrase, (_, value) in self.phrases.items() for word in phrase}
        known = sorted(word for word in self.own | self.keywords if len(word) > 2)
        near = [values[word]] if word in values else difflib.get_close_matches(word, known, n=1, cutoff=_NEAR)
        typed = next((other for other in raw if SYNONYMS.get(other) == word), word)
        return f'"{typed}"' + (f' (did you mean "{near[0]}"?)' if near and near[0] != word else "")

    def _parts(self, words: list[str], reaching: bool) -> Iterator[_Part]:
        """What the words of a request are. reaching: whether a side after any object belongs to its name; after one
        with "the" it always does."""
        content: list[tuple[str, bool | None]] = []
        known = None
        for word in words:
            if word in ARTICLES:
                known = ARTICLES[word]
            elif word in FILLERS:
                known = known if word in POLITENESS else None
            else:
                content.append((word, known))
                known = None
        place = 0
        while place < len(content):
            length, part = self._name(content[place:], reaching) or self._phrase([word for word, _ in content[place:]])
            yield part
            place += length

    def _name(self, content: list[tuple[str, bool | None]], reaching: bool) -> tuple[int, _Part] | None:
        """The name of an object with which these words begin, and how many they are."""
        known, slots, size = content[0][1], [], 0
        for word, article in content:
            slot = self.phrases.get((word,), ("", ""))[0]
            slot = "side" if word in self.sides else slot
            if (size and article is not None) or slot not in _ATTRIBUTES or slot in slots:
                break
            slots.append(slot)
            size += 1
        if size == len(content) or content[size][0] not in self.shapes or (size and content[size][1] is not None):
            return None
        noun, text = content[size][0], [word for word, _ in content[: size + 1]]
        after = [word for word, _ in content[size + 1 : size + 3]]
        size += 1
        if (known or reaching) and "side" not in slots:
            skipped = after[:1] == ["on"]
            if self.sides.keys() & after[skipped : skipped + 1]:
                text.insert(0, after[skipped])
                slots.append("side")
                size += 1 + skipped
        return size, _Part("name", " ".join(text), shape=self.shapes[noun], attributes=tuple(slots), known=known)

    def _phrase(self, words: list[str]) -> tuple[int, _Part]:
        """The longest value with which these words begin, or what the first of them is alone."""
        for length in range(min(4, len(words)), 0, -1):
            phrase = tuple(words[:length])
            if phrase in self.phrases:
                slot, value = self.phrases[phrase]
                if slot == "size":
                    change = SIZES_AS_CHANGES[value]
                    return 1, _Part("change", change, frozenset((change,)))
                return length, _Part(slot, value, self.keywords & set(phrase) - {"on"})
        word = words[0]
        return 1, _Part("word", word, frozenset((word,))) if word in self.keywords else _Part("unknown", word)

    def _matched(self, parts: list[_Part], spoken: bool) -> tuple[str, str, dict[str, str], list[str]] | None:
        """The operation that fits first, its form, the words for its slots, and the shapes that are named alone."""
        names = [part for part in parts if part.slot == "name"]
        slots = tuple(sorted(part.slot for part in parts if part.slot not in ("name", "word", "change")))
        said = frozenset(word for part in parts for word in part.keywords)
        for operation, forms in self.forms:
            own = frozenset(word for form in forms for word in form.keywords)
            for form in forms:
                allowed = own if form.names else own | _WHOLE
                if (form.slots, len(form.names)) != (slots, len(names)) or not form.keywords <= said <= allowed:
                    continue
                order = _assigned(names, form.names)
                if order is None or (names and not spoken):
                    continue
                values = {part.slot: part.text for part in parts if part.slot in form.slots}
                values |= {slot: part.worded(slot) for slot, part in zip(form.names, order, strict=True)}
                there = [part for slot, part in zip(form.names, order, strict=True) if slot in _PRESENT]
                shapes = [part.shape for part in there if "color" not in part.attributes]
                return operation.name, form.text, values, shapes
        return None

    def _nearest(self, parts: list[_Part]) -> str:
        """An example of the operation that shares most with these parts."""
        slots, said = {part.slot for part in parts}, {word for part in parts for word in part.keywords}

        def shared(entry: tuple[Operation, list[_Form]]) -> int:
            return max(len(slots.intersection(form.slots)) + len(said & form.keywords) for form in entry[1])

        return max(self.forms, key=shared)[0].example


def _assigned(names: list[_Part], slots: tuple[str, ...]) -> list[_Part] | None:
    """Names in the order of the slots that they fill; what "the" names is in the clip, what "a" names is to come."""

    def fit(order: tuple[_Part, ...]) -> int:
        return sum(part.known is (slot in _PRESENT) for slot, part in zip(slots, order, strict=True))

    orders = [
        order
        for order in itertools.permutations(names)
        if all(part.fills(slot) for slot, part in zip(slots, order, strict=True))
    ]
    return list(max(orders, key=fit)) if orders else None
