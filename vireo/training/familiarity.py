"""What an instructor takes for familiar: clips of the studio, of all shapes that people film in."""

from collections.abc import Iterator

import numpy as np

from vireo.models.instructor.familiarity import Familiarity, fit_familiarity
from vireo.models.instructor.instructor import Instructor
from vireo.types import OnCount
from vireo.world.render import render
from vireo.world.sampling import sample_scene
from vireo.world.scene import STANDARD_SIZE

ASPECTS = (1, 1.78, 4 / 3, 1, 3 / 4, 1.78)
"""Width to height. The instructor sees all of them squeezed into a square."""


def familiarity_with_studio(instructor: Instructor, scenes: int, on_count: OnCount) -> Familiarity:
    """Fitted to so many scenes of the training split, as they are before an edit."""
    return fit_familiarity(instructor, list(_clips(scenes, on_count)))


def _clips(count: int, on_count: OnCount) -> Iterator[np.ndarray]:
    for seed in range(count):
        scene = sample_scene(seed, round(STANDARD_SIZE * ASPECTS[seed % len(ASPECTS)]))
        yield render(scene, truth=False).frames[[0, scene.frames // 2, -1]]
        on_count(seed + 1, count)
