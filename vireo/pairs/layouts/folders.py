"""Folders of numbered pictures, which some sets have in place of clips."""

from pathlib import Path

import numpy as np
from PIL import Image

from vireo.errors import VideoError


def pictures_in(folder: Path) -> list[Path]:
    """Its pictures by name."""
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in (".jpg", ".jpeg", ".png"))


def picture(path: Path, mode: str = "RGB") -> np.ndarray:
    """A picture file as uint8 (H, W, 3), or (H, W) in mode "L". Raises VideoError where it cannot be read."""
    try:
        return np.asarray(Image.open(path).convert(mode))
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise VideoError(f"{path} is no picture: {error}", "unpack it again") from None
