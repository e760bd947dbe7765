"""Draws scenes from seeds: objects that stay in view, move by physics and are distinguishable."""

import math
from dataclasses import dataclass

import numpy as np

from vireo.errors import InputError
from vireo.world import palette, shapes
from vireo.world.appearance import draw_material, jitter, pick, weighted
from vireo.world.camera import frame_cameras
from vireo.world.mujoco_model import build
from vireo.world.physics import record, simulate
from vireo.world.scene import (
    STANDARD_FRAMES,
    STANDARD_SIZE,
    Backdrop,
    Body,
    Camera,
    CameraKind,
    Color,
    Floor,
    Lamp,
    Light,
    Look,
    Material,
    Motion,
    Quaternion,
    Scene,
    Shape,
    Size,
    to_quaternion,
    to_vector,
)

_ATTEMPTS = 60
_EDGE = 3.0  # pixels an object may hang over the border, measured by its reference circle
_OVERLAP = 0.82  # least distance of two objects in the picture, in sums of their radii
_GAP = 1.12  # least distance on the floor at the start, in sums of their radii

_MOTIONS: dict[Motion, float] = {
    "rest": 0.40,
    "rolling": 0.20,
    "sliding": 0.12,
    "falling": 0.11,
    "thrown": 0.07,
    "spinning": 0.10,
}
_SIZES: dict[Size, float] = {"small": 0.4, "large": 0.6}
_CAMERAS: dict[CameraKind, float] = {"static": 0.58, "pan": 0.13, "orbit": 0.16, "shake": 0.13}


def scene_generator(seed: int, stream: int) -> np.random.Generator:
    """The generator of a scene of one kind. Raises InputError for a negative seed."""
    if seed < 0:
        raise InputError(f"the scene seed {seed} is negative", "use a seed of 0 or more")
    return np.random.default_rng([seed, stream])


def draw_setting(rng: np.random.Generator, seed: int, width: int, frames: int) -> Scene:
    """A scene without objects: camera, light, floor, backdrop and film look."""
    return Scene(
        seed=seed,
        width=width,
        frames=frames,
        bodies=(),
        camera=draw_camera(rng),
        light=draw_light(rng),
        floor=Floor(kind=pick(rng, palette.FLOORS), seed=int(rng.integers(1 << 30))),
        backdrop=Backdrop(kind=pick(rng, palette.BACKDROPS), seed=int(rng.integers(1 << 30))),
        look=draw_look(rng),
    )


def sample_scene(seed: int, width: int = STANDARD_SIZE) -> Scene:
    """The scene of a seed (0 or more): 2 to 4 objects, floor, backdrop, light, camera and film look.

    Its motion is simulated and recorded as tracks. Objects stay in the picture and mostly unoccluded. width: of the
    picture in pixels, beside the standard height; the wider, the more room beside the objects.
    """
    rng = scene_generator(seed, 1)
    setting = draw_setting(rng, seed, width, STANDARD_FRAMES)
    count = int(rng.choice([2, 3, 4], p=[0.25, 0.45, 0.30]))
    while True:
        for _ in range(_ATTEMPTS):
            bodies = _bodies(rng, setting, count)
            if bodies is None:
                continue
            scene = setting.model_copy(update={"bodies": bodies})
            poses = simulate(scene, build(scene))
            if _in_view(scene, poses):
                return record(scene, poses)
        count = max(2, count - 1)  # a crowded view: fewer objects fit surely


def draw_camera(rng: np.random.Generator) -> Camera:
    kind = weighted(rng, _CAMERAS)
    sign = float(rng.choice([-1, 1]))
    amplitude = {
        "static": 0.0,
        "pan": sign * rng.uniform(1.0, 2.6),
        "orbit": sign * rng.uniform(3, 9),
        "shake": rng.uniform(0.10, 0.25),
    }[kind]
    return Camera(
        kind=kind,
        elevation=round(float(rng.uniform(18, 25)), 2),
        amplitude=round(float(amplitude), 2),
        seed=int(rng.integers(1 << 30)),
    )


def draw_light(rng: np.random.Generator) -> Light:
    """A key lamp that casts shadows, up to two fills, and ambient light; together near full exposure."""
    ambient = float(rng.uniform(0.28, 0.42))
    count = int(rng.integers(1, 4))
    shares = np.array([1.0, 0.3, 0.2][:count]) * rng.uniform(0.7, 1.0, count)
    lamps = []
    total = rng.uniform(0.58, 0.74)
    for index in range(count):
        height = math.radians(rng.uniform(38, 68))
        side = math.radians(rng.uniform(-80, 80))  # from the camera's half of the room, so that faces are lit
        direction = np.array([math.cos(height) * math.sin(side), math.cos(height) * math.cos(side), -math.sin(height)])
        strength = total * shares[index] / shares.sum() / math.sin(height)
        tint = rng.uniform(0.90, 1.06, 3)
        lamps.append(
            Lamp(
                direction=to_vector(np.round(direction, 4)),
                color=to_vector(np.round(strength * tint, 4)),
                shadow=index == 0,
            )
        )
    tint = rng.uniform(0.94, 1.04, 3)
    return Light(lamps=tuple(lamps), ambient=to_vector(np.round(ambient * tint, 4)))


