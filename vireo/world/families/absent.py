"""The instruction names an object that is not in the clip: nothing changes."""

import numpy as np

from vireo.world import naming, palette, shapes
from vireo.world.appearance import pick
from vireo.world.families.record import NOTHING, Change, Family, Situation


def _propose(now: Situation, rng: np.random.Generator) -> Change:
    bodies = now.scene.bodies
    present = {(body.shape, body.color) for body in bodies}
    near = {(a.shape, b.color) for a in bodies for b in bodies} - present  # both words occur, but not together
    if near and rng.random() < 0.4:
        shape, color = pick(rng, sorted(near))
    else:
        every = [(shape, color) for shape in shapes.SHAPES for color in palette.COLORS]
        shape, color = pick(rng, every, without=present)
    size = pick(rng, ("small", "large")) if rng.random() < 0.15 else ""
    words = naming.describe(color=color, shape=naming.noun(shape, rng), size=size)
    topic = pick(rng, ("recolor", "material", "remove", "replace", "grow", "shrink"))
    slots = {
        "object": f"the {words}",
        "color": pick(rng, palette.COLORS, without=(color,)),
        "material": pick(rng, palette.MATERIALS, without=("matte",)),
        "shape": naming.article(naming.noun(pick(rng, shapes.SHAPES, without=(shape,)), rng)),
    }
    return Change(topic, slots, lambda scene: scene)


FAMILY = Family(
    name="absent",
    propose=_propose,
    read_facts=lambda source, target, objects: NOTHING,
    on_footage=True,
    keeps_geometry=True,
    changes_nothing=True,
)
