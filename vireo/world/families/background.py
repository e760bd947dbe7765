"""The floor, the backdrop or both become canonical ones."""

from __future__ import annotations

from typing import Any

import numpy as np

from vireo.world import naming, palette
from vireo.world.appearance import pick, weighted
from vireo.world.families.record import Change, EditFacts, Family, ImplicitWordings, Situation, Topic, other_value
from vireo.world.scene import Backdrop, BackdropKind, Floor, FloorKind, Scene

_FLOOR_CLUES: dict[FloorKind, str] = {
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
_BACKDROP_CLUES: dict[BackdropKind, str] = {
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


def _propose(now: Situation, rng: np.random.Generator) -> Change | None:
    scene, topic = now.studio, weighted(rng, {"floor": 0.35, "backdrop": 0.35, "setting": 0.30})
    update: dict[str, Any]
    if topic == "floor":
        floor = pick(rng, palette.FLOORS, without=(scene.floor.kind,))
        update, words = {"floor": Floor(kind=floor)}, naming.FLOOR_WORDS[floor]
    elif topic == "backdrop":
        backdrop = pick(rng, palette.BACKDROPS, without=(scene.backdrop.kind,))
        update, words = {"backdrop": Backdrop(kind=backdrop)}, naming.BACKDROP_WORDS[backdrop]
    else:
        words = pick(rng, palette.SETTINGS)
        floor, backdrop = palette.SETTINGS[words]
        if floor == scene.floor.kind or backdrop == scene.backdrop.kind:
            return None
        update = {"floor": Floor(kind=floor), "backdrop": Backdrop(kind=backdrop)}
    return Change(topic, {topic: words}, lambda given: given.model_copy(update=update))


def _read_facts(source: Scene, target: Scene, objects: tuple[int, ...]) -> EditFacts:
    if target.floor == source.floor:
        return EditFacts("backdrop", value=naming.BACKDROP_WORDS[target.backdrop.kind])
    if target.backdrop == source.backdrop:
        return EditFacts("floor", value=naming.FLOOR_WORDS[target.floor.kind])
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
    wrong_value=other_value(list(naming.FLOOR_WORDS.values())),
    implicit=ImplicitWordings(
        clues={naming.FLOOR_WORDS[kind]: (clue,) for kind, clue in _FLOOR_CLUES.items()},
    ),
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
    wrong_value=other_value(list(naming.BACKDROP_WORDS.values())),
    implicit=ImplicitWordings(
        clues={naming.BACKDROP_WORDS[kind]: (clue,) for kind, clue in _BACKDROP_CLUES.items()},
    ),
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
