"""What proposals about single objects share: drawing one, changing it, and finding room in scene and picture."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import numpy as np

from vireo.world import shapes
from vireo.world.appearance import pick
from vireo.world.camera import frame_cameras
from vireo.world.families.record import Change, Propose, Situation
from vireo.world.scene import AnyScene, Body, Pose, Scene, Shape, to_quaternion

_S = TypeVar("_S", bound=AnyScene)


def about_an_object(propose: Callable[[Situation, int, np.random.Generator], Change | None]) -> Propose:
    """A family's proposal from one about an object given by its index: draws it among those that may be edited."""

    def drawn(now: Situation, rng: np.random.Generator) -> Change | None:
        return propose(now, pick(rng, now.editable), rng) if now.editable else None

    return drawn


def with_body(scene: _S, index: int, **values: Any) -> _S:
    """The scene with some values of one body changed."""
    bodies = list(scene.bodies)
    bodies[index] = bodies[index].model_copy(update=values)
    return scene.model_copy(update={"bodies": tuple(bodies)})


def change_body(topic: str, slots: Mapping[str, str], index: int, **values: Any) -> Change:
    """The change that gives one body these values."""
    return Change(topic, slots, lambda scene: with_body(scene, index, **values), (index,))


def track_of(body: Body) -> tuple[Pose, ...]:
    """The recorded pose of a body at every frame."""
    assert body.track is not None, "the body has no recorded track"
    return body.track


def following(leader: Body, shape: Shape, radius: float) -> dict[str, Any]:
    """The pose and track of a body of this shape and size that goes the way of `leader` in its standard orientation,
    as high above the floor."""
    quaternion = shapes.standing(shape, 0.0)
    stand = shapes.reach_down(shape, radius, quaternion)
    track: list[Pose] = []
    for x, y, z, *turn in track_of(leader):
        clearance = z - shapes.reach_down(leader.shape, leader.radius, to_quaternion(turn))
        track.append((x, y, round(clearance + stand, 5), *quaternion))
    return {"position": track[0][:3], "quaternion": quaternion, "track": tuple(track)}


def has_room(scene: Scene, places: np.ndarray, radius: float, gap: float, ignore: int | None = None) -> bool:
    """Whether a ball of `radius` on `places` (frames, 3) is in the picture, neither hiding others much nor hidden, and
    keeps `gap` times the sum of radii from all bodies but the one to ignore."""
    others = [(body, track_of(body)) for index, body in enumerate(scene.bodies) if index != ignore]
    for body, track in others:
        distance = np.linalg.norm(np.array(track)[:, :3] - places, axis=1)
        if (distance < gap * (radius + body.radius)).any():
            return False
    for frame, (camera, place) in enumerate(zip(frame_cameras(scene), places, strict=True)):
        column, row, size = camera.circle(place, radius)
        if not (size - 6 <= column <= camera.width - size + 6 and size - 6 <= row <= camera.height - size + 6):
            return False
        for body, track in others:
            other_column, other_row, other_size = camera.circle(track[frame][:3], body.radius)
            if np.hypot(column - other_column, row - other_row) < 0.75 * (size + other_size):
                return False
    return True
