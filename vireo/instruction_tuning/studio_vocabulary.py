"""The studio's language as a model that learned it declares it with its weights."""

from collections.abc import Collection, Iterable

from vireo.models.instructor.vocabulary import Operation, Vocabulary
from vireo.world import naming, palette, shapes, vocabulary
from vireo.world.families import FAMILIES
from vireo.world.language import fill
from vireo.world.vocabulary import Words

_EXAMPLE = {
    "object": "the red ball",
    "thing": "a green cone",
    "shape": "a cube",
    "color": "blue",
    "material": "striped",
}


def studio_vocabulary(families: Collection[str] = ()) -> Vocabulary:
    """Operations and words of the topics of all families that training sets have by default, and of these `families`
    besides, in the order of every table. Raises LookupError for a slot without words."""
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
    known = (family for name, family in FAMILIES.items() if family.in_training or name in families)
    for topic in (topic for family in known for topic in family.topics):
        forms = [form for form in (*topic.plain, *topic.train) if not any(slot in form for slot in topic.derived_slots)]
        operations.append(Operation(name=topic.name, example=fill(forms[0], topic.name, some), forms=tuple(forms)))
    return Vocabulary(operations=tuple(operations), words=words)


def _plain(values: Iterable[str]) -> dict[str, tuple[str, ...]]:
    return {value: () for value in values}


def _worded(values: Iterable[Words]) -> dict[str, tuple[str, ...]]:
    """By the noun; beside it the words of an instruction of its own."""
    return {words.noun: (words.order,) if words.order else () for words in values}
