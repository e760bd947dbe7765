"""Where the camera is at every frame, and where points of the world fall in the picture."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vireo.world.scene import Scene

Point = np.ndarray | Sequence[float]


@dataclass(frozen=True)
class FrameCamera:
    """The camera of one frame. target: point looked at; azimuth, elevation in degrees; distance in metres."""

    target: np.ndarray
    azimuth: float
    elevation: float
    distance: float
    fov: float
    width: int
    height: int

    @property
    def axes(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Unit vectors right, up and forward in the world."""
        a, e = math.radians(self.azimuth), math.radians(self.elevation)
        forward = np.array([-math.sin(a) * math.cos(e), math.cos(a) * math.cos(e), -math.sin(e)])
        right = np.array([math.cos(a), math.sin(a), 0.0])
        return right, np.cross(right, forward), forward

    @property
    def eye(self) -> np.ndarray:
        return self.target - self.distance * self.axes[2]

    def project(self, point: Point) -> tuple[float, float, float]:
        """Column and row in pixels (0 is the left, upper border) and depth along the view of a point."""
        right, up, forward = self.axes
        offset = np.asarray(point) - self.eye
        depth = float(offset @ forward)
        scale = self.height / 2 / math.tan(math.radians(self.fov) / 2) / depth
        return self.width / 2 + float(offset @ right) * scale, self.height / 2 - float(offset @ up) * scale, depth

    def circle(self, point: Point, radius: float) -> tuple[float, float, float]:
        """Column, row and radius in pixels of a ball of `radius` metres."""
        column, row, depth = self.project(point)
        return column, row, radius * self.height / 2 / math.tan(math.radians(self.fov) / 2) / depth

    def floor_point(self, column: float, row: float) -> np.ndarray:
        """The point of the floor (z = 0) seen at this pixel position; the ray must point down."""
        right, up, forward = self.axes
        scale = math.tan(math.radians(self.fov) / 2) / (self.height / 2)
        ray = forward + (column - self.width / 2) * scale * right + (self.height / 2 - row) * scale * up
        assert ray[2] < 0, "the ray does not meet the floor"
        return self.eye + ray * (self.eye[2] / -ray[2])


def frame_cameras(scene: Scene) -> list[FrameCamera]:
    """The camera of every frame of the scene."""
    camera, count = scene.camera, scene.frames
    progress = np.linspace(0, 1, count) if count > 1 else np.zeros(1)
    azimuth = np.full(count, camera.azimuth)
    elevation = np.full(count, camera.elevation)
    target = np.tile(np.array(camera.target, dtype=float), (count, 1))
    if camera.kind == "orbit":
        azimuth = azimuth + camera.amplitude * progress
    elif camera.kind == "pan":
        # Turning by a small angle at a fixed place moves the point looked at sideways.
        a = math.radians(camera.azimuth)
        shift = camera.distance * np.tan(np.radians(camera.amplitude) * progress)
        target = target + shift[:, None] * np.array([math.cos(a), math.sin(a), 0.0])
    elif camera.kind == "shake":
        jitter = np.random.default_rng(camera.seed).normal(0, camera.amplitude, (count, 2))
        jitter[0] = 0
        azimuth, elevation = azimuth + jitter[:, 0], elevation + jitter[:, 1]
    return [
        FrameCamera(point, a, e, camera.distance, camera.fov, scene.width, scene.height)
        for point, a, e in zip(target, azimuth.tolist(), elevation.tolist(), strict=True)
    ]
