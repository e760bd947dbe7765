"""Small changes of pictures that change no answer, against learning scenes by heart."""

from __future__ import annotations

import numpy as np

SHIFT = 2
"""Most pixels by which pictures are moved; a sixth of a patch."""

GAIN = 0.07
"""Most by which brightness, and each colour on its own by half of that, is changed."""


def jittered(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """uint8 (B, n, H, W, 3), moved, mirrored nowhere, and brighter or darker; the n pictures of a row alike."""
    count, height, width = len(images), images.shape[2], images.shape[3]
    gains = rng.uniform(1 - GAIN, 1 + GAIN, (count, 1)) * rng.uniform(1 - GAIN / 2, 1 + GAIN / 2, (count, 3))
    levels = np.arange(256)[None, None] * gains[..., None]
    tables = np.clip(np.round(levels), 0, 255).astype(np.uint8)  # (B, 3, 256)
    shifts = rng.integers(-SHIFT, SHIFT + 1, (count, 2))
    result = np.empty_like(images)
    for row, (down, right) in enumerate(shifts):
        rows = np.clip(np.arange(height) - down, 0, height - 1)
        columns = np.clip(np.arange(width) - right, 0, width - 1)
        moved = images[row][:, rows][:, :, columns]
        for channel in range(3):
            result[row, ..., channel] = tables[row, channel][moved[..., channel]]
    return result
