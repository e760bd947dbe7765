"""The whole picture becomes a canonical function of itself (see `vireo.world.styles`)."""

from __future__ import annotations

import numpy as np

from vireo.world import naming
from vireo.world.appearance import pick
from vireo.world.families.record import Change, EditFacts, Family, ImplicitWordings, Situation, Topic, other_value
from vireo.world.scene import Scene

_CLUES = {
    "gray": "show it as if color film had never been invented",
    "sepia": "show it as a photo from great grandmother's album",
    "sketch": "show it as if someone had only a pencil and paper",
    "pixel": "show it as a video game from the eighties",
    "oil": "show it as van gogh would have painted it",
    "negative": "show it as what comes out of a camera before printing",
    "poster": "show it as if a printer had only few inks",
    "cartoon": "show it as if it were made for children on television",
}


def _propose(now: Situation, rng: np.random.Generator) -> Change | None:
    name = pick(rng, naming.STYLE_WORDS)
    return Change(
        "style",
        {"style": naming.STYLE_WORDS[name], "restyle": naming.STYLE_ORDERS[name]},
        lambda scene: scene.model_copy(update={"effects": (*scene.effects, name)}),
    )


def _read_facts(source: Scene, target: Scene, objects: tuple[int, ...]) -> EditFacts:
    new = next(name for name in target.effects if name in naming.STYLE_WORDS and name not in source.effects)
    return EditFacts("style", value=naming.STYLE_WORDS[new])


_STYLE = Topic(
    name="style",
    plain=("turn the video into {style}", "make it look like {style}"),
    train=(
        "change the style to {style}",
        "make the whole video look like {style}",
        "show the clip as {style}",
        "the video should look like {style}",
        "please draw everything as {style}",
        "i want {style}",
        "give the video the look of {style}",
        "{restyle}",
        "please {restyle}",
        "{restyle} please",
    ),
    test=(
        "please turn the whole clip into {style}",
        "i want the video to look like {style}",
        "the style should be {style}",
        "please show everything as {style}",
    ),
    derived_slots={"restyle": {words: naming.STYLE_ORDERS[name] for name, words in naming.STYLE_WORDS.items()}},
    wrong_value=other_value(list(naming.STYLE_WORDS.values())),
    implicit=ImplicitWordings(
        clues={naming.STYLE_WORDS[name]: (clue,) for name, clue in _CLUES.items()},
    ),
)

FAMILY = Family(
    name="style",
    propose=_propose,
    topics=(_STYLE,),
    read_facts=_read_facts,
    is_global=True,
    on_footage=True,
    any_size=False,
    moves_with_scene=False,
)