def draw_look(rng: np.random.Generator) -> Look:
    """Exposure, blur, grain and compression of a clip."""
    draws = rng.random(3)
    return Look(
        exposure=round(float(rng.uniform(0.86, 1.12)), 3) if draws[0] < 0.4 else 1.0,
        blur=round(float(rng.uniform(0.5, 0.8)), 3),
        grain=round(float(rng.uniform(0.6, 2.0)), 2) if draws[1] < 0.33 else 0.0,
        grain_seed=int(rng.integers(1 << 30)),
        quality=int(rng.integers(86, 97)) if draws[2] < 0.2 else None,
    )


@dataclass(frozen=True)
class Traits:
    """What an object is before it has a place."""

    shape: Shape
    color: Color
    material: Material
    size: Size


def draw_traits(rng: np.random.Generator, count: int) -> list[Traits]:
    """Those of each object; one scene in six holds two objects of one colour and shape."""
    found: list[Traits] = []
    while len(found) < count:
        shape, color = pick(rng, shapes.SHAPES), pick(rng, palette.COLORS)
        drawn = Traits(shape, color, draw_material(rng, shape, color), weighted(rng, _SIZES))
        if all((drawn.shape, drawn.color) != (old.shape, old.color) for old in found):
            found.append(drawn)
    if rng.random() < 1 / 6:
        first, second = rng.permutation(count)[:2]
        shape, color = found[first].shape, found[first].color
        found[second] = Traits(shape, color, draw_material(rng, shape, color), found[second].size)
    return found


def _bodies(rng: np.random.Generator, setting: Scene, count: int) -> tuple[Body, ...] | None:
    """Objects with their first states, or None where no free places were found."""
    first = frame_cameras(setting)[0]
    bodies: list[Body] = []
    for traits in draw_traits(rng, count):
        radius = round(palette.SIZES[traits.size] * rng.uniform(0.93, 1.07), 4)
        motion = weighted(rng, _MOTIONS)
        for _ in range(12):
            column, row = rng.uniform(0.16, 0.84) * setting.width, rng.uniform(0.42, 0.86) * setting.height
            spot = first.floor_point(column, row)
            if all(np.hypot(*(spot[:2] - body.position[:2])) > _GAP * (radius + body.radius) for body in bodies):
                break
        else:
            return None
        bodies.append(draw_start(rng, traits, radius, motion, spot, bodies))
    return tuple(bodies)


def draw_start(
    rng: np.random.Generator, traits: Traits, radius: float, motion: Motion, spot: np.ndarray, others: list[Body]
) -> Body:
    shape = traits.shape
    yaw = float(rng.uniform(-30, 30)) if motion == "rest" else float(rng.uniform(0, 360))
    quaternion = shapes.standing(shape, yaw)
    heading = rng.uniform(0, 2 * math.pi)
    if others and rng.random() < 0.3:  # towards another object, to collide
        aim = np.array(others[int(rng.integers(len(others)))].position[:2]) - spot[:2]
        heading = math.atan2(aim[1], aim[0])
    along = np.array([math.cos(heading), math.sin(heading), 0.0])
    height, velocity, spin = 0.0, np.zeros(3), np.zeros(3)
    if motion == "rolling":
        speed = rng.uniform(0.35, 0.9)
        velocity, spin = along * speed, np.array([-along[1], along[0], 0.0]) * speed / radius
        if shape not in ("ball", "cube"):  # lying or, if a ring, on edge: with the axis across the way
            turn, quarter = (math.cos(heading / 2), 0, 0, math.sin(heading / 2)), math.sqrt(0.5)
            quaternion = shapes.multiply(turn, (quarter, quarter, 0, 0))
    elif motion == "sliding":
        velocity = along * rng.uniform(0.8, 1.6)
    elif motion == "falling":
        height = rng.uniform(0.2, 0.6)
        if rng.random() < 0.5:
            quaternion = _any_orientation(rng)
    elif motion == "thrown":
        height = rng.uniform(0.1, 0.3)
        velocity = along * rng.uniform(0.3, 0.8) + [0, 0, rng.uniform(1.0, 2.0)]
        spin = rng.normal(0, 3, 3)
        quaternion = _any_orientation(rng)
    elif motion == "spinning":
        spin = np.array([0, 0, rng.choice([-1, 1]) * rng.uniform(2, 6)])
    down = shapes.reach_down(shape, radius, quaternion)
    return Body(
        shape=shape,
        color=traits.color,
        rgb=jitter(rng, traits.color),
        material=traits.material,
        size=traits.size,
        radius=radius,
        motion=motion,
        position=(round(float(spot[0]), 4), round(float(spot[1]), 4), round(float(height + down), 5)),
        quaternion=to_quaternion(quaternion),
        velocity=to_vector(np.round(velocity, 4)),
        spin=to_vector(np.round(spin, 4)),
    )


def _any_orientation(rng: np.random.Generator) -> Quaternion:
    quaternion = rng.normal(size=4)
    return to_quaternion(quaternion / np.linalg.norm(quaternion))


def _in_view(scene: Scene, poses: np.ndarray) -> bool:
    """Whether all objects are inside the picture and side by side in it at every frame."""
    for view, pose in zip(frame_cameras(scene), poses, strict=True):
        circles = []
        for body, place in zip(scene.bodies, pose[:, :3], strict=True):
            column, row, size = view.circle(place, body.radius)
            inside_x = size - _EDGE <= column <= view.width - size + _EDGE
            inside_y = size - _EDGE <= row <= view.height - size + _EDGE
            if not (inside_x and inside_y) or place[1] > 1.9 - body.radius:
                return False
            for other_column, other_row, other_size in circles:
                if math.hypot(column - other_column, row - other_row) < _OVERLAP * (size + other_size):
                    return False
            circles.append((column, row, size))
    return True
