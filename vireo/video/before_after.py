"""A contact sheet of some frames before and after an edit."""

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
    """Collects evenly spaced frames of a stream of unknown length, and draws them in two rows.

    Holds at most 4 * COLUMNS pairs of thumbnails.
    """

    def __init__(self) -> None:
        self._pairs: list[tuple[Image.Image, Image.Image]] = []
        self._stride, self._count = 1, 0

    def add(self, before: np.ndarray, after: np.ndarray) -> None:
        """Adds the next frame; both are uint8 (H, W, 3) of one size."""
        if self._count % self._stride == 0:
            self._pairs.append((_thumbnail(before), _thumbnail(after)))
            if len(self._pairs) == 4 * COLUMNS:
                self._pairs, self._stride = self._pairs[::2], 2 * self._stride
        self._count += 1

    def save(self, path: Path, instruction: str) -> None:
        """Writes the sheet as an image, whole or not at all. Raises VideoError where it cannot be written; call
        `refuse_picture` before, which checks the suffix."""
        places = np.linspace(0, len(self._pairs) - 1, min(COLUMNS, len(self._pairs)))
        chosen = [self._pairs[round(place)] for place in places]
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
    """Raises VideoError where the suffix of `path` names no image format that can be written."""
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
