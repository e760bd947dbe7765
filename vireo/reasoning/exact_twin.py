"""The digital twin of a clip of the studio, from its truth: what perception is trained towards and measured against."""

import math

import numpy as np

from vireo.reasoning.events import complete
from vireo.reasoning.masks import LEAST_AREA, track_of
from vireo.reasoning.silhouette import silhouette_area
from vireo.reasoning.twin import Attribute, Camera, DigitalTwin, SeenText, TwinObject
from vireo.world.camera import FrameCamera, frame_cameras
from vireo.world.film import draw_watermark
from vireo.world.mujoco_model import build
from vireo.world.physics import record, simulate
from vireo.world.render import Render
from vireo.world.scene import AnyScene, Scene
from vireo.world.visibility import camera_distances

_GROUND = 0.2
"""Height in metres at which objects of the studio have their centres: there the ground's motion is taken."""

_COLUMNS, _ROWS = (0.1, 0.3, 0.5, 0.7, 0.9), (0.42, 0.53, 0.64, 0.75, 0.86)
"""Where in the first frame that motion is looked at: in which the studio's objects stand."""


def exact_twin(scene: AnyScene, shot: Render, least_area: float = LEAST_AREA) -> DigitalTwin:
    """The complete twin of a scene, its objects and what happens being certain.

    shot: the render of `scene` with its truth, at any size. least_area: see `vireo.reasoning.masks.track_of`. Objects
    are as `scene_objects` names them; depths are metres. Of footage, light, effects and writing alone are known.
    """
    assert shot.instances is not None, "rendered without truth"
    scene = _recorded(scene)
    count, height, width = shot.instances.shape
    twin = DigitalTwin(
        maker="studio",
        width=width,
        height=height,
        times=tuple(frame / scene.fps for frame in range(count)),
        camera=_camera(scene),
        scene=_setting(scene),
        objects=_objects(scene, shot.instances, least_area),
        texts=_writing(scene),
    )
    return complete(twin)


def scene_objects(instances: np.ndarray, least_area: float = LEAST_AREA) -> dict[str, int]:
    """Which body each id of an exact twin is, as its index in `scene.bodies`. instances: uint8 (T, H, W), see
    `vireo.world.render.Render`. Ids count by first appearance, then from left to right; bodies that are never seen
    have none."""
    least = max(1, least_area * instances.shape[1] * instances.shape[2])
    order = []
    for code in np.unique(instances[instances > 0]).tolist():
        areas = (instances == code).sum((1, 2))
        if (areas >= least).any():
            first = int(np.argmax(areas >= least))
            order.append((first, float(np.nonzero(instances[first] == code)[1].mean()), code - 1))
    return {f"o{number}": index for number, (_, _, index) in enumerate(sorted(order), 1)}


def _certain(value: str) -> Attribute:
    return Attribute(value=value, confidence=1.0)


def _recorded(scene: AnyScene) -> AnyScene:
    if isinstance(scene, Scene) and any(body.track is None for body in scene.bodies):
        return record(scene, simulate(scene, build(scene)))
    return scene


def _objects(scene: AnyScene, instances: np.ndarray, least_area: float) -> tuple[TwinObject, ...]:
    if not isinstance(scene, Scene):
        return ()
    distances = np.array([camera_distances(scene, frame) for frame in range(scene.frames)])
    found = []
    for name, index in scene_objects(instances, least_area).items():
        body, masks = scene.bodies[index], instances == index + 1
        shares = _shares(scene, index, masks, (instances > 0) & ~masks)
        track = track_of(masks, distances[:, index].tolist(), shares, least_area)
        attributes = {"color": body.color, "material": body.material, "size": body.size}
        named = {key: _certain(value) for key, value in attributes.items()}
        found.append(TwinObject(id=name, category=_certain(body.shape), attributes=named, track=track))
    return tuple(found)


def _shares(scene: Scene, index: int, masks: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Share of a body that is seen (T,). It is all of it in frames in which its mask meets neither another's nor a
    border: there the renderer's pixels and the projected shape would differ by their rounding alone."""
    body, cameras = scene.bodies[index], frame_cameras(scene)
    assert body.track is not None, "tracks have been recorded"
    shares = np.ones(len(masks))
    for frame, (mask, other) in enumerate(zip(masks, others, strict=True)):
        border = mask[[0, -1]].any() or mask[:, [0, -1]].any()
        meets = (mask[1:] & other[:-1]).any() or (mask[:-1] & other[1:]).any()
        meets = meets or (mask[:, 1:] & other[:, :-1]).any() or (mask[:, :-1] & other[:, 1:]).any()
        if border or meets:
            whole = silhouette_area(cameras[frame], body.shape, body.radius, body.track[frame])
            shares[frame] = min(1.0, mask.sum() / whole)
    return shares


def _camera(scene: AnyScene) -> Camera:
    if not isinstance(scene, Scene):
        unknown = Attribute(value=None, confidence=0.0)
        return Camera(motion=unknown, shifts=((0.0, 0.0),) * scene.frames)
    cameras = frame_cameras(scene)
    fits = [_ground_motion(cameras[0], camera) for camera in cameras]
    return Camera(
        motion=_certain(scene.camera.kind),
        shifts=tuple((float(right), float(down)) for right, down in (fit[0] for fit in fits)),
        gradients=tuple((*map(float, fit[1:].T.ravel()),) for fit in fits),  # pyright: ignore[reportArgumentType]
        focal=0.5 / math.tan(math.radians(scene.camera.fov) / 2),
    )


def _ground_motion(first: FrameCamera, now: FrameCamera) -> np.ndarray:
    """The affine motion (3, 2) of the ground since the first frame: of the middle, for a pixel further right, for one
    further down. Least squares over points at rest."""
    before, after = [], []
    for row in _ROWS:
        for column in _COLUMNS:
            floor = first.floor_point(column * first.width, row * first.height)
            toward = first.eye - floor
            point = floor + toward * (_GROUND / toward[2])  # the same pixel in the first frame, above the floor
            before.append((1.0, *(np.array(first.project(point)[:2]) - (first.width / 2, first.height / 2))))
            after.append(np.array(now.project(point)[:2]) - first.project(point)[:2])
    return np.round(np.linalg.lstsq(np.array(before), np.array(after), rcond=None)[0], 6)


def _setting(scene: AnyScene) -> dict[str, Attribute]:
    found = {"light": scene.light.name, "effects": ", ".join(scene.effects) or "none"}
    found["watermark"] = "none" if scene.watermark is None else scene.watermark.kind
    if isinstance(scene, Scene):
        found |= {"floor": scene.floor.kind, "backdrop": scene.backdrop.kind}
    return {key: _certain(value) for key, value in found.items()}


def _writing(scene: AnyScene) -> tuple[SeenText, ...]:
    """What a text watermark says; a logo is no writing."""
    mark = scene.watermark
    if mark is None or mark.kind != "text":
        return ()
    opaque = mark.model_copy(update={"color": (1.0, 1.0, 1.0), "opacity": 1.0})
    drawn = draw_watermark(np.zeros((1, scene.height, scene.width, 3), np.uint8), opaque)[0].any(-1)
    rows, columns = np.nonzero(drawn)
    box = (float(columns.min()), float(rows.min()), float(columns.max() + 1), float(rows.max() + 1))
    return (SeenText(text=mark.text, box=box, span=(0, scene.frames), confidence=1.0),)
