"""Pictures from which perception learns, with what is seen where: rendered once, in shards, and read without decoding.

They show clips as they come to an editor and as they leave it: every look, light, effect and watermark, canonical
floors and backdrops, grown and shrunken objects, objects that come in, hit and hide each other, more of them than the
studio puts into a scene, empty rooms, and footage, in which there is nothing to find.
"""

import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple, get_args

import numpy as np
from PIL import Image

from vireo.types import OnCount
from vireo.world import film, palette, shapes
from vireo.world.appearance import pick
from vireo.world.camera import frame_cameras
from vireo.world.families.objects import track_of
from vireo.world.footage import sample_footage
from vireo.world.happenings import sample_happening
from vireo.world.render import render
from vireo.world.sampling import sample_scene
from vireo.world.scene import (
    STANDARD_SIZE,
    AnyScene,
    Backdrop,
    BackdropKind,
    Body,
    Color,
    EffectName,
    Floor,
    FloorKind,
    Footage,
    LightName,
    Material,
    Scene,
    Shape,
    Size,
    Watermark,
    to_quaternion,
)

FRAME_SIZE = 2 * STANDARD_SIZE
"""Height and width of the pictures in pixels."""

OBJECT_LABELS = {"category": Shape, "color": Color, "material": Material, "size": Size}
SCENE_LABELS = {"floor": FloorKind, "backdrop": BackdropKind, "light": LightName, "effects": EffectName}

MOST_OBJECTS = 8
_SHARD = 50
"""Scenes of a shard."""

_PICTURES = 3
"""Frames of a clip that become pictures; in a slow clip neighbours say the same."""

_HAPPENINGS = 0.45
"""Share of the scenes in which something happens; in the others all objects stay apart and in view."""

