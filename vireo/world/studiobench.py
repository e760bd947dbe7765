"""StudioBench: 1 000 fixed edits of all families with exact truth, and which of them are hard in a known way."""

import itertools

from vireo.types import EditPair
from vireo.world.camera import frame_cameras
from vireo.world.families import FAMILIES, GLOBAL_FAMILIES
from vireo.world.generate import PairSetSpec
from vireo.world.scene import Scene

SPEC = PairSetSpec(
    count=1000,
    seed=2_000_000,
    split="test",
    families=(
        *("recolor", "material", "remove", "add", "replace", "resize", "background", "light", "style"),
        *("watermark", "reference", "hybrid", "absent"),
    ),
)
"""Never change: figures on other pairs could not be compared. Families that come later are not in it."""

FAST = 0.05
"""Share of the picture's width that an object crosses from one frame to the next to count as fast."""

SUBSETS = ("fast motion", "global edit", "shadow after removal")
"""The cases in which VIVA's authors saw their own model fail."""


def subsets(pair: EditPair) -> list[str]:
    """Which of SUBSETS a pair belongs to.

    fast motion: an object that the edit concerns crosses more than FAST of the width between two frames.
    global edit: must change the whole picture, and not overdo it. shadow after removal: must go, too.
    """
    found = []
    if pair.concerned and pair.scene and _fastest(Scene.model_validate(pair.scene), pair.concerned) > FAST:
        found.append("fast motion")
    if pair.family in GLOBAL_FAMILIES:
        found.append("global edit")
    if pair.family in FAMILIES and FAMILIES[pair.family].removes_objects:
        found.append("shadow after removal")
    return found


def _fastest(scene: Scene, bodies: list[int]) -> float:
    """The greatest step of an object's centre from frame to frame, as a share of the width."""
    cameras, fastest = frame_cameras(scene), 0.0
    for body in (scene.bodies[index] for index in bodies if index < len(scene.bodies)):
        if not body.track:
            continue
        places = [camera.project(pose[:3])[:2] for camera, pose in zip(cameras, body.track, strict=True)]
        for (x, y), (u, v) in itertools.pairwise(places):
            fastest = max(fastest, ((u - x) ** 2 + (v - y) ** 2) ** 0.5 / scene.width)
    return fastest
