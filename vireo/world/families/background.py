"""The floor, the backdrop or both become canonical ones."""

from typing import Any

import numpy as np

from vireo.world import palette, vocabulary
from vireo.world.appearance import pick, weighted
from vireo.world.families.record import Change, EditFacts, Family, ImplicitWordings, Situation, Topic, other_value
from vireo.world.scene import Backdrop, Floor, Scene


def _propose(now: Situation, rng: np.random.Generator) -> Change | None:
    scene, topic = now.studio, weighted(rng, {"floor": 0.35, "backdrop": 0.35, "setting": 0.30})
    update: dict[str, Any]
    if topic == "floor":
        floor = pick(rng, palette.FLOORS, without=(scene.floor.kind,))
        update, words = {"floor": Floor(kind=floor)}, vocabulary.FLOORS[floor].noun
    elif topic == "backdrop":
        backdrop = pick(rng, palette.BACKDROPS, without=(scene.backdrop.kind,))
        update, words = {"backdrop": Backdrop(kind=backdrop)}, vocabulary.BACKDROPS[backdrop].noun
    else:
        words = pick(rng, palette.SETTINGS)
        floor, backdrop = palette.SETTINGS[words]
        if floor == scene.floor.kind or backdrop == scene.backdrop.kind:
            return None
        update = {"floor": Floor(kind=floor), "backdrop": Backdrop(kind=backdrop)}
    return Change(topic, {topic: words}, lambda given: given.model_copy(update=update))


def _read_facts(source: Scene, target: Scene, objects: tuple[int, ...]) -> EditFacts:
    if target.floor == source.floor:
        return EditFacts("backdrop", value=vocabulary.BACKDROPS[target.backdrop.kind].noun)
    if target.backdrop == source.backdrop:
        return EditFacts("floor", value=vocabulary.FLOORS[target.floor.kind].noun)
    both = (target.floor.kind, target.backdrop.kind)
    return EditFacts("setting", value=next(name for name, parts in palette.SETTINGS.items() if parts == both))


_FLOOR = Topic(
    name="floor",
    plain=("change the floor to {floor}", "put everything on {floor}"),
    train=(
        "replace the floor with {floor}",
        "make the ground {floor}",
        "the floor should be {floor}",
        "turn the ground into {floor}",
        "let the objects stand on {floor}",
        "please use {floor} for the ground",
        "i want {floor} under the objects",
    ),
    test=(
        "please change the ground to {floor}",
        "there should be {floor} under the objects",
        "i want the floor to be {floor}",
        "please put the objects on {floor}",
    ),
    wrong_value=other_value([words.noun for words in vocabulary.FLOORS.values()]),
    implicit=ImplicitWordings(clues={words.noun: (words.clue,) for words in vocabulary.FLOORS.values()}),
)
_BACKDROP = Topic(
    name="backdrop",
    plain=("change the background to {backdrop}", "put {backdrop} behind the objects"),
    train=(
        "replace the background with {backdrop}",
        "the background should be {backdrop}",
        "turn the background into {backdrop}",
        "show {backdrop} in the background",
        "please use {backdrop} as the background",
        "i want {backdrop} behind everything",
        "make the background {backdrop}",
    ),
    test=(
        "please change the background into {backdrop}",
        "there should be {backdrop} behind the objects",
        "i want the background to be {backdrop}",
        "please put {backdrop} in the background",
    ),
    wrong_value=other_value([words.noun for words in vocabulary.BACKDROPS.values()]),
    implicit=ImplicitWordings(clues={words.noun: (words.clue,) for words in vocabulary.BACKDROPS.values()}),
)
_SETTING = Topic(
    name="setting",
    plain=("move the scene to {setting}", "change the place to {setting}"),
    train=(
        "put everything in {setting}",
        "let the video play in {setting}",
        "the scene should be in {setting}",
        "make it look like {setting}",
        "please take the objects to {setting}",
        "i want the place to be {setting}",
        "turn the place into {setting}",
    ),
    test=(
        "please move everything to {setting}",
        "the video should play in {setting}",
        "i want the scene to look like {setting}",
        "please put the scene in {setting}",
    ),
    wrong_value=other_value(list(palette.SETTINGS)),
)

FAMILY = Family(
    name="background",
    propose=_propose,
    topics=(_FLOOR, _BACKDROP, _SETTING),
    read_facts=_read_facts,
    is_global=True,
    moves_with_scene=False,
    keeps_geometry=True,
)
