"""The object is gone, and its shadow and reflection with it."""

import numpy as np

from vireo.world.families.objects import about_an_object
from vireo.world.families.record import Change, EditFacts, Family, ImplicitWordings, Situation, Topic
from vireo.world.scene import AnyScene


@about_an_object
def _propose(now: Situation, index: int, rng: np.random.Generator) -> Change | None:
    return removed(index)


def removed(index: int) -> Change:
    """The body goes."""

    def apply(scene: AnyScene) -> AnyScene:
        return scene.model_copy(update={"bodies": scene.bodies[:index] + scene.bodies[index + 1 :]})

    return Change("remove", {}, apply, (index,), removes=True)


_REMOVE = Topic(
    name="remove",
    plain=("remove {object}", "delete {object}"),
    train=(
        "take {object} away",
        "erase {object} from the video",
        "get rid of {object}",
        "{object} should be gone",
        "please remove {object} from the clip",
        "make {object} disappear",
        "clear {object} from the scene",
        "i want {object} to be gone",
        "take {object} out of the scene",
    ),
    test=(
        "please take {object} out of the video",
        "{object} should disappear",
        "please erase {object}",
        "delete {object} from the scene",
    ),
    implicit=ImplicitWordings(
        frames=(
            "what if {object} had never been there",
            "what would be seen if someone had stolen {object}",
            "show the scene as if {object} had been carried off",
        )
    ),
)

FAMILY = Family(
    name="remove",
    propose=_propose,
    topics=(_REMOVE,),
    read_facts=lambda source, target, objects: EditFacts("remove", objects),
    keeps_geometry=True,
    removes_objects=True,
)
