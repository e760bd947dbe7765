"""How many pixels a body of the studio would have if nothing hid it and no border cut it, by projecting its shape."""

import math
from functools import cache

import numpy as np

from vireo.world import shapes
from vireo.world.camera import FrameCamera
from vireo.world.scene import Pose, Shape

_AROUND, _ACROSS = 48, 24
"""Points around a round shape, and from pole to pole: its outline is a polygon, 0.3 % smaller than it."""

_FINE = 4
"""Rings, which have a hole, are drawn with this many dots along a pixel's side and counted."""


def silhouette_area(camera: FrameCamera, shape: Shape, radius: float, pose: Pose) -> float:
    """Pixels of the picture, and of its continuation beyond the border, that the body covers; not whole numbers."""
    points = _surface(shape) @ shapes.rotation(np.array(pose[3:])).T * radius + pose[:3]
    right, up, forward = camera.axes
    offset = points - camera.eye
    scale = camera.height / 2 / math.tan(math.radians(camera.fov) / 2) / (offset @ forward)
    flat = np.stack([offset @ right * scale, -(offset @ up) * scale], 1)
    return _ring_area(flat) if shape == "ring" else _hull_area(flat)


@cache
def _surface(shape: Shape) -> np.ndarray:
    """Points (n, 3) on the surface of a shape of radius 1; their hull is the shape, of a ring its mesh."""
    if shape in shapes.MESHES:
        return shapes.mesh(shape)[0]
    extent = shapes.EXTENTS[shape]
    if shape == "cube":
        return np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]) * extent
    around = np.arange(_AROUND) * 2 * np.pi / _AROUND
    circle = np.stack([np.cos(around), np.sin(around), 0 * around], 1)
    if shape == "cylinder":
        return np.concatenate([circle * extent[0] + [0, 0, z] for z in (-extent[1], extent[1])])
    height = np.pi / 2 - np.arange(_ACROSS + 1) * np.pi / _ACROSS
    sphere = np.concatenate([circle * math.cos(angle) + [0, 0, math.sin(angle)] for angle in height.tolist()])
    if shape == "capsule":
        return np.concatenate([sphere * extent[0] + [0, 0, z] for z in (-extent[1], extent[1])])
    return sphere * extent


def _hull_area(points: np.ndarray) -> float:
    from scipy.spatial import ConvexHull  # here, so that schemas load without SciPy

    return float(ConvexHull(points).volume)  # what SciPy calls the area of a hull in the plane


def _ring_area(points: np.ndarray) -> float:
    from PIL import Image, ImageDraw

    dots = (points - points.min(0)) * _FINE
    size = np.ceil(dots.max(0)).astype(int) + 1
    image = Image.new("1", (int(size[0]), int(size[1])))
    draw = ImageDraw.Draw(image)
    for corners in dots[shapes.mesh("ring")[1]]:
        draw.polygon([(float(x) - 0.5, float(y) - 0.5) for x, y in corners], 1)
    return float(np.asarray(image).sum()) / _FINE**2
