"""All light is multiplied by a canonical gain, or fog or a spotlight comes in."""

import numpy as np

from vireo.world import palette, vocabulary
from vireo.world.appearance import pick
from vireo.world.families.record import Change, EditFacts, Family, ImplicitWordings, Situation, Topic, other_value
from vireo.world.scene import AnyScene, Footage, Scene, Vector

_EFFECTS = ("fog", "spotlight")
"""Light edits that work on the picture; all others relight the scene."""


def _propose(now: Situation, rng: np.random.Generator) -> Change | None:
    gains: dict[str, Vector] = {name: gain for name, gain in palette.LIGHT_GAINS.items() if name != "day"}
    impossible = ("fog",) if isinstance(now.scene, Footage) else ()  # it needs a depth
    name = pick(rng, (*gains, *_EFFECTS), without=impossible)

    def apply(scene: AnyScene) -> AnyScene:
        if name in _EFFECTS:
            return scene.model_copy(update={"effects": (*scene.effects, name)})
        lit = scene.light.model_copy(update={"name": name, "gain": gains[name]})
        return scene.model_copy(update={"light": lit})

    return Change("light", {"light": vocabulary.LIGHTS[name].noun, "relight": vocabulary.LIGHTS[name].order}, apply)


def _read_facts(source: Scene, target: Scene, objects: tuple[int, ...]) -> EditFacts:
    new = [name for name in target.effects if name not in source.effects]
    return EditFacts("light", value=vocabulary.LIGHTS[new[0] if new else target.light.name].noun)


_LIGHT = Topic(
    name="light",
    plain=("change the light to {light}", "{relight}"),
    train=(
        "switch the lighting to {light}",
        "make the scene look like {light}",
        "give the scene {light}",
        "use {light} for the whole video",
        "the light should be {light}",
        "please set the light to {light}",
        "i want the light to be {light}",
        "please {relight}",
    ),
    test=(
        "please switch the light to {light}",
        "please change the lighting to {light}",
        "the scene should have {light}",
        "i want {light} for the whole scene",
    ),
    derived_slots={"relight": {words.noun: words.order for words in vocabulary.LIGHTS.values()}},
    wrong_value=other_value([words.noun for words in vocabulary.LIGHTS.values()]),
    implicit=ImplicitWordings(clues={words.noun: (words.clue,) for words in vocabulary.LIGHTS.values()}),
)

FAMILY = Family(
    name="light",
    propose=_propose,
    topics=(_LIGHT,),
    read_facts=_read_facts,
    is_global=True,
    on_footage=True,
    moves_with_scene=False,
    keeps_geometry=True,
)
