"""What the words leave open: another colour, another shape, another place, another background or floor.

The truth is a set of exact results: each canonical value that the words allow and that can be seen. The one that is
drawn first is the pair's `target`, the others are its `alternatives`.
"""

from collections.abc import Callable, Sequence

import numpy as np

from vireo.world import palette, shapes
from vireo.world.appearance import material_fits, pick
from vireo.world.camera import frame_cameras
from vireo.world.families.objects import has_room, track_of, with_body
from vireo.world.families.recolor import recolored
from vireo.world.families.record import LEAST_CHOICE, Change, Family, Situation, Topic
from vireo.world.families.replace import replaced
from vireo.world.scene import AnyScene, Backdrop, Color, Floor, Scene, to_track

_Apply = Callable[[AnyScene], AnyScene]


def _propose(now: Situation, rng: np.random.Generator) -> Change | None:
    topic = pick(rng, list(_RESULTS))
    of_object = topic in _OF_OBJECTS
    if of_object and not now.editable:
        return None
    about = (pick(rng, now.editable),) if of_object else ()
    results = _RESULTS[topic](now.studio, *about)
    if len(results) < LEAST_CHOICE:
        return None
    first, *others = (results[int(place)] for place in rng.permutation(len(results)))
    return Change(topic, {}, first, about, others=tuple(others))


def _colors(scene: Scene, index: int) -> list[_Apply]:
    """The exact shades of the other colours that go with its material."""
    body = scene.bodies[index]
    fitting: list[Color] = [name for name in palette.COLORS if material_fits(body.material, body.shape, name)]
    return [recolored(index, color).apply for color in fitting if color != body.color]


def _shapes(scene: Scene, index: int) -> list[_Apply]:
    """The other shapes, as in `replace`: the same colour, material and size go the same way."""
    body = scene.bodies[index]
    return [replaced(body, index, shape, shape).apply for shape in shapes.SHAPES if shape != body.shape]


def _places(scene: Scene, index: int) -> list[_Apply]:
    """The named places of `add`: the object begins there, and moves and turns as before."""
    body, found = scene.bodies[index], []
    track = np.array(track_of(body))
    for column, row in palette.PLACES.values():
        spot = frame_cameras(scene)[0].floor_point(column * scene.width, row * scene.height)
        moved = track.copy()
        way = spot[:2] - track[0, :2]
        moved[:, :2] += way
        if np.hypot(*way) >= 2 * body.radius and has_room(scene, moved[:, :3], body.radius, gap=1.05, ignore=index):
            poses = to_track(moved)
            found.append(lambda given, poses=poses: with_body(given, index, position=poses[0][:3], track=poses))
    return found


def _backdrops(scene: Scene) -> list[_Apply]:
    return [
        lambda given, kind=kind: given.model_copy(update={"backdrop": Backdrop(kind=kind)})
        for kind in palette.BACKDROPS
        if kind != scene.backdrop.kind
    ]


def _floors(scene: Scene) -> list[_Apply]:
    return [
        lambda given, kind=kind: given.model_copy(update={"floor": Floor(kind=kind)})
        for kind in palette.FLOORS
        if kind != scene.floor.kind
    ]


_OF_OBJECTS = ("any_color", "any_shape", "any_place")
_RESULTS: dict[str, Callable[..., Sequence[_Apply]]] = {
    "any_color": _colors,
    "any_shape": _shapes,
    "any_place": _places,
    "any_backdrop": _backdrops,
    "any_floor": _floors,
}
"""By topic: what the scene may become."""

_COLOR = Topic(
    name="any_color",
    plain=("make {object} another color", "give {object} another color"),
    train=(
        "change {object} to a different color",
        "paint {object} in another color",
        "{object} should have another color",
        "let {object} have a different color",
        "please recolor {object} in another color",
        "i want another color for {object}",
    ),
    test=(
        "please give {object} a different color",
        "i want {object} to have another color",
        "{object} should be in a different color",
        "please paint {object} in a different color",
    ),
)
_SHAPE = Topic(
    name="any_shape",
    plain=("replace {object} with something else", "give {object} another shape"),
    train=(
        "turn {object} into something else",
        "swap {object} for something else",
        "{object} should have another shape",
        "put something else in place of {object}",
        "please change {object} into something else",
        "i want something else instead of {object}",
    ),
    test=(
        "please replace {object} by something else",
        "there should be something else instead of {object}",
        "i want {object} to have another shape",
        "please turn {object} into something else",
    ),
)
_PLACE = Topic(
    name="any_place",
    plain=("put {object} somewhere else", "move {object} somewhere else"),
    train=(
        "place {object} somewhere else",
        "{object} should be somewhere else",
        "let {object} stand somewhere else",
        "set {object} somewhere else",
        "please take {object} somewhere else",
        "i want {object} somewhere else",
    ),
    test=(
        "please put {object} somewhere else",
        "i want {object} to be somewhere else",
        "{object} should stand somewhere else",
        "please move {object} somewhere else",
    ),
)
_BACKDROP = Topic(
    name="any_backdrop",
    plain=("change to another background", "show another background"),
    train=(
        "use another background",
        "there should be a different background",
        "put another background behind the objects",
        "let it have a different background",
        "please show a different background",
        "i want another background",
    ),
    test=(
        "please change to a different background",
        "i want a different background",
        "please use a different background",
        "there should be another background",
    ),
)
_FLOOR = Topic(
    name="any_floor",
    plain=("change to another floor", "show another floor"),
    train=(
        "use another floor",
        "there should be a different floor",
        "put everything on another floor",
        "let it have a different floor",
        "please show a different floor",
        "i want another floor",
    ),
    test=(
        "please change to a different floor",
        "i want a different floor",
        "please use a different floor",
        "there should be another floor",
    ),
)

FAMILY = Family(
    name="open",
    propose=_propose,
    topics=(_COLOR, _SHAPE, _PLACE, _BACKDROP, _FLOOR),
    moves_with_scene=False,
    in_training=False,
)