_WIDTHS = {STANDARD_SIZE: 0.6, STANDARD_SIZE * 4 // 3: 0.2, int(STANDARD_SIZE * 1.78): 0.2}
"""Widths of the scenes, of which a square part is seen: objects lie across its border, as they do when they come in."""

_MARK_COLORS = ((1.0, 1.0, 1.0), (0.05, 0.05, 0.05), (1.0, 0.9, 0.2), (0.9, 0.1, 0.1))


class LabelledFrames(NamedTuple):
    """N pictures.

    frames: uint8 (N, H, W, 3). instances: uint8 (N, H, W), 1 + index of the object seen at a pixel, 0 where none is.
    objects: float32 (N, MOST_OBJECTS, 7): numbers in `OBJECT_LABELS` (category, color, material, size), column and row
        of the body's centre in pixels, and its distance from the camera in metres; NaN where there is no object.
    scenes: float32 (N, 9): numbers in `SCENE_LABELS` (of the effects 0 for none, else 1 + number); of a watermark its
        kind (0 none, 1 text, 2 logo) and its box (left, top, right, bottom) in pixels. NaN of what footage lacks.
    """

    frames: np.ndarray
    instances: np.ndarray
    objects: np.ndarray
    scenes: np.ndarray


class FrameShards:
    """Labelled pictures on disk, a folder of arrays for every so many scenes, which are read as they are needed."""

    def __init__(self, folders: Sequence[Path]) -> None:
        names = LabelledFrames._fields
        arrays = [[np.load(folder / f"{name}.npy", mmap_mode="r") for name in names] for folder in folders]
        self.shards = [LabelledFrames(*shard) for shard in arrays]
        self.begins = np.cumsum([0, *(len(shard.frames) for shard in self.shards)])

    def __len__(self) -> int:
        return int(self.begins[-1])

    def take(self, rows: np.ndarray) -> LabelledFrames:
        """The pictures with these numbers, in this order."""
        shards = np.searchsorted(self.begins, rows, side="right") - 1
        found = [
            [array[row - self.begins[shard]] for array in self.shards[shard]]
            for shard, row in zip(shards, rows, strict=True)
        ]
        return LabelledFrames(*(np.stack(part) for part in zip(*found, strict=True)))


def cache_labelled_frames(seed: int, scenes: int, folder: Path, on_progress: OnCount) -> FrameShards:
    """The pictures of so many scenes, seeds from `seed` on, three of each. A broken run goes on from its last shard."""
    folder.mkdir(parents=True, exist_ok=True)
    ranges = [range(begin, min(begin + _SHARD, seed + scenes)) for begin in range(seed, seed + scenes, _SHARD)]
    folders = [folder / f"{seeds.start:07d}-{len(seeds)}" for seeds in ranges]
    for number, (seeds, shard) in enumerate(zip(ranges, folders, strict=True)):
        on_progress(number, len(ranges))
        if not shard.exists():
            with tempfile.TemporaryDirectory(dir=folder) as temporary:
                fresh = Path(temporary) / shard.name
                fresh.mkdir()
                for name, array in label_scenes(seeds)._asdict().items():
                    np.save(fresh / f"{name}.npy", array)
                fresh.rename(shard)
    return FrameShards(folders)


def label_scenes(seeds: Iterable[int]) -> LabelledFrames:
    """The pictures of the scenes with these seeds."""
    made = [_label(draw_scene(seed), np.random.default_rng([seed, 4])) for seed in seeds]
    return LabelledFrames(*(np.concatenate(part) for part in zip(*made, strict=True)))


def draw_scene(seed: int) -> AnyScene:
    """A scene of `_PICTURES` frames. Everything about it follows from the seed."""
    rng = np.random.default_rng([seed, 3])
    if rng.random() < 0.07:
        scene: AnyScene = sample_footage(seed).model_copy(update={"frames": _PICTURES})
    else:
        width = int(rng.choice(list(_WIDTHS), p=list(_WIDTHS.values())))
        happens = rng.random() < _HAPPENINGS
        scene = _edited(_thinned((sample_happening if happens else sample_scene)(seed, width), rng), rng)
    changes: dict[str, object] = {}
    if rng.random() < 0.25:
        without = ("fog",) if isinstance(scene, Footage) else ()
        changes["effects"] = (pick(rng, get_args(EffectName), without),)
    if rng.random() < 0.12:
        changes["watermark"] = _draw_mark(rng)
    return scene.model_copy(update=changes)


def _thinned(scene: Scene, rng: np.random.Generator) -> Scene:
    """The same way of camera and bodies in `_PICTURES` frames, one of each part of the clip."""
    taken = [int(pick(rng, part.tolist())) for part in np.array_split(np.arange(scene.frames), _PICTURES)]
    bodies = []
    for body in scene.bodies:
        track = track_of(body)
        bodies.append(body.model_copy(update={"track": tuple(track[frame] for frame in taken)}))
    return scene.model_copy(update={"bodies": tuple(bodies), "frames": _PICTURES})


def _edited(scene: Scene, rng: np.random.Generator) -> Scene:
    """With more objects, none, or others, and in other surroundings, as edits leave a scene."""
    bodies = list(scene.bodies)
    if rng.random() < 0.3:
        guests = _thinned(sample_scene(int(rng.integers(800_000)), scene.width), rng).bodies
        bodies += [guest for guest in guests[: MOST_OBJECTS - len(bodies)] if all(_apart(guest, b) for b in bodies)]
    if rng.random() < 0.15:
        bodies = bodies[: int(rng.integers(2))]
    for index, body in enumerate(bodies):
        if rng.random() < 0.1:
            body = body.model_copy(update={"rgb": palette.COLORS[body.color]})
        if rng.random() < 0.1:
            body = _resized(body)
        bodies[index] = body
    changes: dict[str, object] = {"bodies": tuple(bodies)}
    if rng.random() < 0.2:
        changes["floor"] = Floor(kind=pick(rng, palette.FLOORS))
        changes["backdrop"] = Backdrop(kind=pick(rng, palette.BACKDROPS))
    if rng.random() < 0.2:
        name = pick(rng, palette.LIGHT_GAINS)
        changes["light"] = scene.light.model_copy(update={"name": name, "gain": palette.LIGHT_GAINS[name]})
    return scene.model_copy(update=changes)


def _apart(a: Body, b: Body) -> bool:
    gaps = np.linalg.norm(np.array(track_of(a))[:, :3] - np.array(track_of(b))[:, :3], axis=1)
    return bool((gaps > 0.95 * (a.radius + b.radius)).all())


def _resized(body: Body) -> Body:
    """Grown or shrunken on the spot, by the factors of edits."""
    factor, size = (palette.GROW, "large") if body.size == "small" else (palette.SHRINK, "small")
    track = []
    for x, y, z, *turn in track_of(body):
        quaternion = to_quaternion(turn)
        lift = (factor - 1) * shapes.reach_down(body.shape, body.radius, quaternion)
        track.append((x, y, z + lift, *quaternion))
    return body.model_copy(update={"radius": body.radius * factor, "size": size, "track": tuple(track)})


def _draw_mark(rng: np.random.Generator) -> Watermark:
    text = rng.random() < 0.7
    letters = "".join(rng.choice(list("ABCDEFGHIKLMNOPRSTUVWY "), int(rng.integers(3, 10)))).strip() or "A"
    words = letters if rng.random() < 0.5 else pick(rng, palette.WATERMARK_TEXTS)
    return Watermark(
        kind="text" if text else "logo",
        text=words if text else pick(rng, palette.LOGOS),
        place=(float(rng.uniform(0.1, 0.9)), float(pick(rng, (0.1, 0.5, 0.92)) + rng.uniform(-0.06, 0.06))),
        color=pick(rng, _MARK_COLORS),
        opacity=float(rng.uniform(0.6, 0.95)),
    )


def _label(scene: AnyScene, rng: np.random.Generator) -> LabelledFrames:
    """Films a scene, at the standard size enlarged afterwards, or at once with more pixels, and cuts squares out."""
    scale = FRAME_SIZE // scene.height
    standard = rng.random() < 0.45
    if not standard:
        look = scene.look.model_copy(update={"blur": scene.look.blur * rng.uniform(1, scale)})
        size = {"width": scene.width * scale, "height": scene.height * scale, "look": look}
        scene = scene.model_copy(update=size)
    made = render(scene)
    frames, instances = made.frames, made.instances
    assert instances is not None, "rendered without truth"
    marked = _mark_of(scene)
    if standard:
        size = (scene.width * scale, scene.height * scale)
        frames = np.stack([np.asarray(Image.fromarray(f).resize(size, Image.Resampling.BILINEAR)) for f in frames])
        instances, marked = instances.repeat(scale, 1).repeat(scale, 2), marked * [1, *[scale] * 4]
    objects, rows = _objects(scene, FRAME_SIZE / scene.height), []
    lefts = rng.integers(0, frames.shape[2] - FRAME_SIZE + 1, len(frames))
    for left in lefts:
        row = np.append(_surroundings(scene), marked)
        row[[5, 7]] = np.clip(row[[5, 7]] - left, 0, FRAME_SIZE)
        row[4] *= row[5] < row[7]  # a mark that the part does not show
        rows.append(row)
    objects[:, :, 4] -= lefts[:, None]
    cut = [slice(left, left + FRAME_SIZE) for left in lefts]
    return LabelledFrames(
        np.stack([frame[:, part] for frame, part in zip(frames, cut, strict=True)]),
        np.stack([mask[:, part] for mask, part in zip(instances, cut, strict=True)]),
        objects.astype(np.float32),
        np.stack(rows).astype(np.float32),
    )


def _objects(scene: AnyScene, scale: float) -> np.ndarray:
    """`LabelledFrames.objects` of a scene, pixels times `scale`."""
    found = np.full((scene.frames, MOST_OBJECTS, 7), np.nan)
    for index, body in enumerate(scene.bodies):
        assert isinstance(scene, Scene), "footage has no bodies"
        values = (body.shape, body.color, body.material, body.size)
        numbers = [get_args(kind).index(v) for kind, v in zip(OBJECT_LABELS.values(), values, strict=True)]
        for frame, camera in enumerate(frame_cameras(scene)):
            column, row, depth = camera.project(track_of(body)[frame][:3])
            found[frame, index] = [*numbers, column * scale, row * scale, depth]
    return found


def _surroundings(scene: AnyScene) -> list[float]:
    """Numbers of floor, backdrop, light and effect."""
    effects, lights = get_args(EffectName), get_args(LightName)
    effect = 1 + effects.index(scene.effects[0]) if scene.effects else 0
    if not isinstance(scene, Scene):
        return [np.nan, np.nan, np.nan, effect]
    floor, backdrop = get_args(FloorKind).index(scene.floor.kind), get_args(BackdropKind).index(scene.backdrop.kind)
    return [floor, backdrop, lights.index(scene.light.name), effect]


def _mark_of(scene: AnyScene) -> np.ndarray:
    """Kind and box of the watermark in pixels of the scene; zeros without one."""
    if scene.watermark is None:
        return np.zeros(5)
    white = scene.watermark.model_copy(update={"color": (1.0, 1.0, 1.0)})
    drawn = film.draw_watermark(np.zeros((1, scene.height, scene.width, 3), np.uint8), white)[0, ..., 0] > 0
    rows, columns = np.flatnonzero(drawn.any(1)), np.flatnonzero(drawn.any(0))
    kind = 1 if scene.watermark.kind == "text" else 2
    return np.array([kind, columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], dtype=float)
