"""The object of the reference picture, with its exact shade, goes the way of the object that it replaces."""

from dataclasses import replace

import numpy as np

from vireo.world import naming, palette, shapes
from vireo.world.appearance import draw_material, jitter, pick
from vireo.world.families.objects import about_an_object, change_body, following
from vireo.world.families.record import Change, EditFacts, Family, Situation, Topic
from vireo.world.scene import Body, Scene


@about_an_object
def _propose(now: Situation, index: int, rng: np.random.Generator) -> Change | None:
    body = now.scene.bodies[index]
    shape = pick(rng, shapes.SHAPES)
    color = pick(rng, palette.COLORS)
    if (shape, color) == (body.shape, body.color):
        return None
    rgb, material = jitter(rng, color), draw_material(rng, shape, color)
    radius, quaternion = palette.SIZES["large"], shapes.standing(shape, 0.0)
    pictured = Body(
        shape=shape,
        color=color,
        rgb=rgb,
        material=material,
        radius=radius,
        position=(0.0, 0.0, shapes.reach_down(shape, radius, quaternion)),
        quaternion=quaternion,
    )
    way = following(body, shape, body.radius)
    change = change_body("reference", {}, index, shape=shape, color=color, rgb=rgb, material=material, **way)
    return replace(change, reference_object=pictured)


def _read_facts(source: Scene, target: Scene, objects: tuple[int, ...]) -> EditFacts:
    return EditFacts("reference", objects, naming.article(naming.describe_body(target.bodies[objects[0]])))


_REFERENCE = Topic(
    name="reference",
    plain=("replace {object} with the object in the picture", "swap {object} for the object in the image"),
    train=(
        "change {object} into the object in the image",
        "put the object from the picture in place of {object}",
        "{object} should be the object in the picture",
        "turn {object} into the thing in the image",
        "please use the object in the image instead of {object}",
        "i want the thing from the picture instead of {object}",
        "make {object} look like the object in the image",
    ),
    test=(
        "please replace {object} with the thing in the image",
        "please swap {object} with the object from the picture",
        "{object} should become the object in the image",
        "there should be the object from the image instead of {object}",
    ),
)

FAMILY = Family(name="reference", propose=_propose, topics=(_REFERENCE,), read_facts=_read_facts, any_size=False)
