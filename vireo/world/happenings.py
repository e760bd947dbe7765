"""Scenes in which things happen: objects come in, leave, hit each other, roll to a stop, pass behind others.

`vireo.world.sampling` keeps all objects in view and apart, so that any edit of them has an exact result that shows;
here they meet, come and go, as queries about events need.
"""

import math
from dataclasses import replace
from typing import Literal, get_args

import numpy as np

from vireo.world import palette, shapes
from vireo.world.appearance import jitter, pick, weighted
from vireo.world.camera import FrameCamera, frame_cameras
from vireo.world.mujoco_model import build
from vireo.world.physics import record, simulate
from vireo.world.sampling import Traits, draw_setting, draw_traits, scene_generator
from vireo.world.scene import (
    STANDARD_SIZE,
    Body,
    Pose,
    Scene,
    Shape,
    to_quaternion,
    to_track,
    to_vector,
)

Act = Literal["rest", "hit", "enter", "leave", "halt", "pass"]
"""What an object does: lies there, rolls into another, comes in, goes out, rolls to a stop, crosses the picture."""

FRAMES = 17
"""Two seconds, in which something can be over and something else begin."""

_ACTS: dict[Act, float] = {"rest": 0.34, "hit": 0.18, "enter": 0.14, "leave": 0.12, "halt": 0.14, "pass": 0.08}
_ROLLING: tuple[Shape, ...] = ("ball", "cylinder", "capsule", "ring", "egg")
_ATTEMPTS = 80
_GAP = 1.15
"""Least distance of two objects on the floor at the start, in sums of their radii."""

_OUTSIDE = 0.2
"""How far beyond the border something starts that comes in, as a share of the picture's width."""

_HIDDEN = 0.55
"""Nearest that two objects may come in the picture, in sums of their radii: something of each stays to be seen."""


def sample_happening(seed: int, width: int = STANDARD_SIZE) -> Scene:
    """The scene of a seed (0 or more): 3 to 5 objects, of which two or more move, over `FRAMES` frames.

    Its motion is simulated and recorded as tracks. width: see `vireo.world.sampling.sample_scene`.
    """
    rng = scene_generator(seed, 3)
    setting = draw_setting(rng, seed, width, FRAMES)
    count = int(rng.choice([3, 4, 5], p=[0.35, 0.45, 0.20]))
    while True:
        for _ in range(_ATTEMPTS):
            acts: list[Act] = [weighted(rng, _ACTS) for _ in range(count)]
            if sum(act != "rest" for act in acts) < 2:
                continue
            bodies = _bodies(rng, setting, acts)
            if bodies is None:
                continue
            scene = setting.model_copy(update={"bodies": bodies})
            poses = simulate(scene, build(scene))
            if _as_meant(scene, acts, poses):
                return record(scene, poses)
        count = max(2, count - 1)  # fewer objects fit surely


def _bodies(rng: np.random.Generator, setting: Scene, acts: list[Act]) -> tuple[Body, ...] | None:
    """Objects with their first states, those at rest first; None where no free places were found."""
    view, bodies = frame_cameras(setting)[0], []
    order = sorted(range(len(acts)), key=lambda index: acts[index] != "rest")
    traits = draw_traits(rng, len(acts))
    for index in order:
        act, trait = acts[index], traits[index]
        if act not in ("rest", "halt") and trait.shape not in _ROLLING:
            trait = replace(trait, shape=pick(rng, ("ball", "cylinder", "capsule")))
        radius = round(palette.SIZES[trait.size] * rng.uniform(0.93, 1.07), 4)
        for _ in range(14):
            spot = _spot(rng, view, act)
            if all(np.hypot(*(spot[:2] - body.position[:2])) > _GAP * (radius + body.radius) for body in bodies):
                break
        else:
            return None
        bodies.append(_started(rng, trait, radius, act, spot, _aim(rng, view, act, spot, bodies), setting))
    names = {(body.shape, body.color, body.material, body.size) for body in bodies}
    return tuple(bodies) if len(names) == len(bodies) else None


def _spot(rng: np.random.Generator, view: FrameCamera, act: Act) -> np.ndarray:
    """Where on the floor an object starts."""
    row = rng.uniform(0.44, 0.84) * view.height
    if act in ("enter", "pass"):
        column = -_OUTSIDE if rng.random() < 0.5 else 1 + _OUTSIDE
    else:
        column = rng.uniform(0.14, 0.86)
    return view.floor_point(column * view.width, row)


