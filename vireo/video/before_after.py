"""A picture of some frames before and after an edit, for people."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from vireo.errors import VideoError
from vireo.runtime import whole_file
from vireo.video.io import write_errors

COLUMNS = 5
TALLEST = 240
"""Larger frames are scaled down to this height, in pixels."""


class BeforeAfterStrip:
    """Collects frames of a stream of unknown length, evenly spread, and draws the two rows.

    Holds at most 4 * COLUMNS small pictures, whatever the length.
    """

    def __init__(self) -> None:
        self._kept: list[tuple[Image.Image, Image.Image]] = []
        self._every, self._seen = 1, 0

    def add(self, before: np.ndarray, after: np.ndarray) -> None:
        """Takes the next frame, both uint8 (H, W, 3) of one size."""
        if self._seen % self._every == 0:
            self._kept.append((_thumbnail(before), _thumbnail(after)))
            if len(self._kept) == 4 * COLUMNS:
                self._kept, self._every = self._kept[::2], 2 * self._every
        self._seen += 1

    def save(self, path: Path, instruction: str) -> None:
        """Writes the strip as a picture, whole or not at all. Raises VideoError where it cannot be written there; of
        what `path` is called, `refuse_picture` judges."""
        places = np.linspace(0, len(self._kept) - 1, min(COLUMNS, len(self._kept)))
        chosen = [self._kept[round(place)] for place in places]
        width, height = chosen[0][0].size
        margin, gap = 16, 4
        sheet = Image.new("RGB", (len(chosen) * (width + gap) - gap, 2 * (height + margin)), color=(255, 255, 255))
        draw = ImageDraw.Draw(sheet)
        for row, title in enumerate(("before", f"after: {instruction}")):
            top = row * (height + margin)
            # Pillow's built-in font has Latin letters only where FreeType is missing.
            draw.text((2, top + 2), title.encode("ascii", "replace").decode(), fill=(0, 0, 0))
            for column, pictures in enumerate(chosen):
                sheet.paste(pictures[row], (column * (width + gap), top + margin))
        with write_errors(path), whole_file(path) as temporary:
            sheet.save(temporary)


def refuse_picture(path: Path) -> None:
    """Raises VideoError where the suffix of `path` names no format that pictures are written in."""
    if Image.registered_extensions().get(path.suffix.lower()) not in Image.SAVE:
        raise VideoError(f"no picture can be written as {path}: unknown suffix {path.suffix!r}", "name a .png")


def _thumbnail(pixels: np.ndarray) -> Image.Image:
    image = Image.fromarray(pixels)
    if image.height > TALLEST:
        image = image.resize((max(1, round(image.width * TALLEST / image.height)), TALLEST))
    elif image.height < TALLEST // 2:
        factor = TALLEST // 2 // image.height + 1
        image = image.resize((image.width * factor, image.height * factor), Image.Resampling.NEAREST)
    return image
