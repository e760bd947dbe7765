"""Questions about one picture with exact answers, drawn from its scene and instance mask.

    for question in ask(scene, instances, frame, rng):
        question.kind, question.text, question.answer

Kinds: caption, color, shape, material, size, floor, backdrop, light, style, watermark (together: attributes),
count, existence, relation, comparison, place, cell. What the picture cannot answer surely is not asked: places near a
border, relations at close call (see `vireo.world.visibility`), colours under coloured light or in a style.
"""

from collections.abc import Iterator
from itertools import product

import numpy as np

from vireo.instruction_tuning.tokenized_turns import Question
from vireo.models.instructor.prompts import ZERO, how_many, plural
from vireo.world import naming, vocabulary
from vireo.world.appearance import highlights, pick
from vireo.world.captions import caption
from vireo.world.palette import COLORS
from vireo.world.scene import Body, Scene
from vireo.world.shapes import SHAPES
from vireo.world.visibility import VisibleObject, camera_distances, near_border, relations, visible_objects

ATTRIBUTES = ("color", "shape", "material", "size", "floor", "backdrop", "light", "style", "watermark")
"""The kinds that count as attribute questions in reports."""

CELLS = 6
"""The picture is divided into CELLS x CELLS cells for grounding; columns and rows count from 1, rows from the top."""

NUMBERS = (ZERO, "one", "two", "three", "four", "five", "six", "seven")
TINTED = ("blue", "red", "green")
"""Lights under which colours are not asked."""

_NAMING = (("shape",), ("color",), ("color", "shape"), ("size", "shape"), ("size", "color"), ("material", "shape"))
"""Attributes that together may name an object."""


def ask(scene: Scene, instances: np.ndarray, frame: int, rng: np.random.Generator) -> list[Question]:
    """All kinds of questions that this frame answers, some drawn at random, two dozen at most.

    instances: uint8 (T, H, W) of the scene's render.
    """
    seen = visible_objects(scene, instances, frame)
    styles = [name for name in scene.effects if name in vocabulary.STYLES]
    questions = list(_setting(scene, styles))
    if frame == 0 and not styles:
        # Captions list objects in the order of the first frame; in a style their colours cannot be seen.
        questions.append(Question("caption", "describe the picture", caption(scene)))
    if styles or len(seen) != len(scene.bodies):
        return questions
    questions.append(Question("count", how_many("objects"), NUMBERS[len(seen)]))
    questions += _attributes(scene, seen, rng)
    if scene.light.name not in TINTED:
        questions += [*_counts(seen, rng), *_existence(seen, rng)]
        questions += [*_relations(scene, seen, frame, rng), *_places(scene, seen, rng)]
    return questions


def _setting(scene: Scene, styles: list[str]) -> Iterator[Question]:
    style = vocabulary.STYLES[styles[-1]].noun if styles else "a plain film"
    yield Question("style", "what style is the video?", style)
    yield Question("watermark", "is there a watermark?", "Yes" if scene.watermark else "No")
    if styles:
        return
    yield Question("floor", "what is the floor?", vocabulary.FLOORS[scene.floor.kind].noun)
    yield Question("backdrop", "what is behind the objects?", vocabulary.BACKDROPS[scene.backdrop.kind].noun)
    names = [name for name in (*scene.effects, scene.light.name) if name in vocabulary.LIGHTS]
    yield Question("light", "what is the light?", vocabulary.LIGHTS[names[0]].noun if names else "daylight")


def _alone(seen: list[VisibleObject], entry: VisibleObject, *fields: str) -> bool:
    """Whether no other object has the same values of these fields."""
    others = [other.body for other in seen if other.index != entry.index]
    return all(any(getattr(body, field) != getattr(entry.body, field) for field in fields) for body in others)


def _name_without(
    seen: list[VisibleObject], entry: VisibleObject, missing: str, rng: np.random.Generator
) -> str | None:
    """A name of the object that does not use one of its attributes; None where there is none."""
    body = entry.body
    options = []
    for fields in _NAMING:
        if missing in fields or not _alone(seen, entry, *fields):
            continue
        if "material" in fields and body.material in ("matte", "shiny"):
            continue
        noun = naming.noun(body.shape, rng) if "shape" in fields else "object"
        color, size, material = (
            getattr(body, field) if field in fields else "" for field in ("color", "size", "material")
        )
        options.append(naming.describe(color=color, shape=noun, size=size, material=material))
    if len(seen) > 1:
        # The first and the last from left to right, where that is beyond doubt.
        ends = [(seen[0], seen[1], "leftmost"), (seen[-1], seen[-2], "rightmost")]
        options += [
            f"{word} object" for end, other, word in ends if end is entry and abs(end.centre[0] - other.centre[0]) > 8
        ]
    return f"the {pick(rng, options)}" if options else None


