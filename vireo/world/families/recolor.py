"""The object gets the exact shade of another named colour."""

from dataclasses import replace

import numpy as np

from vireo.world import palette
from vireo.world.appearance import material_fits, pick
from vireo.world.families.objects import about_an_object, change_body
from vireo.world.families.record import Change, EditFacts, Family, ImplicitWordings, Situation, Topic
from vireo.world.scene import Color, Scene

_CLUES = {
    "red": ("a ripe tomato", "blood", "a fire engine", "a stop sign"),
    "orange": ("a carrot", "a pumpkin", "a tangerine", "a traffic cone"),
    "yellow": ("a ripe lemon", "a ripe banana", "a sunflower", "a canary"),
    "green": ("fresh leaves", "a cucumber", "spinach", "a frog"),
    "cyan": ("a tropical lagoon", "a swimming pool", "turquoise"),
    "blue": ("deep water", "a sapphire", "new denim", "a blueberry"),
    "purple": ("a ripe plum", "grapes", "an eggplant", "lavender"),
    "pink": ("a flamingo", "bubble gum", "a piglet", "cotton candy"),
    "white": ("fresh milk", "chalk", "a polar bear", "clean paper"),
    "black": ("coal", "a raven", "a moonless midnight", "tar"),
}


@about_an_object
def _propose(now: Situation, index: int, rng: np.random.Generator) -> Change | None:
    body = now.scene.bodies[index]
    fitting: list[Color] = [name for name in palette.COLORS if material_fits(body.material, body.shape, name)]
    color = pick(rng, fitting, without=(body.color,))
    return recolored(index, color)


def recolored(index: int, color: Color) -> Change:
    """The body gets the exact shade of a colour."""
    return change_body("recolor", {"color": color}, index, color=color, rgb=palette.COLORS[color])


def _wrong_value(facts: EditFacts, source: Scene, rng: np.random.Generator) -> EditFacts:
    current = source.bodies[facts.objects[0]].color
    return replace(facts, value=pick(rng, palette.COLORS, without=(facts.value, current)))


_RECOLOR = Topic(
    name="recolor",
    plain=("make {object} {color}", "change the color of {object} to {color}"),
    train=(
        "turn {object} {color}",
        "paint {object} {color}",
        "{object} should be {color}",
        "recolor {object} to {color}",
        "give {object} a {color} color",
        "please change {object} to {color}",
        "let {object} become {color}",
        "set the color of {object} to {color}",
    ),
    test=(
        "please paint {object} in {color}",
        "i want {object} to be {color}",
        "{object} should become {color}",
        "please turn the color of {object} to {color}",
    ),
    value_slot="color",
    current=lambda body: body.color,
    wrong_value=_wrong_value,
    implicit=ImplicitWordings(
        clues=_CLUES, frames=("make {object} the color of {clue}", "what if {object} were as colored as {clue}")
    ),
)

FAMILY = Family(
    name="recolor",
    propose=_propose,
    topics=(_RECOLOR,),
    read_facts=lambda source, target, objects: EditFacts("recolor", objects, target.bodies[objects[0]].color),
    keeps_geometry=True,
)
