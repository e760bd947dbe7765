"""Typed carriers that cross room borders."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np


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
