"""The object keeps its shade and gets another material; a new pattern shows no turn that was unseen before."""

from typing import Any

import numpy as np

from vireo.world import palette
from vireo.world.appearance import material_fits, pick
from vireo.world.families.objects import about_an_object, change_body, track_of
from vireo.world.families.record import Change, EditFacts, Family, ImplicitWordings, Situation, Topic, other_value
from vireo.world.scene import Body, Material, to_track
from vireo.world.symmetry import visible_rotations

_CLUES = {
    "matte": ("soft chalk without any gloss", "dull clay"),
    "shiny": ("something freshly waxed", "wet paint"),
    "metal": ("what coins are made of", "what a blacksmith works with"),
    "glass": ("what windows are made of", "something one can see through"),
    "striped": ("the coat of a zebra", "the pattern of a tiger"),
    "checkered": ("a chess board", "the flag at the end of a race"),
}


@about_an_object
def _propose(now: Situation, index: int, rng: np.random.Generator) -> Change | None:
    body = now.scene.bodies[index]
    fitting: list[Material] = [name for name in palette.MATERIALS if material_fits(name, body.shape, body.color)]
    material = pick(rng, fitting, without=(body.material,))
    return made_of(body, index, material)


def made_of(body: Body, index: int, material: Material) -> Change:
    """The body, which stands at this index, gets a material."""
    values = _without_hidden_turns(body) if material in palette.PATTERNED else {}
    return change_body("material", {"material": material}, index, material=material, **values)


def _without_hidden_turns(body: Body) -> dict[str, Any]:
    """First orientation and track of a body without the turns that cannot be seen."""
    from scipy.spatial.transform import Rotation  # here, so that reading the records does not load SciPy

    poses = np.array(track_of(body))
    turns = Rotation.from_quat(poses[:, 3:], scalar_first=True).as_matrix()
    kept = Rotation.from_matrix(visible_rotations(body.shape, body.material, turns))
    poses[:, 3:] = kept.as_quat(scalar_first=True).round(5)
    track = to_track(poses)
    return {"quaternion": track[0][3:], "track": track}


_MATERIAL = Topic(
    name="material",
    plain=("make {object} {material}", "change the material of {object} to {material}"),
    train=(
        "turn {object} {material}",
        "give {object} a {material} surface",
        "{object} should be {material}",
        "please change {object} to a {material} look",
        "let {object} become {material}",
        "i want {object} to look {material}",
        "set the material of {object} to {material}",
        "let {object} have a {material} surface",
    ),
    test=(
        "please make the surface of {object} {material}",
        "{object} should have a {material} look",
        "i want {object} to become {material}",
        "please give {object} a {material} material",
    ),
    current=lambda body: body.material,
    wrong_value=other_value(palette.MATERIALS, never=("matte", "shiny")),  # on many shapes these look alike
    implicit=ImplicitWordings(
        clues=_CLUES, frames=("make {object} look like {clue}", "what if {object} were like {clue}")
    ),
)

FAMILY = Family(
    name="material",
    propose=_propose,
    topics=(_MATERIAL,),
    read_facts=lambda source, target, objects: EditFacts("material", objects, target.bodies[objects[0]].material),
    keeps_geometry=True,
)
