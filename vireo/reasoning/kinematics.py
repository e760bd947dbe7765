"""The tracks of a twin as arrays, with the camera's motion taken out: what relations and events are measured on."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from vireo.reasoning.twin import Camera, DigitalTwin

USUAL_FOCAL = 1.2
"""Focal length in picture heights where a twin does not know its lens: 45 degrees from top to bottom, as phones
film."""

STEP_SECONDS = 0.125
"""Speeds are differences over about this time, and what lasts no longer is flicker: the time of a frame at 8 per
second, the studio's rate. At higher rates it spans several frames, over which errors of single masks average out."""

_MOSTLY_SEEN = 0.8
"""Frames in which this share of an object is seen tell its size."""


@dataclass(frozen=True)
class Kinematics:
    """Tracks of N objects over T frames; NaN where something is not seen or not known.

    centroids: (N, T, 2) pixels. places: the same where they would lie had the camera not moved. boxes: (N, T, 4).
    depths: (N, T). visibility: (N, T). radii: (N, T) pixels, half the mean side of the whole object's box.
    velocities: (N, T, 2) picture heights a second, over the `step` frames that end at a frame; the first ones have that
    of the frame after them.
    focal: in pixels. times: (T,) seconds.
    """

    width: int
    height: int
    step: int
    focal: float
    times: np.ndarray
    centroids: np.ndarray
    places: np.ndarray
    boxes: np.ndarray
    depths: np.ndarray
    visibility: np.ndarray
    radii: np.ndarray
    velocities: np.ndarray

    @cached_property
    def seen(self) -> np.ndarray:
        """bool (N, T)."""
        return ~np.isnan(self.centroids[..., 0])

    @cached_property
    def speeds(self) -> np.ndarray:
        """(N, T), picture heights a second."""
        return np.hypot(self.velocities[..., 0], self.velocities[..., 1])

    @cached_property
    def positions(self) -> np.ndarray:
        """(N, T, 3) right, down and forward of the camera, in the unit of the depths; NaN where they are unknown."""
        offset = (self.centroids - (self.width / 2, self.height / 2)) / self.focal
        return np.concatenate([offset, np.ones_like(offset[..., :1])], -1) * self.depths[..., None]

    @cached_property
    def sizes(self) -> np.ndarray:
        """(N, T) radii in the unit of the depths; NaN where they are unknown."""
        return self.radii * self.depths / self.focal


def measure(twin: DigitalTwin) -> Kinematics:
    """The arrays of a twin. They do not depend on its relations and events."""
    count, frames = len(twin.objects), twin.frames
    centroids, boxes = np.full((count, frames, 2), np.nan), np.full((count, frames, 4), np.nan)
    depths, visibility = np.full((count, frames), np.nan), np.zeros((count, frames))
    for row, entry in enumerate(twin.objects):
        for frame in entry.track.seen():
            centroids[row, frame], boxes[row, frame] = entry.track.centroids[frame], entry.track.boxes[frame]
            depth = entry.track.depths[frame]
            depths[row, frame] = np.nan if depth is None or depth <= 0 else depth
        visibility[row] = entry.track.visibility
    times = np.array(twin.times)
    step = 1 if frames == 1 else max(1, round(STEP_SECONDS * (frames - 1) / (times[-1] - times[0])))
    places = _stabilized(centroids, twin)
    velocities = np.full((count, frames, 2), np.nan)
    if frames > step:
        elapsed = (times[step:] - times[:-step])[:, None] * twin.height
        velocities[:, step:] = (places[:, step:] - places[:, :-step]) / elapsed
        velocities[:, :step] = np.where(np.isnan(places[:, :step]), np.nan, velocities[:, step, None])
    focal = (twin.camera.focal or USUAL_FOCAL) * twin.height
    radii = _radii(boxes, depths, visibility)
    return Kinematics(
        twin.width, twin.height, step, focal, times, centroids, places, boxes, depths, visibility, radii, velocities
    )


def _stabilized(centroids: np.ndarray, twin: DigitalTwin) -> np.ndarray:
    """Undoes the motion of the ground: it carried a point p to p + shift + gradient (p - middle)."""
    camera: Camera = twin.camera
    middle = np.array([twin.width / 2, twin.height / 2])
    moved = centroids - np.array(camera.shifts)[None] - middle
    if camera.gradients:
        back = np.linalg.inv(np.eye(2) + np.array(camera.gradients).reshape(-1, 2, 2))
        moved = np.einsum("tij,ntj->nti", back, moved)
    return moved + middle


def _radii(boxes: np.ndarray, depths: np.ndarray, visibility: np.ndarray) -> np.ndarray:
    """An object keeps its size: the median over the frames that show it best, carried to the others by depth."""
    sides = (boxes[..., 2:] - boxes[..., :2]).mean(-1) / 2
    scale = np.where(np.isnan(depths).all(1, keepdims=True), 1.0, depths)
    found = np.full(sides.shape, np.nan)
    for row, (side, near, share) in enumerate(zip(sides, scale, visibility, strict=True)):
        usable = ~np.isnan(side * near)
        if not usable.any():
            continue
        best = usable & (share >= min(_MOSTLY_SEEN, share[usable].max()))
        found[row] = np.median((side * near)[best]) / near
    return found
