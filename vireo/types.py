"""Typed carriers that cross room borders."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

OnCount = Callable[[int, int], None]
"""Called by long work with what is done and the total; may end the work by raising."""


@dataclass(frozen=True)
class Clip:
    """Frames of a video; an image is a Clip of one frame.

    frames: uint8 (T, H, W, 3), RGB, full range, display orientation.
    fps: nominal frames per second, for people and for new files.
    """

    frames: np.ndarray
    fps: Fraction = Fraction(8)

    def __post_init__(self) -> None:
        assert self.frames.dtype == np.uint8, self.frames.dtype
        assert self.frames.ndim == 4, self.frames.shape
        assert self.frames.shape[-1] == 3, self.frames.shape

    def __len__(self) -> int:
        return len(self.frames)

    @property
    def height(self) -> int:
        return self.frames.shape[1]

    @property
    def width(self) -> int:
        return self.frames.shape[2]


FAMILIES = (
    "recolor",
    "material",
    "remove",
    "add",
    "replace",
    "resize",
    "background",
    "light",
    "style",
    "watermark",
    "reference",
    "hybrid",
    "absent",
)
"""Kinds of literal edits, in the order of every table."""

GLOBAL_FAMILIES = ("background", "light", "style")
"""Those that change more or less the whole picture."""

FOOTAGE_FAMILIES = ("light", "style", "watermark", "absent")
"""Those whose exact result is a function of the frames, so that footage has one, too."""

SIZED_FAMILIES = tuple(name for name in FAMILIES if name not in ("style", "watermark", "reference", "hybrid"))
"""Those that mean the same at every size of the picture; styles, which are among hybrids, and watermarks are defined in
pixels."""

TEST_SEED = 1_000_000
"""Scenes of the training split have seeds below, of the test split at or above."""


class PairFiles(BaseModel):
    """The files and words of one edit with its exact result. Paths are relative to the folder of the pair set.

    What an editor learns from: read from the lines of `EditPair` in a fraction of their time and memory.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: str
    family: str
    source: str
    target: str
    mask: str
    instruction: str
    paraphrases: list[str]
    source_caption: str
    target_caption: str
    reference: str | None = None


class EditPair(PairFiles):
    """One edit with its exact result, and the scenes that it was made from.

    instances: gray video of the *source*; the value of a pixel is 1 + the index of the object seen
        there in `scene`, 0 where none is.
    concerned: indices of the objects of `scene` that the edit concerns (empty for global edits).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    seed: int
    split: Literal["train", "test"]
    reasoning: dict[str, Any] | None = None
    task: Literal["edit", "generate"] = "edit"
    scene: dict[str, Any]
    target_scene: dict[str, Any]
    instances: str | None = None
    concerned: list[int] = []
