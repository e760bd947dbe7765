"""Words for objects: descriptions, and names that fit exactly one object of a clip."""

import numpy as np

from vireo.world.appearance import highlights
from vireo.world.scene import STANDARD_SIZE, Body
from vireo.world.visibility import SIDE_GAP, VisibleObject

SYNONYMS = {"ball": "sphere", "cube": "box", "capsule": "pill", "ring": "donut"}
"""Second nouns, for variety."""

_SYNONYM_SHARE, _SHORT_SHARE, _EXTRA_SHARE = 0.10, 0.06, 0.12


def article(words: str) -> str:
    """The words with `a` or `an` before them."""
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def describe(*, color: str, shape: str, size: str = "", material: str = "") -> str:
    """Adjectives and noun in natural order, without an article: small striped red ball, red glass cone."""
    substance = material in ("metal", "glass")
    words = [size, "" if substance else material, color, material if substance else "", shape]
    return " ".join(word for word in words if word)


def describe_look(*, color: str, shape: str, size: str, material: str) -> str:
    """The same without what is standard: size where small, material where not matte."""
    return describe(
        color=color, shape=shape, size="" if size == "large" else size, material="" if material == "matte" else material
    )


def describe_body(body: Body) -> str:
    """An object in its colour and shape, with what is not standard: small striped red ball."""
    return describe_look(color=body.color, shape=body.shape, size=body.size, material=body.material)


def noun(shape: str, rng: np.random.Generator) -> str:
    """The shape's usual noun or, seldom, its second one."""
    return SYNONYMS[shape] if shape in SYNONYMS and rng.random() < _SYNONYM_SHARE else shape


def _tells_apart(a: Body, b: Body) -> bool:
    """Whether the materials of two bodies look different enough to name one by."""
    if {a.material, b.material} == {"matte", "shiny"}:
        return highlights(a.shape) and highlights(b.shape)
    return a.material != b.material


def refer(visible: list[VisibleObject], index: int, rng: np.random.Generator) -> str | None:
    """A name, with `the`, that fits this object and no other; None where it is not visible or words do not suffice.

    Colour and shape name it; size, material and place join where they are needed, or seldom for variety.
    """
    named = next((entry for entry in visible if entry.index == index), None)
    if named is None:
        return None
    body, others = named.body, [entry for entry in visible if entry is not named]
    word = noun(body.shape, rng)
    if all(other.body.shape != body.shape for other in others) and rng.random() < _SHORT_SHARE:
        return f"the {word}"
    twins = [o for o in others if (o.body.shape, o.body.color) == (body.shape, body.color)]
    draws = rng.random(2)
    size = body.size if draws[0] < _EXTRA_SHARE else ""
    material = body.material if draws[1] < _EXTRA_SHARE else ""
    if twins and all(twin.body.size != body.size for twin in twins):
        size = body.size
    elif twins and all(_tells_apart(body, twin.body) for twin in twins):
        material = body.material
    elif twins:
        gap = named.centre[0] - twins[0].centre[0]
        if len(twins) > 1 or abs(gap) < STANDARD_SIZE * SIDE_GAP:
            return None
        side, plain = "right" if gap > 0 else "left", describe(color=body.color, shape=word)
        return f"the {plain} on the {side}" if rng.random() < 0.5 else f"the {side} {plain}"
    return f"the {describe(color=body.color, shape=word, size=size, material=material)}"