def _aim(rng: np.random.Generator, view: FrameCamera, act: Act, spot: np.ndarray, others: list[Body]) -> np.ndarray:
    """The point of the floor that it moves towards."""
    column, row, _ = view.project(spot)
    if act == "hit" and others:
        return np.array(pick(rng, others).position)
    if act == "enter":
        return view.floor_point(rng.uniform(0.25, 0.75) * view.width, rng.uniform(0.48, 0.8) * view.height)
    if act == "pass":
        return view.floor_point(view.width - column, row + rng.uniform(-0.05, 0.05) * view.height)
    if act == "leave":
        side = -1.0 if column < view.width / 2 else view.width + 1.0
        return view.floor_point(side, row + rng.uniform(-0.08, 0.08) * view.height)
    return view.floor_point(rng.uniform(0.2, 0.8) * view.width, rng.uniform(0.48, 0.8) * view.height)


def _started(
    rng: np.random.Generator, traits: Traits, radius: float, act: Act, spot: np.ndarray, aim: np.ndarray, setting: Scene
) -> Body:
    shape, way = traits.shape, aim[:2] - spot[:2]
    heading = math.atan2(way[1], way[0])
    along = np.array([math.cos(heading), math.sin(heading), 0.0])
    rolling = act != "rest" and shape in _ROLLING
    quaternion = shapes.standing(shape, float(rng.uniform(-30, 30)))
    if rolling and shape != "ball":  # lying or, if a ring, on edge: with the axis across the way
        turn, quarter = (math.cos(heading / 2), 0.0, 0.0, math.sin(heading / 2)), math.sqrt(0.5)
        quaternion = shapes.multiply(turn, (quarter, quarter, 0.0, 0.0))
    height = shapes.reach_down(shape, radius, quaternion)
    position = (round(float(spot[0]), 4), round(float(spot[1]), 4), round(height, 5))
    body = Body(
        shape=shape,
        color=traits.color,
        rgb=jitter(rng, traits.color),
        material=traits.material,
        size=traits.size,
        radius=radius,
        motion="rolling" if rolling else "sliding" if act == "halt" else "rest",
        position=position,
        quaternion=to_quaternion(quaternion),
    )
    if act == "rest":
        return body
    if act == "halt":
        distance = min(float(np.hypot(*way)), float(rng.uniform(0.35, 0.8)))
        return body.model_copy(update={"track": _halting(rng, body, along, distance, setting)})
    speed = rng.uniform(0.9, 1.7) if act == "pass" else rng.uniform(0.55, 1.2)
    spin = np.array([-along[1], along[0], 0.0]) * speed / height
    return body.model_copy(
        update={"velocity": to_vector(np.round(along * speed, 4)), "spin": to_vector(np.round(spin, 4))}
    )


def _halting(
    rng: np.random.Generator, body: Body, along: np.ndarray, distance: float, setting: Scene
) -> tuple[Pose, ...]:
    """A track that slows down evenly to a stop in the second half of the clip: rolling friction, which MuJoCo's
    contacts have too little of to end any rolling in two seconds."""
    stop = rng.uniform(0.45, 0.8) * (setting.frames - 1)
    left = np.clip(1 - np.arange(setting.frames) / stop, 0, 1)
    gone = distance * (1 - left**2)
    poses = np.zeros((setting.frames, 7))
    poses[:, :3] = np.array(body.position) + gone[:, None] * along
    for frame, way in enumerate(gone):
        angle = way / body.position[2] / 2 if body.motion == "rolling" else 0.0
        axis = np.array([-along[1], along[0], 0.0]) * math.sin(angle)
        turn = (math.cos(angle), *axis.tolist())
        poses[frame, 3:] = shapes.multiply(to_quaternion(turn), body.quaternion)
    return to_track(poses.round(5))


def _as_meant(scene: Scene, acts: list[Act], poses: np.ndarray) -> bool:
    """Whether all stay before the backdrop, some of each is always to be seen where it is in the picture, each is seen
    whole at some time, and what comes or goes really does."""
    inside = np.zeros((scene.frames, len(scene.bodies)))
    for frame, (view, pose) in enumerate(zip(frame_cameras(scene), poses, strict=True)):
        circles: list[tuple[float, float, float]] = []
        for index, (body, place) in enumerate(zip(scene.bodies, pose[:, :3], strict=True)):
            column, row, size = view.circle(place, body.radius)
            if place[1] > 1.9 - body.radius or not size <= row <= view.height - size:
                return False
            inside[frame, index] = np.clip((min(column, view.width - column) + size) / (2 * size), 0, 1)
            for other_column, other_row, other_size in circles:
                near = _HIDDEN * (size + other_size)
                if inside[frame, index] > 0 and math.hypot(column - other_column, row - other_row) < near:
                    return False
            circles.append((column, row, size))
    if (inside.max(0) < 1).any():
        return False
    first, last = inside[0], inside[-1]
    meant = sorted(acts, key=lambda act: act != "rest")
    for index, act in enumerate(meant):
        if (act in ("enter", "pass")) != (first[index] == 0):
            return False
        if act == "leave" and last[index] > 0:
            return False
        if act not in ("enter", "pass", "leave") and inside[:, index].min() < 0.6:
            return False
    return True


assert set(_ACTS) == set(get_args(Act))
