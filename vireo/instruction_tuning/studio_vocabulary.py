"""The studio's language as a model that learned it declares it with its weights."""

from collections.abc import Iterable

from vireo.models.instructor.vocabulary import Operation, Vocabulary
from vireo.world import naming, palette, shapes, vocabulary
from vireo.world.families import FAMILIES, TOPICS
from vireo.world.language import fill
from vireo.world.vocabulary import Words

_EXAMPLE = {
    "object": "the red ball",
    "thing": "a green cone",
    "shape": "a cube",
    "color": "blue",
    "material": "striped",
}


def studio_vocabulary(*, open_edits: bool = False) -> Vocabulary:
    """Operations and words of all topics, in the order of every table. open_edits: with those of the family `open`,
    for models that were trained on it. Raises LookupError for a slot without words."""
    words = {
        "shape": {name: (naming.SYNONYMS[name],) if name in naming.SYNONYMS else () for name in shapes.SHAPES},
        "color": _plain(palette.COLORS),
        "material": _plain(palette.MATERIALS),
        "size": _plain(palette.SIZES),
        "side": _plain(("left", "right")),
        "place": _plain(palette.PLACES),
        "floor": _worded(vocabulary.FLOORS.values()),
        "backdrop": _worded(vocabulary.BACKDROPS.values()),
        "setting": _plain(palette.SETTINGS),
        "light": _worded(vocabulary.LIGHTS.values()),
        "style": _worded(vocabulary.STYLES.values()),
        "mark": _plain(("watermark", "text", "logo")),
    }
    some = {slot: next(iter(values)) for slot, values in words.items()} | _EXAMPLE
    operations = []
    left_out = () if open_edits else FAMILIES["open"].topics
    for topic in (topic for topic in TOPICS.values() if topic not in left_out):
        forms = [form for form in (*topic.plain, *topic.train) if not any(slot in form for slot in topic.derived_slots)]
        operations.append(Operation(name=topic.name, example=fill(forms[0], topic.name, some), forms=tuple(forms)))
    return Vocabulary(operations=tuple(operations), words=words)


def _plain(values: Iterable[str]) -> dict[str, tuple[str, ...]]:
    return {value: () for value in values}


def _worded(values: Iterable[Words]) -> dict[str, tuple[str, ...]]:
    """By the noun; beside it the words of an instruction of its own."""
    return {words.noun: (words.order,) if words.order else () for words in values}
