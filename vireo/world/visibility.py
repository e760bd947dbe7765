"""What is true of a clip and can be asked about it: what is seen where, and how objects lie to each other.

Everything is computed from a `Scene` with recorded tracks and, where pixels count, the instance masks of its
render (uint8 (T, H, W), 1 + body index), so answers hold for the picture and not only for the room.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vireo.world.camera import frame_cameras
from vireo.world.scene import STANDARD_SIZE, AnyScene, Body, Scene

VISIBLE_PIXELS = 40
"""Least number of pixels with which an object counts as seen, of a picture of the standard size."""

SIDE_GAP = 0.09
"""Least distance of two centres, as a share of the width, for left and right."""

DEPTH_GAP = 0.25
"""Least difference of two distances from the camera, in metres, for in front and behind."""

GRID = (
    ("at the back left", "at the back", "at the back right"),
    ("on the left", "in the middle", "on the right"),
    ("at the front left", "at the front", "at the front right"),
)
"""Names of the 3 by 3 places of the picture, by rows from the back; the same as in `palette.PLACES`."""

COLUMN_BORDERS = (0.36, 0.64)
ROW_BORDERS = (0.47, 0.66)


@dataclass(frozen=True)
class VisibleObject:
    """One visible object of one frame.

    index: of `body` in `scene.bodies`. pixels: how many pixels show it.
    box: left, top, right, bottom in pixels, right and bottom exclusive.
    centre: mean column and row of its pixels.
    place: one of the names in `GRID`, by its centre.
    """

    index: int
    body: Body
    pixels: int
    box: tuple[int, int, int, int]
    centre: tuple[float, float]
    place: str


def place_name(column: float, row: float, width: int, height: int) -> str:
    """The name in `GRID` of a pixel position."""
    across = int(np.searchsorted(COLUMN_BORDERS, column / width))
    down = int(np.searchsorted(ROW_BORDERS, row / height))
    return GRID[down][across]


def near_border(entry: VisibleObject, width: int, height: int, margin: float = 0.03) -> bool:
    """Whether the object's centre is so near a border of the grid that its place is ambiguous."""
    column, row = entry.centre[0] / width, entry.centre[1] / height
    return any(abs(column - b) < margin for b in COLUMN_BORDERS) or any(abs(row - b) < margin for b in ROW_BORDERS)


def visible_objects(scene: AnyScene, instances: np.ndarray, frame: int = 0) -> list[VisibleObject]:
    """The visible objects of a frame, from left to right."""
    found = []
    height, width = instances.shape[1:]
    least = VISIBLE_PIXELS * height * width / STANDARD_SIZE**2
    for index, body in enumerate(scene.bodies):
        rows, columns = np.nonzero(instances[frame] == index + 1)
        if len(rows) < least:
            continue
        centre = (float(columns.mean()) + 0.5, float(rows.mean()) + 0.5)
        box = (int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1)
        found.append(VisibleObject(index, body, len(rows), box, centre, place_name(*centre, width, height)))
    return sorted(found, key=lambda entry: entry.centre[0])


def camera_distances(scene: Scene, frame: int = 0) -> list[float]:
    """Distance of every body's centre from the camera along the view, in metres."""
    camera = frame_cameras(scene)[frame]
    places = [body.position if body.track is None else body.track[frame][:3] for body in scene.bodies]
    return list((np.array(places) - camera.eye) @ camera.axes[2]) if places else []


def relations(a: VisibleObject, b: VisibleObject, distances: Sequence[float], width: int) -> list[str]:
    """How `a` lies to `b`, as the viewer sees it: left of, right of, in front of, behind; close calls are left out.

    distances: `camera_distances` of the frame. width: of the picture in pixels.
    """
    found = []
    gap = (a.centre[0] - b.centre[0]) / width
    if abs(gap) >= SIDE_GAP:
        found.append("right of" if gap > 0 else "left of")
    gap = distances[a.index] - distances[b.index]
    if abs(gap) >= DEPTH_GAP:
        found.append("behind" if gap > 0 else "in front of")
    return found
