"""All words of training queries: what a reasoner that learned from them knows."""

import re
from collections.abc import Iterator, Mapping
from types import ModuleType

from vireo.models.instructor.vocabulary import Vocabulary
from vireo.reasoning.query_language import (
    attribute_wordings,
    drawing,
    edit_wordings,
    edits,
    event_wordings,
    naming,
    order_wordings,
    referring,
    relation_wordings,
    several,
    time_wordings,
    wordings,
)
from vireo.reasoning.query_language.event_wordings import Verbs
from vireo.reasoning.query_language.wordings import Said
from vireo.world.families import TOPICS

_SLOT = re.compile(r"{\w+}")
_WORD = re.compile(r"[a-z']+|[0-9]+|[,.]")


_CONTRACTIONS = {
    "can't": "can not",
    "won't": "will not",
    "n't": " not",
    "'d ": " would ",
    "'ll ": " will ",
    "'m ": " am ",
}
_CONTRACTIONS |= {"'re ": " are ", "let's": "let us", "'s ": " "}


def split_words(text: str) -> list[str]:
    """Lower-case words, and commas and full stops, of a query but at its ends; other marks are left out."""
    text = text.lower().replace("\u2019", "'").replace(";", ",").replace("-", " ")
    for short, long in _CONTRACTIONS.items():
        text = text.replace(short, long)
    return _WORD.findall(text.strip(" ,.!?\n"))


def known_words(vocabulary: Vocabulary) -> tuple[str, ...]:
    """The words of all training wordings and the marks between them, sorted."""
    modules = (
        *(wordings, relation_wordings, attribute_wordings, event_wordings, order_wordings, time_wordings),
        *(edit_wordings, edits, drawing, referring, several, naming),
    )
    texts = [text for module in modules for text in _texts(module)]
    for topic in TOPICS.values():
        texts += [*topic.plain, *topic.train, *(topic.implicit.texts() if topic.implicit else ())]
        texts += topic.implicit.frames if topic.implicit else ()
        texts += [words for values in topic.derived_slots.values() for words in values.values()]
    for values in vocabulary.words.values():
        texts += [word for value, others in values.items() for word in (value, *others)]
    nouns = [
        *wordings.THINGS,
        *(word for text, others in vocabulary.words["shape"].items() for word in (text, *others)),
    ]
    texts += [naming.plural(noun) for noun in nouns]
    return tuple(sorted({",", "."} | {word for text in texts for word in split_words(_SLOT.sub(" ", text))}))


def _texts(module: ModuleType) -> Iterator[str]:
    """What stands in the tables of a module, held-out wordings left out."""
    for name, value in vars(module).items():
        if name.removeprefix("_").isupper():
            yield from _strings(value)


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Said | Verbs):
        yield from _strings(value.train)
    elif isinstance(value, Mapping):
        for entry in value.values():
            yield from _strings(entry)
    elif isinstance(value, tuple | frozenset | list):
        for entry in value:
            yield from _strings(entry)
