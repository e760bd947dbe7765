"""Changes of pictures against learning scenes by heart."""

from __future__ import annotations

import numpy as np

SHIFT = 2
"""Most pixels by which pictures are moved where answers must stay the same; a quarter of a patch."""

GAIN = 0.07
"""Most by which brightness, and each colour on its own by half of that, is changed."""


def moved(images: np.ndarray, down: int, right: int) -> np.ndarray:
    """(..., H, W, C) moved by so many pixels; the border is repeated."""
    rows, columns = _moved(images.shape[-3], down), _moved(images.shape[-2], right)
    return images[..., rows[:, None], columns, :]


def augmented(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """uint8 (B, n, H, W, 3), moved a little, and brighter or darker; the n pictures of a row alike.

    What is true of a picture stays true.
    """
    count = len(images)
    gains = rng.uniform(1 - GAIN, 1 + GAIN, (count, 1)) * rng.uniform(1 - GAIN / 2, 1 + GAIN / 2, (count, 3))
    levels = np.arange(256)[None, None] * gains[..., None]
    tables = np.clip(np.round(levels), 0, 255).astype(np.uint8)  # (B, 3, 256)
    shifts = rng.integers(-SHIFT, SHIFT + 1, (count, 2))
    result = np.empty_like(images)
    for row, (down, right) in enumerate(shifts):
        shown = moved(images[row], down, right)
        for channel in range(3):
            result[row, ..., channel] = tables[row, channel][shown[..., channel]]
    return result


def moved_patches(
    images: np.ndarray, labels: np.ndarray, patch: int, nothing: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Pictures mirrored at random and moved by up to one whole patch each way, and their labels likewise.

    images: uint8 (B, H, W, 3). labels: (B, A, P), P patches, rows first. Patches that were not in the picture
    repeat its border and are labelled `nothing`. Left and right change places: not for captions.
    """
    grid = images.shape[1] // patch
    moved_images, moved_labels = np.empty_like(images), np.full_like(labels, nothing)
    cells = labels.reshape(*labels.shape[:2], grid, grid)
    for row in range(len(images)):
        down, right = (int(step) for step in rng.integers(-1, 2, 2))
        picture, own = images[row], cells[row]
        if rng.random() < 0.5:
            picture, own = picture[:, ::-1], own[..., ::-1]
        moved_images[row] = moved(picture, down * patch, right * patch)
        into = moved_labels[row].reshape(-1, grid, grid)
        into[:, _span(down, grid), _span(right, grid)] = own[:, _span(-down, grid), _span(-right, grid)]
    return moved_images, moved_labels


def _moved(length: int, by: int) -> np.ndarray:
    """Where each place takes its content from when everything moves `by`; the border is repeated."""
    return np.clip(np.arange(length) - by, 0, length - 1)


def _span(by: int, length: int) -> slice:
    """Places that still have content of their own after a move `by`."""
    return slice(max(0, by), length + min(0, by))
