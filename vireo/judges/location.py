"""Where the instructor sees what an instruction speaks of, before anything is edited."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy.ndimage import maximum_filter
from transformers import LlavaForConditionalGeneration, LlavaProcessor

from vireo.judges.asking import answer_chances
from vireo.models.chat import EVERYWHERE, MINI, NONE, WHERE, InstructorTemplate
from vireo.world.truth import COLUMN_BORDERS, GRID, ROW_BORDERS

SURE = 0.4
"""Least probability of one place for the answer to say where the edit is."""

ROW_MARGIN, COLUMN_MARGIN = 0.15, 0.06
"""How far, in shares of the picture, an edit may lie beyond its place's border. More up and down: shadows and
reflections lie below their objects, and the place of an addition is that of its foot."""


@dataclass(frozen=True)
class Location:
    """The instructor's answer to WHERE, as probabilities.

    absent: that it is nowhere; everywhere: in the whole picture. places: float (3, 3), the places of `GRID`, in the
    first frame.
    """

    absent: float
    everywhere: float
    places: np.ndarray

    def likely(self, height: int, width: int) -> np.ndarray | None:
        """How likely the edit is at each pixel of the first frame, float (height, width) in 0..1; None where the
        answer names no place, or none for sure."""
        if self.absent + self.everywhere > 0.5 or self.places.max() < SURE:
            return None
        rows = np.searchsorted(ROW_BORDERS, (np.arange(height) + 0.5) / height)
        columns = np.searchsorted(COLUMN_BORDERS, (np.arange(width) + 0.5) / width)
        reach = [2 * round(margin * size) + 1 for margin, size in ((ROW_MARGIN, height), (COLUMN_MARGIN, width))]
        return maximum_filter(self.places[np.ix_(rows, columns)], reach, mode="nearest")


@torch.no_grad()
def locate(
    instructor: LlavaForConditionalGeneration,
    processor: LlavaProcessor,
    videos: Sequence[np.ndarray],
    instructions: Sequence[str],
    template: InstructorTemplate = MINI,
) -> list[Location]:
    """Asks where each edit takes place. videos: uint8 (T, H, W, 3) each.

    An edit of the whole picture takes place everywhere, an addition where it shall stand; only an instruction that
    names an object takes place nowhere, if the picture does not show it. For that, the first, the middle and the last
    frame count alike, so that an object that is hidden for a while is not missed.
    """
    # The editor reads no more of an instruction either.
    said = [" ".join(text.split()[: template.max_length]) + f"\n{WHERE}" for text in instructions]
    answers = [*(name for row in GRID for name in row), NONE, EVERYWHERE]

    def ask(which: float, answers: Sequence[str]) -> np.ndarray:
        frames = [video[round(which * (len(video) - 1))] for video in videos]
        return answer_chances(instructor, processor, [frames], said, answers, template).cpu().numpy()

    first = ask(0.0, answers)
    absent = (first[:, -2] + ask(0.5, [NONE])[:, 0] + ask(1.0, [NONE])[:, 0]) / 3
    return [
        Location(float(nowhere), float(row[-1]), row[:-2].reshape(3, 3))
        for nowhere, row in zip(absent, first, strict=True)
    ]