def _attributes(scene: Scene, seen: list[VisibleObject], rng: np.random.Generator) -> Iterator[Question]:
    forms = {
        "color": "what color is {}?",
        "shape": "what shape is {}?",
        "material": "what material is {}?",
        "size": "is {} small or large?",
    }
    for entry in seen:
        for field, form in forms.items():
            if field == "color" and scene.light.name in TINTED:
                continue
            if field == "material" and not _material_shows(entry.body, scene):
                continue
            name = _name_without(seen, entry, field, rng)
            # Under coloured light an object cannot be found by its colour either.
            if name is None or (scene.light.name in TINTED and entry.body.color in name):
                continue
            answer, index = getattr(entry.body, field), entry.index
            yield Question(field, form.format(name), answer, (index,), ((name, index),))


def _material_shows(body: Body, scene: Scene) -> bool:
    if body.material in ("striped", "checkered", "glass", "metal"):
        return True
    # Matte and shiny differ by a highlight, which some shapes do not show and weak light hides.
    return highlights(body.shape) and scene.light.name in ("day", "bright", "sunset")


def _counts(seen: list[VisibleObject], rng: np.random.Generator) -> Iterator[Question]:
    for field, values in (("color", tuple(COLORS)), ("shape", SHAPES)):
        present = {entry.index: getattr(entry.body, field) for entry in seen}
        value = pick(rng, present.values() if rng.random() < 0.75 else values)
        what = f"{value} objects" if field == "color" else plural(value)
        counted = tuple(index for index, found in present.items() if found == value)
        yield Question("count", how_many(what), NUMBERS[len(counted)], counted)


def _existence(seen: list[VisibleObject], rng: np.random.Generator) -> Iterator[Question]:
    present = {(entry.body.color, entry.body.shape) for entry in seen}
    color, shape = pick(rng, sorted(present))
    matching = tuple(entry.index for entry in seen if (entry.body.color, entry.body.shape) == (color, shape))
    yield Question("existence", f"is there {naming.article(f'{color} {naming.noun(shape, rng)}')}?", "Yes", matching)
    # Half of the absent ones mix words that both occur.
    mixed = sorted({(a, b) for a, _ in present for _, b in present} - present)
    if mixed and rng.random() < 0.5:
        color, shape = pick(rng, mixed)
    else:
        color, shape = pick(rng, product(COLORS, SHAPES), without=present)
    yield Question("existence", f"is there {naming.article(f'{color} {naming.noun(shape, rng)}')}?", "No", ())


def _relations(scene: Scene, seen: list[VisibleObject], frame: int, rng: np.random.Generator) -> Iterator[Question]:
    opposite = {"left of": "right of", "right of": "left of", "in front of": "behind", "behind": "in front of"}
    pairs = [(a, b) for a in seen for b in seen if a.index != b.index]
    distances = camera_distances(scene, frame)
    for number in rng.permutation(len(pairs))[:4]:
        a, b = pairs[int(number)]
        first, second = naming.refer(seen, a.index, rng), naming.refer(seen, b.index, rng)
        true = relations(a, b, distances, scene.width)
        if first is None or second is None or not true:
            continue
        relation = pick(rng, true)
        answer = rng.random() < 0.5
        claimed = relation if answer else opposite[relation]
        both = (a.index, b.index)
        named = ((first, a.index), (second, b.index))
        yield Question("relation", f"is {first} {claimed} {second}?", "Yes" if answer else "No", both, named)
        # The same asked openly: which of the two it is follows from the places alone, Yes or No from the words, too.
        asked = f"is {first} {' or '.join(sorted((relation, opposite[relation])))} {second}?"
        yield Question("comparison", asked, relation, both, named)


def _places(scene: Scene, seen: list[VisibleObject], rng: np.random.Generator) -> Iterator[Question]:
    for entry in seen:
        name = naming.refer(seen, entry.index, rng)
        if name is None or name.endswith(("on the left", "on the right")):
            continue
        if not near_border(entry, scene.width, scene.height):
            yield Question("place", f"where is {name}?", entry.place, (entry.index,), ((name, entry.index),))
        cell = cell_of(entry, scene)
        yield Question("cell", f"in which cell is {name}?", cell, (entry.index,), ((name, entry.index),))


def cell_of(entry: VisibleObject, scene: Scene) -> str:
    """Column and row of the cell in which an object's centre lies, as words: "3 4"."""
    column = min(CELLS, int(entry.centre[0] * CELLS / scene.width) + 1)
    row = min(CELLS, int(entry.centre[1] * CELLS / scene.height) + 1)
    return f"{column} {row}"
