"""Another shape of the same colour, material and size goes the same way in its standard orientation."""

import numpy as np

from vireo.world import naming, shapes
from vireo.world.appearance import pick
from vireo.world.families.objects import about_an_object, change_body, following
from vireo.world.families.record import Change, EditFacts, Family, ImplicitWordings, Situation, Topic, other_value
from vireo.world.scene import Body, Shape

_CLUES: dict[Shape, tuple[str, ...]] = {
    "ball": ("what a football player kicks", "the shape of a planet"),
    "cube": ("the shape of dice", "something with six equal square faces"),
    "cylinder": ("the shape of a tin can", "the shape of a drum"),
    "capsule": ("the shape of a sausage", "something like a medicine to swallow"),
    "egg": ("what a hen lays", "what a chick hatches from"),
    "cone": ("the shape of a party hat", "the shape that holds ice cream"),
    "ring": ("something with a hole like a tire", "the shape of a life buoy"),
}


@about_an_object
def _propose(now: Situation, index: int, rng: np.random.Generator) -> Change | None:
    body = now.scene.bodies[index]
    shape = pick(rng, shapes.SHAPES, without=(body.shape,))
    return replaced(body, index, shape, naming.noun(shape, rng))


def replaced(body: Body, index: int, shape: Shape, noun: str) -> Change:
    """A body of another shape, which is called by this noun, goes the way of the body at this index."""
    slots = {"shape": naming.article(noun)}
    return change_body("replace", slots, index, shape=shape, **following(body, shape, body.radius))


_REPLACE = Topic(
    name="replace",
    plain=("replace {object} with {shape}", "turn {object} into {shape}"),
    train=(
        "change {object} into {shape}",
        "swap {object} for {shape}",
        "{object} should be {shape}",
        "put {shape} in place of {object}",
        "make {object} {shape}",
        "please replace {object} by {shape}",
        "i want {shape} instead of {object}",
        "let {object} become {shape}",
    ),
    test=(
        "please swap {object} with {shape}",
        "there should be {shape} instead of {object}",
        "please turn {object} into {shape}",
        "please put {shape} instead of {object}",
    ),
    value_slot="shape",
    current=lambda body: naming.article(body.shape),
    wrong_value=other_value([naming.article(shape) for shape in shapes.SHAPES]),
    implicit=ImplicitWordings(
        clues={naming.article(shape): clues for shape, clues in _CLUES.items()},
        frames=("turn {object} into {clue}", "what if {object} were {clue}"),
    ),
)

FAMILY = Family(
    name="replace",
    propose=_propose,
    topics=(_REPLACE,),
    read_facts=lambda source, target, objects: EditFacts(
        "replace", objects, naming.article(target.bodies[objects[0]].shape)
    ),
)
