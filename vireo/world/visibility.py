"""What is true of a clip and can be asked about it: what is seen where, and how objects lie to each other.

Everything is computed from a `Scene` with recorded tracks and, where pixels count, the instance masks of its
render (uint8 (T, H, W), 1 + body index), so answers hold for the picture and not only for the room.

    for entry in visible_objects(scene, instances):            # first frame, visible objects, from left to right
        entry.body.color, entry.body.shape, entry.place, entry.box
    relations(scene, instances, a, b)                 # {"left of", "behind"}: a is left of and behind b
"""

from __future__ import annotations

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
    """Whether the object's centre is so near a border of the grid that its place is a matter of taste."""
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


def camera_distance(scene: Scene, index: int, frame: int = 0) -> float:
    """Distance of a body's centre from the camera along the view, in metres."""
    body = scene.bodies[index]
    place = body.position if body.track is None else body.track[frame][:3]
    return frame_cameras(scene)[frame].project(np.array(place))[2]


def relations(scene: Scene, instances: np.ndarray, a: int, b: int, frame: int = 0) -> set[str]:
    """How body `a` lies to body `b`, as the viewer sees it: of left of, right of, in front of, behind.

    Close calls (see SIDE_GAP, DEPTH_GAP) are left out, as is everything where one of them is not visible.
    """
    seen = {entry.index: entry for entry in visible_objects(scene, instances, frame)}
    if a not in seen or b not in seen:
        return set()
    found = set()
    gap = (seen[a].centre[0] - seen[b].centre[0]) / instances.shape[2]
    if abs(gap) >= SIDE_GAP:
        found.add("right of" if gap > 0 else "left of")
    gap = camera_distance(scene, a, frame) - camera_distance(scene, b, frame)
    if abs(gap) >= DEPTH_GAP:
        found.add("behind" if gap > 0 else "in front of")
    return found


def distance_travelled(body: Body) -> float:
    """Length in metres of the way a recorded body goes in the clip."""
    assert body.track is not None, "the body has no recorded track"
    places = np.array(body.track)[:, :3]
    return float(np.linalg.norm(np.diff(places, axis=0), axis=1).sum())
