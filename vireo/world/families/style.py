"""The whole picture becomes a canonical function of itself (see `vireo.world.styles`)."""

import numpy as np

from vireo.world import vocabulary
from vireo.world.appearance import pick
from vireo.world.families.record import Change, EditFacts, Family, ImplicitWordings, Situation, Topic, other_value
from vireo.world.scene import Scene


def _propose(now: Situation, rng: np.random.Generator) -> Change | None:
    name = pick(rng, vocabulary.STYLES)
    return Change(
        "style",
        {"style": vocabulary.STYLES[name].noun, "restyle": vocabulary.STYLES[name].order},
        lambda scene: scene.model_copy(update={"effects": (*scene.effects, name)}),
    )


def _read_facts(source: Scene, target: Scene, objects: tuple[int, ...]) -> EditFacts:
    new = next(name for name in target.effects if name in vocabulary.STYLES and name not in source.effects)
    return EditFacts("style", value=vocabulary.STYLES[new].noun)


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
    derived_slots={"restyle": {words.noun: words.order for words in vocabulary.STYLES.values()}},
    wrong_value=other_value([words.noun for words in vocabulary.STYLES.values()]),
    implicit=ImplicitWordings(clues={words.noun: (words.clue,) for words in vocabulary.STYLES.values()}),
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
