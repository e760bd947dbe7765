"""The kinds of edits: each proposes a change of a scene that the words of an instruction pin down exactly.

A proposal function takes a `Situation` and a generator and gives a `Change`, or None where the scene offers
no such edit. Everything that a change does not name keeps its recorded motion.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from scipy.spatial.transform import Rotation

from vireo.world import naming, palette, shapes
from vireo.world.camera import frame_cameras
from vireo.world.film import LOGOS, TEXTS
from vireo.world.sampling import draw_material, jitter, material_fits
from vireo.world.scene import AnyScene, Backdrop, Body, Floor, Footage, Scene, Shape, Watermark
from vireo.world.styles import STYLES
from vireo.world.symmetry import seen_turns
from vireo.world.visibility import VisibleObject

EFFECT_LIGHTS = ("fog", "spotlight")
"""Light edits that work on the picture; all others relight the scene."""


@dataclass(frozen=True)
class Situation:
    """What a proposal may look at: the scene with tracks, its visible objects, those to be edited."""

    scene: AnyScene
    visible: list[VisibleObject]
    editable: tuple[int, ...]


@dataclass(frozen=True)
class Change:
    """One edit of a scene.

    topic: which templates phrase it. slots: words for them.
    apply: source scene -> target scene. concerned: indices of the objects that it concerns.
    named: the object that the slot `object` names, drawn anew for each phrasing.
    alter_source: given scene -> source scene (only watermarks change the source).
    reference_object: the object that the reference picture shows.
    """

    topic: str
    slots: dict[str, str]
    apply: Callable[[AnyScene], AnyScene]
    concerned: tuple[int, ...] = ()
    named: int | None = None
    alter_source: Callable[[AnyScene], AnyScene] = field(default=lambda scene: scene)
    reference_object: Body | None = None


def swap(scene: Scene, index: int, **values: object) -> Scene:
    """The scene with some values of one body changed."""
    bodies = list(scene.bodies)
    bodies[index] = bodies[index].model_copy(update=values)
    return scene.model_copy(update={"bodies": tuple(bodies)})


def _pick(rng: np.random.Generator, options: list) -> object:
    return options[int(rng.integers(len(options)))]


def _object(now: Situation, rng: np.random.Generator) -> int | None:
    return int(_pick(rng, list(now.editable))) if now.editable else None


def recolor(now: Situation, rng: np.random.Generator) -> Change | None:
    """The object gets the exact shade of another named colour."""
    index = _object(now, rng)
    if index is None:
        return None
    body = now.scene.bodies[index]
    colors = [name for name in palette.COLORS if name != body.color]
    color = _pick(rng, [name for name in colors if material_fits(body.material, body.shape, name)])
    return Change(
        "recolor",
        {"color": color},
        lambda scene: swap(scene, index, color=color, rgb=palette.COLORS[color]),
        (index,),
        index,
    )


def material(now: Situation, rng: np.random.Generator) -> Change | None:
    """The object keeps its shade and gets another material; a new pattern shows no turn that was unseen before."""
    index = _object(now, rng)
    if index is None:
        return None
    body = now.scene.bodies[index]
    others = [name for name in palette.MATERIALS if name != body.material]
    new = _pick(rng, [name for name in others if material_fits(name, body.shape, body.color)])
    values = {"material": new, **_turned(body)} if new in palette.PATTERNED else {"material": new}
    return Change("material", {"material": new}, lambda scene: swap(scene, index, **values), (index,), index)


def _turned(body: Body) -> dict:
    """First pose and track of a body without the turns that cannot be seen."""
    poses = np.array(body.track)
    turns = seen_turns(body.shape, body.material, Rotation.from_quat(poses[:, 3:], scalar_first=True).as_matrix())
    poses[:, 3:] = Rotation.from_matrix(turns).as_quat(scalar_first=True).round(5)
    track = tuple(tuple(float(value) for value in pose) for pose in poses)
    return {"quaternion": track[0][3:], "track": track}


def remove(now: Situation, rng: np.random.Generator) -> Change | None:
    """The object is gone, and its shadow and reflection with it."""
    index = _object(now, rng)
    if index is None:
        return None

    def apply(scene: Scene) -> Scene:
        return scene.model_copy(update={"bodies": scene.bodies[:index] + scene.bodies[index + 1 :]})

    return Change("remove", {}, apply, (index,), index)


def _tracks(scene: Scene) -> np.ndarray:
    return np.array([body.track for body in scene.bodies]).reshape(len(scene.bodies), scene.frames, 7)


def _clear(scene: Scene, places: np.ndarray, radius: float, ignore: int | None = None, gap: float = 1.0) -> bool:
    """Whether a ball of `radius` on `places` (frames, 3) keeps `gap` times the sum of radii from others."""
    for index, (body, track) in enumerate(zip(scene.bodies, _tracks(scene), strict=True)):
        if index == ignore:
            continue
        distance = np.linalg.norm(track[:, :3] - places, axis=1)
        if (distance < gap * (radius + body.radius)).any():
            return False
    return True


def _shows(scene: Scene, places: np.ndarray, radius: float, ignore: int | None = None) -> bool:
    """Whether a ball of `radius` on `places` is in the picture, neither hiding others much nor hidden."""
    tracks = _tracks(scene)
    for view, place, poses in zip(frame_cameras(scene), places, tracks.swapaxes(0, 1), strict=True):
        column, row, size = view.circle(place, radius)
        if not (size - 6 <= column <= view.width - size + 6 and size - 6 <= row <= view.height - size + 6):
            return False
        for index, (body, pose) in enumerate(zip(scene.bodies, poses, strict=True)):
            other_column, other_row, other_size = view.circle(pose[:3], body.radius)
            distance = np.hypot(column - other_column, row - other_row)
            if index != ignore and distance < 0.75 * (size + other_size):
                return False
    return True


def add(now: Situation, rng: np.random.Generator) -> Change | None:
    """A new object stands still at a named place: exact shade, standard size and pose, matte if unsaid."""
    scene = now.scene
    shape: Shape = _pick(rng, list(shapes.SHAPES))
    color = _pick(rng, list(palette.COLORS))
    size = "small" if rng.random() < 0.4 else "large"
    new = draw_material(rng, shape, color) if rng.random() < 0.5 else "matte"
    place = _pick(rng, list(palette.PLACES))
    if any((body.shape, body.color) == (shape, color) for body in scene.bodies):
        return None
    radius = palette.SIZES[size]
    column, row = palette.PLACES[place]
    spot = frame_cameras(scene)[0].floor_point(column * scene.width, row * scene.height)
    quaternion = shapes.standing(shape, 0.0)
    center = (float(spot[0]), float(spot[1]), shapes.reach_down(shape, radius, quaternion))
    places = np.tile(center, (scene.frames, 1))
    if not (_clear(scene, places, radius, gap=1.05) and _shows(scene, places, radius)):
        return None
    body = Body(
        shape=shape,
        color=color,
        rgb=palette.COLORS[color],
        material=new,
        size=size,
        radius=radius,
        position=center,
        quaternion=quaternion,
        track=((*center, *quaternion),) * scene.frames,
    )
    said = naming.describe(
        color=color,
        shape=naming.noun(shape, rng),
        size=size if size == "small" or rng.random() < 0.4 else "",
        material=new if new != "matte" or rng.random() < 0.1 else "",
    )
    return Change(
        "add",
        {"thing": naming.article(said), "place": place},
        lambda given: given.model_copy(update={"bodies": (*given.bodies, body)}),
    )


def _reshaped(body: Body, shape: Shape) -> dict:
    """Shape, first pose and track of another shape that stands where `body` is, as high above the floor."""
    quaternion = shapes.standing(shape, 0.0)
    stand = shapes.reach_down(shape, body.radius, quaternion)
    track = []
    for pose in body.track:
        clearance = pose[2] - shapes.reach_down(body.shape, body.radius, pose[3:])
        track.append((pose[0], pose[1], round(clearance + stand, 5), *quaternion))
    return {"shape": shape, "position": track[0][:3], "quaternion": quaternion, "track": tuple(track)}


def replace(now: Situation, rng: np.random.Generator) -> Change | None:
    """Another shape of the same colour, material and size goes the same way in its standard orientation."""
    index = _object(now, rng)
    if index is None:
        return None
    body = now.scene.bodies[index]
    shape = _pick(rng, [name for name in shapes.SHAPES if name != body.shape])
    values = _reshaped(body, shape)
    return Change(
        "replace",
        {"shape": naming.article(naming.noun(shape, rng))},
        lambda scene: swap(scene, index, **values),
        (index,),
        index,
    )


def resize(now: Situation, rng: np.random.Generator) -> Change | None:
    """The object grows or shrinks by the standard factor on the spot where it touches the floor."""
    index = _object(now, rng)
    if index is None:
        return None
    body = now.scene.bodies[index]
    grow = body.size == "small" or rng.random() < 0.15
    factor = palette.GROW if grow else palette.SHRINK
    track = []
    for pose in body.track:
        reach = shapes.reach_down(body.shape, body.radius, pose[3:])
        track.append((pose[0], pose[1], round(pose[2] + (factor - 1) * reach, 5), *pose[3:]))
    radius = round(body.radius * factor, 5)
    places = np.array(track)[:, :3]
    if grow and not (_clear(now.scene, places, radius, index, 0.95) and _shows(now.scene, places, radius, index)):
        return None
    size = "large" if grow else "small"
    values = {"radius": radius, "size": size, "position": track[0][:3], "track": tuple(track)}
    return Change("grow" if grow else "shrink", {}, lambda scene: swap(scene, index, **values), (index,), index)


def background(now: Situation, rng: np.random.Generator) -> Change | None:
    """The canonical floor, backdrop, or both."""
    scene, kind = now.scene, rng.choice(["floor", "backdrop", "setting"], p=[0.35, 0.35, 0.30])
    if kind == "floor":
        floor = _pick(rng, [name for name in palette.FLOORS if name != scene.floor.kind])
        update = {"floor": Floor(kind=floor)}
        slots = {"floor": naming.FLOOR_WORDS[floor]}
    elif kind == "backdrop":
        backdrop = _pick(rng, [name for name in palette.BACKDROPS if name != scene.backdrop.kind])
        update = {"backdrop": Backdrop(kind=backdrop)}
        slots = {"backdrop": naming.BACKDROP_WORDS[backdrop]}
    else:
        setting = _pick(rng, list(palette.SETTINGS))
        floor, backdrop = palette.SETTINGS[setting]
        if floor == scene.floor.kind or backdrop == scene.backdrop.kind:
            return None
        update = {"floor": Floor(kind=floor), "backdrop": Backdrop(kind=backdrop)}
        slots = {"setting": setting}
    return Change(str(kind), slots, lambda given: given.model_copy(update=update))


def light(now: Situation, rng: np.random.Generator) -> Change | None:
    """All light is multiplied by a canonical gain, or fog or a spotlight comes in."""
    names = [*(name for name in palette.LIGHT_GAINS if name != "day"), *EFFECT_LIGHTS]
    if isinstance(now.scene, Footage):
        names.remove("fog")  # needs a depth
    name = _pick(rng, names)

    def apply(scene: Scene) -> Scene:
        if name in EFFECT_LIGHTS:
            return scene.model_copy(update={"effects": (*scene.effects, name)})
        lit = scene.light.model_copy(update={"name": name, "gain": palette.LIGHT_GAINS[name]})
        return scene.model_copy(update={"light": lit})

    return Change("light", {"light": naming.LIGHT_WORDS[name], "relight": naming.LIGHT_ORDERS[name]}, apply)


def style(now: Situation, rng: np.random.Generator) -> Change | None:
    """The whole picture becomes a canonical function of itself."""
    name = _pick(rng, list(STYLES))
    return Change(
        "style",
        {"style": naming.STYLE_WORDS[name], "restyle": naming.STYLE_ORDERS[name]},
        lambda scene: scene.model_copy(update={"effects": (*scene.effects, name)}),
    )


_MARK_PLACES = ((0.2, 0.1), (0.8, 0.1), (0.2, 0.92), (0.8, 0.92), (0.5, 0.1), (0.5, 0.92), (0.5, 0.5))
_MARK_COLORS = ((1.0, 1.0, 1.0), (1.0, 1.0, 1.0), (0.05, 0.05, 0.05), (1.0, 0.9, 0.2))


def watermark(now: Situation, rng: np.random.Generator) -> Change | None:
    """The source carries a text or logo; the target is the clip without it."""
    kind = "text" if rng.random() < 0.6 else "logo"
    place = np.array(_pick(rng, list(_MARK_PLACES))) + rng.uniform(-0.06, 0.06, 2)
    mark = Watermark(
        kind=kind,
        text=_pick(rng, list(TEXTS if kind == "text" else LOGOS)),
        place=tuple(float(v) for v in np.round(place, 3)),
        color=_pick(rng, list(_MARK_COLORS)),
        opacity=round(float(rng.uniform(0.6, 0.95)), 2),
    )
    return Change(
        "watermark",
        {"mark": _pick(rng, ["watermark", kind])},
        lambda scene: scene.model_copy(update={"watermark": None}),
        alter_source=lambda scene: scene.model_copy(update={"watermark": mark}),
    )


def reference(now: Situation, rng: np.random.Generator) -> Change | None:
    """The object of the reference picture, with its exact shade, goes the way of the object it replaces."""
    index = _object(now, rng)
    if index is None:
        return None
    body = now.scene.bodies[index]
    shape = _pick(rng, list(shapes.SHAPES))
    color = _pick(rng, list(palette.COLORS))
    if (shape, color) == (body.shape, body.color):
        return None
    looks = {"color": color, "rgb": jitter(rng, color), "material": draw_material(rng, shape, color)}
    values = _reshaped(body, shape) | looks
    radius, quaternion = palette.SIZES["large"], shapes.standing(shape, 0.0)
    pictured = Body(
        shape=shape,
        **looks,
        radius=radius,
        position=(0.0, 0.0, shapes.reach_down(shape, radius, quaternion)),
        quaternion=quaternion,
    )
    return Change(
        "reference", {}, lambda scene: swap(scene, index, **values), (index,), index, reference_object=pictured
    )


def absent(now: Situation, rng: np.random.Generator) -> Change | None:
    """The instruction names an object that is not in the clip: nothing changes."""
    bodies = now.scene.bodies
    seen = {(body.shape, body.color) for body in bodies}
    near = {(a.shape, b.color) for a in bodies for b in bodies} - seen  # both words occur, but not together
    if near and rng.random() < 0.4:
        shape, color = _pick(rng, sorted(near))
    else:
        every = [(s, c) for s in shapes.SHAPES for c in palette.COLORS]
        shape, color = _pick(rng, [look for look in every if look not in seen])
    size = ("small", "large")[int(rng.integers(2))] if rng.random() < 0.15 else ""
    words = naming.describe(color=color, shape=naming.noun(shape, rng), size=size)
    topic = _pick(rng, ["recolor", "material", "remove", "replace", "grow", "shrink"])
    slots = {
        "object": f"the {words}",
        "color": _pick(rng, [name for name in palette.COLORS if name != color]),
        "material": _pick(rng, [name for name in palette.MATERIALS if name != "matte"]),
        "shape": naming.article(naming.noun(_pick(rng, [s for s in shapes.SHAPES if s != shape]), rng)),
    }
    return Change(str(topic), slots, lambda scene: scene)


PROPOSALS: dict[str, Callable[[Situation, np.random.Generator], Change | None]] = {
    "recolor": recolor,
    "material": material,
    "remove": remove,
    "add": add,
    "replace": replace,
    "resize": resize,
    "background": background,
    "light": light,
    "style": style,
    "watermark": watermark,
    "reference": reference,
    "absent": absent,
}

_LOCAL = ("recolor", "material", "replace", "resize", "add", "remove")
_GLOBAL = ("background", "light", "style")


def hybrid(now: Situation, rng: np.random.Generator) -> list[Change] | None:
    """Two or three changes at once, each of another family and object, at least one of an object."""
    count = 2 if rng.random() < 0.7 else 3
    families = [str(name) for name in rng.permutation(_LOCAL)[: count - 1]]
    families.append(str(rng.choice(_GLOBAL if rng.random() < 0.5 else [n for n in _LOCAL if n not in families])))
    free, changes = list(now.editable), []
    for family in families:
        change = PROPOSALS[family](Situation(now.scene, now.visible, tuple(free)), rng)
        if change is None:
            return None
        free = [index for index in free if index not in change.concerned]
        changes.append(change)
    return changes


def apply_all(changes: list[Change], scene: AnyScene) -> AnyScene:
    """Applies changes of different objects; removals come last, so that indices keep their meaning."""
    for change in sorted(changes, key=lambda change: change.topic == "remove"):
        scene = change.apply(scene)
    return scene
