"""Names of a twin's objects and instructions, both in words that an editor reads.

The editor finds an object by its name, so a name has to fit one object only: by colour and shape, then also by size,
material or side, in the editor's own words (`Vocabulary`). An attribute that the twin does not know is left out.
"""

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass

from vireo.errors import InputError
from vireo.models.instructor.vocabulary import Vocabulary
from vireo.reasoning.twin import DigitalTwin, TwinObject

SUBSTANCES = ("metal", "glass")
"""Materials that are said behind the colour: a red glass cone, but a striped red cone."""

_LISTED = (("color",), ("color", "size"), ("color", "material"), ("color", "size", "material"))
"""Attributes by which a name is tried to fit one object, beside the shape; "side" joins last."""


@dataclass(frozen=True)
class Name:
    """text: with its article. unique: whether it fits no other object of the clip's first frame with that object."""

    text: str
    unique: bool


def name_object(twin: DigitalTwin, wanted: TwinObject) -> Name:
    """The shortest name that fits this object and no other that is seen; else that which fits fewest."""
    shown = [entry for entry in twin.objects if entry is not wanted and entry.track.seen()]
    best: tuple[int, str] | None = None
    for attributes, sided in itertools.product(_LISTED, (False, True)):
        known = {key: value for key in ("category", *attributes) if (value := wanted.value(key)) is not None}
        others = [entry for entry in shown if all(entry.value(key) in (value, None) for key, value in known.items())]
        side = _side(wanted, others) if sided else ""
        if sided and not side:
            continue
        count = 0 if side else len(others)
        if best is None or count < best[0]:
            best = (count, f"the {described({**known, 'side': side} if side else known)}")
        if best[0] == 0:
            break
    assert best is not None, "no name was tried"
    return Name(best[1], best[0] == 0)


def described(known: Mapping[str, str]) -> str:
    """Adjectives and noun in natural order, left small striped red ball; known: side, size, material, color, shape."""
    material = known.get("material", "")
    solid = material in SUBSTANCES
    words = [known.get("side", ""), known.get("size", ""), "" if solid else material, known.get("color", "")]
    return " ".join(word for word in (*words, material if solid else "", known.get("category", "object")) if word)


def with_article(words: str) -> str:
    """The words with `a` or `an` before them."""
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def without_article(words: str) -> str:
    """The words without `a` or `an` before them."""
    first, _, rest = words.partition(" ")
    return rest if first in ("a", "an") else words


def _side(wanted: TwinObject, others: list[TwinObject]) -> str:
    """left or right where it is on that side of all others of the same name in the first frame that shows it."""
    frame = wanted.enters
    places = [entry.track.centroids[frame] for entry in others] if frame is not None else [None]
    here = None if frame is None else wanted.track.centroids[frame]
    if here is None or not places or any(place is None for place in places):
        return ""
    columns = [place[0] for place in places if place is not None]
    return "left" if here[0] < min(columns) else "right" if here[0] > max(columns) else ""


def write_instruction(operation: str, words: Mapping[str, str], vocabulary: Vocabulary) -> str:
    """The literal instruction of a step: the first form of an operation with its slots filled.

    words: for each slot, those of {object} and {other} names with their articles. Raises InputError for an operation
    that the vocabulary does not have and for a slot without words.
    """
    known = {entry.name: entry for entry in vocabulary.operations}
    if operation not in known:
        raise InputError(f"the editor has no operation {operation!r}", f"it has {', '.join(known)}")
    form = known[operation].forms[0]
    missing = [slot for slot in re.findall(r"{(\w+)}", form) if slot not in words]
    if missing:
        raise InputError(f"the step {operation} does not say its {', '.join(missing)}", f"it is: {form}")
    return form.format(**words)
