"""Reason-informed wordings: the same edits, said so that one has to think (ReViSE's RAVE, in the studio).

"make the ball the color of a ripe lemon" is "make the ball yellow". The editor never sees these; the
instructor learns to judge edits by them and to say which object they concern.
"""

from __future__ import annotations

import numpy as np

from vireo.instruction_tuning.edit_facts import EditFacts
from vireo.world import naming

_COLORS = {
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
_MATERIALS = {
    "matte": ("soft chalk without any gloss", "dull clay"),
    "shiny": ("something freshly waxed", "wet paint"),
    "metal": ("what coins are made of", "what a blacksmith works with"),
    "glass": ("what windows are made of", "something one can see through"),
    "striped": ("the coat of a zebra", "the pattern of a tiger"),
    "checkered": ("a chess board", "the flag at the end of a race"),
}
_SHAPES = {
    "ball": ("what a football player kicks", "the shape of a planet"),
    "cube": ("the shape of dice", "something with six equal square faces"),
    "cylinder": ("the shape of a tin can", "the shape of a drum"),
    "capsule": ("the shape of a sausage", "something like a medicine to swallow"),
    "egg": ("what a hen lays", "what a chick hatches from"),
    "cone": ("the shape of a party hat", "the shape that holds ice cream"),
    "ring": ("something with a hole like a tire", "the shape of a life buoy"),
}
_FLOORS = {
    "wood": "what if the ground were made of planks from a carpenter",
    "grass": "what if the objects lay where cows graze",
    "sand": "what if the ground were what children build castles of at the sea",
    "snow": "what if the ground were covered after a winter night",
    "checkered": "what if the objects stood on a giant chess board",
    "marble": "what if the ground were the stone that sculptors love",
    "carpet": "what if the ground were something soft that one vacuums",
    "stone": "what if the ground were bare rock",
    "tiles": "what if the ground were that of a bathroom",
    "ice": "what if the ground were water that has frozen",
}
_BACKDROPS = {
    "wall": "what if nothing but a bare room were behind the objects",
    "bricks": "what if a mason had built what is behind the objects",
    "sky": "what if one looked up into a fine summer day behind the objects",
    "mountains": "what if climbers would love what is behind the objects",
    "forest": "what if many trees grew behind the objects",
    "curtain": "what if the objects were on a theater stage before the show",
    "stars": "what if astronomers would love what is behind the objects",
    "sea": "what if ships sailed behind the objects",
    "desert": "what if camels walked over what is behind the objects",
    "wallpaper": "what if someone had papered the room behind the objects",
}
_LIGHTS = {
    "night": "what if the clock struck midnight",
    "sunset": "what if the day were about to end",
    "dim": "what if most of the lamps failed",
    "bright": "what if many more lamps were switched on",
    "blue": "what if all light came through sapphire glass",
    "red": "what if all light came from a photo darkroom",
    "green": "what if all light came through fresh leaves",
    "fog": "what if a cloud came down to the ground",
    "spotlight": "what if a star were to sing in the middle of the stage",
}
_STYLES = {
    "gray": "show it as if color film had never been invented",
    "sepia": "show it as a photo from great grandmother's album",
    "sketch": "show it as if someone had only a pencil and paper",
    "pixel": "show it as a video game from the eighties",
    "oil": "show it as van gogh would have painted it",
    "negative": "show it as what comes out of a camera before printing",
    "poster": "show it as if a printer had only few inks",
    "cartoon": "show it as if it were made for children on television",
}
_REMOVE = (
    "what if {} had never been there",
    "what would be seen if someone had stolen {}",
    "show the scene as if {} had been carried off",
)
_GROW = ("what if {} were inflated", "show {} as if it came much nearer to a giant's size")
_SHRINK = ("what if {} had shrunk in the wash", "show {} as if it were a toy of itself")


def implicit_instruction(plan: EditFacts, name: str | None, rng: np.random.Generator) -> str | None:
    """A reason-informed wording of a plan; `name` is the object's, with `the`. None where there is none."""

    def one(options: tuple[str, ...]) -> str:
        return options[int(rng.integers(len(options)))]

    if plan.topic in ("recolor", "material", "replace", "remove", "grow", "shrink") and name is None:
        return None
    match plan.topic:
        case "recolor":
            thing = one(_COLORS[plan.value])
            return one((f"make {name} the color of {thing}", f"what if {name} were as colored as {thing}"))
        case "material":
            thing = one(_MATERIALS[plan.value])
            return one((f"make {name} look like {thing}", f"what if {name} were like {thing}"))
        case "replace":
            thing = one(_SHAPES[plan.value.split()[-1]])
            return one((f"turn {name} into {thing}", f"what if {name} were {thing}"))
        case "remove":
            return one(_REMOVE).format(name)
        case "grow":
            return one(_GROW).format(name)
        case "shrink":
            return one(_SHRINK).format(name)
        case "floor":
            return _by_word(_FLOORS, naming.FLOOR_WORDS, plan.value)
        case "backdrop":
            return _by_word(_BACKDROPS, naming.BACKDROP_WORDS, plan.value)
        case "light":
            return _by_word(_LIGHTS, naming.LIGHT_WORDS, plan.value)
        case "style":
            return _by_word(_STYLES, naming.STYLE_WORDS, plan.value)
    return None


def _by_word(wordings: dict[str, str], words: dict[str, str], value: str) -> str:
    return wordings[next(key for key, word in words.items() if word == value)]


def every_implicit_instruction() -> list[str]:
    """The words of all implicit instructions, names of objects left out."""
    groups = (*_COLORS.values(), *_MATERIALS.values(), *_SHAPES.values(), _REMOVE, _GROW, _SHRINK)
    texts = [text.format("the object") for group in groups for text in group]
    for table in (_FLOORS, _BACKDROPS, _LIGHTS, _STYLES):
        texts += table.values()
    return texts
