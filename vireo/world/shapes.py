"""The shapes of the studio: extents, meshes, how each stands, and how far each reaches down.

All lengths are in units of the body's `radius`, so that shapes of one radius look equally large.
"""

import math
from functools import cache
from typing import get_args

import numpy as np

from vireo.world.scene import Quaternion, Shape

SHAPES: tuple[Shape, ...] = get_args(Shape)

EXTENTS: dict[str, tuple[float, ...]] = {
    "ball": (1.0,),  # radius
    "cube": (0.82, 0.82, 0.82),  # half sides
    "cylinder": (0.75, 0.9),  # radius, half height
    "capsule": (0.55, 0.68),  # radius, half length of the straight part
    "egg": (0.72, 0.72, 1.1),  # half axes
    "cone": (0.95, 1.9),  # radius of the foot, height
    "ring": (0.76, 0.29),  # radius of the centre line, radius of the tube
}
MESHES = ("cone", "ring")


@cache
def mesh(shape: Shape) -> tuple[np.ndarray, np.ndarray]:
    """Vertices (n, 3) and triangles (m, 3) of a mesh shape of radius 1, centred, axis along z."""
    if shape == "cone":
        return _cone(*EXTENTS["cone"], segments=28)
    return _torus(*EXTENTS["ring"], segments=28, sides=12)


def _cone(foot: float, height: float, segments: int) -> tuple[np.ndarray, np.ndarray]:
    # A cone's centre of mass is a quarter of its height above the foot; MuJoCo would move it there anyway.
    low, high = -height / 4, 3 * height / 4
    angle = np.arange(segments) * 2 * np.pi / segments
    rim = np.stack([foot * np.cos(angle), foot * np.sin(angle), np.full(segments, low)], 1)
    vertices = np.concatenate([rim, [[0, 0, high], [0, 0, low]]])
    this, after = np.arange(segments), (np.arange(segments) + 1) % segments
    side = np.stack([this, after, np.full(segments, segments)], 1)
    base = np.stack([after, this, np.full(segments, segments + 1)], 1)
    return vertices, np.concatenate([side, base])


def _torus(major: float, minor: float, segments: int, sides: int) -> tuple[np.ndarray, np.ndarray]:
    around = np.arange(segments)[:, None] * 2 * np.pi / segments
    tube = np.arange(sides)[None] * 2 * np.pi / sides
    out, height = major + minor * np.cos(tube), minor * np.sin(tube) + 0 * around
    vertices = np.stack([out * np.cos(around), out * np.sin(around), height], -1).reshape(-1, 3)
    i, j = np.meshgrid(np.arange(segments), np.arange(sides), indexing="ij")
    a, b = i * sides + j, (i + 1) % segments * sides + j
    c, d = (i + 1) % segments * sides + (j + 1) % sides, i * sides + (j + 1) % sides
    faces = np.concatenate([np.stack([a, b, c], -1).reshape(-1, 3), np.stack([a, c, d], -1).reshape(-1, 3)])
    return vertices, faces


def rotation(quaternion: Quaternion | np.ndarray) -> np.ndarray:
    """The rotation matrix (3, 3) of a unit quaternion (w, x, y, z)."""
    w, x, y, z = quaternion
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )


def multiply(a: Quaternion, b: Quaternion) -> Quaternion:
    """The quaternion of rotating by `b` first and by `a` then."""
    aw, ax, ay, az = a
    bw, bx, by, bz = b
    return (
        aw * bw - ax * bx - ay * by - az * bz,
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw,
    )


def standing(shape: Shape, yaw: float) -> Quaternion:
    """The standard orientation of a shape, turned by `yaw` degrees about the vertical.

    Yaw 0 is for a camera of azimuth 0: cubes show two faces, capsules lie across, rings stand on edge and
    show their hole, all others stand upright.
    """
    offset = {"cube": 25.0, "ring": 25.0}.get(shape, 0.0)
    half = math.radians(yaw + offset) / 2
    turn = (math.cos(half), 0.0, 0.0, math.sin(half))
    quarter = math.sqrt(0.5)
    if shape == "capsule":
        return multiply(turn, (quarter, 0.0, quarter, 0.0))
    if shape == "ring":
        return multiply(turn, (quarter, quarter, 0.0, 0.0))
    return turn


def reach_down(shape: Shape, radius: float, quaternion: Quaternion | np.ndarray) -> float:
    """How far the shape reaches below its centre in this orientation, in metres (its support along -z)."""
    down = rotation(quaternion)[2]
    extent = EXTENTS[shape]
    if shape == "ball":
        reach = extent[0]
    elif shape == "cube":
        reach = float(np.abs(down) @ np.array(extent))
    elif shape == "cylinder":
        reach = abs(down[2]) * extent[1] + extent[0] * math.sqrt(max(0.0, 1 - down[2] ** 2))
    elif shape == "capsule":
        reach = extent[0] + abs(down[2]) * extent[1]
    elif shape == "egg":
        reach = float(np.linalg.norm(down * np.array(extent)))
    else:
        reach = float(-(mesh(shape)[0] @ down).min())
    return float(reach * radius)
