"""A new object stands still at a named place: exact shade, standard size and pose, matte by default."""

from dataclasses import replace

import numpy as np

from vireo.world import naming, palette, shapes
from vireo.world.appearance import draw_material, pick
from vireo.world.camera import frame_cameras
from vireo.world.families.objects import has_room
from vireo.world.families.record import Change, EditFacts, Family, Situation, Topic
from vireo.world.scene import Body, Scene, Size
from vireo.world.visibility import place_name


def _propose(now: Situation, rng: np.random.Generator) -> Change | None:
    scene = now.studio
    shape = pick(rng, shapes.SHAPES)
    color = pick(rng, palette.COLORS)
    size: Size = "small" if rng.random() < 0.4 else "large"
    material = draw_material(rng, shape, color) if rng.random() < 0.5 else "matte"
    place = pick(rng, palette.PLACES)
    if any((body.shape, body.color) == (shape, color) for body in scene.bodies):
        return None
    radius = palette.SIZES[size]
    column, row = palette.PLACES[place]
    spot = frame_cameras(scene)[0].floor_point(column * scene.width, row * scene.height)
    quaternion = shapes.standing(shape, 0.0)
    center = (float(spot[0]), float(spot[1]), shapes.reach_down(shape, radius, quaternion))
    places = np.tile(center, (scene.frames, 1))
    if not has_room(scene, places, radius, gap=1.05):
        return None
    body = Body(
        shape=shape,
        color=color,
        rgb=palette.COLORS[color],
        material=material,
        size=size,
        radius=radius,
        position=center,
        quaternion=quaternion,
        track=((*center, *quaternion),) * scene.frames,
    )
    thing = naming.describe(
        color=color,
        shape=naming.noun(shape, rng),
        size=size if size == "small" or rng.random() < 0.4 else "",
        material=material if material != "matte" or rng.random() < 0.1 else "",
    )
    return Change(
        "add",
        {"thing": naming.article(thing), "place": place},
        lambda given: given.model_copy(update={"bodies": (*given.bodies, body)}),
    )


def _read_facts(source: Scene, target: Scene, objects: tuple[int, ...]) -> EditFacts:
    body = target.bodies[-1]
    foot = np.array((body.position[0], body.position[1], 0.0))
    column, row, _ = frame_cameras(target)[0].project(foot)
    place = place_name(column, row, target.width, target.height)
    return EditFacts("add", value=naming.article(naming.describe_body(body)), place=place)


def _wrong_value(facts: EditFacts, source: Scene, rng: np.random.Generator) -> EditFacts:
    """The same addition with another colour or at another place."""
    if rng.random() < 0.5:
        return replace(facts, place=pick(rng, palette.PLACES, without=(facts.place,)))
    words: list[str] = facts.value.split()[1:]
    color = next(word for word in words if word in palette.COLORS)
    words[words.index(color)] = pick(rng, palette.COLORS, without=(color,))
    return replace(facts, value=naming.article(" ".join(words)))


_ADD = Topic(
    name="add",
    plain=("add {thing} {place}", "put {thing} {place}"),
    train=(
        "place {thing} {place}",
        "insert {thing} {place} of the picture",
        "{place} there should be {thing}",
        "i want {thing} {place}",
        "please add {thing} {place} of the scene",
        "let {thing} stand {place}",
        "set {thing} {place}",
    ),
    test=(
        "please put {thing} {place} of the picture",
        "there should be {thing} {place}",
        "i want to have {thing} {place}",
        "please insert {thing} {place}",
    ),
    value_slot="thing",
    wrong_value=_wrong_value,
)

FAMILY = Family(name="add", propose=_propose, topics=(_ADD,), read_facts=_read_facts)
