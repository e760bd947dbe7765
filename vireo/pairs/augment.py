"""Augmentation of pictures, against learning scenes by heart."""

import numpy as np

SHIFT = 2
"""Most pixels by which pictures are translated where answers must stay the same; a quarter of a patch."""

GAIN = 0.07
"""Most by which brightness, and each colour on its own by half of that, is changed."""


def translated(images: np.ndarray, down: int, right: int) -> np.ndarray:
    """(..., H, W, C) translated by so many pixels; the border is repeated."""
    height, width = images.shape[-3:-1]
    rows = np.clip(np.arange(height) - down, 0, height - 1)
    columns = np.clip(np.arange(width) - right, 0, width - 1)
    return images[..., rows[:, None], columns, :]


def augmented(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """uint8 (B, n, H, W, 3), translated a little, and brighter or darker; the n pictures of a row alike.

    What is true of a picture stays true.
    """
    count = len(images)
    gains = rng.uniform(1 - GAIN, 1 + GAIN, (count, 1)) * rng.uniform(1 - GAIN / 2, 1 + GAIN / 2, (count, 3))
    levels = np.arange(256)[None, None] * gains[..., None]
    tables = np.clip(np.round(levels), 0, 255).astype(np.uint8)  # (B, 3, 256)
    shifts = rng.integers(-SHIFT, SHIFT + 1, (count, 2))
    result = np.empty_like(images)
    for row, (down, right) in enumerate(shifts):
        picture = translated(images[row], down, right)
        for channel in range(3):
            result[row, ..., channel] = tables[row, channel][picture[..., channel]]
    return result


def translated_patches(
    images: np.ndarray, labels: np.ndarray, patch: int, unknown: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Pictures mirrored at random and translated by up to one whole patch each way, and their labels likewise.

    images: uint8 (B, H, W, 3). labels: (B, A, P), P patches, rows first. Patches that were not in the picture
    repeat its border and are labelled `unknown`. Left and right change places: not for captions.
    """
    grid = images.shape[1] // patch
    new_images, new_labels = np.empty_like(images), np.full_like(labels, unknown)
    cells = labels.reshape(*labels.shape[:2], grid, grid)
    for row in range(len(images)):
        down, right = (int(step) for step in rng.integers(-1, 2, 2))
        picture, classes = images[row], cells[row]
        if rng.random() < 0.5:
            picture, classes = picture[:, ::-1], classes[..., ::-1]
        new_images[row] = translated(picture, down * patch, right * patch)
        target = new_labels[row].reshape(-1, grid, grid)
        target[:, _overlap(down, grid), _overlap(right, grid)] = classes[
            :, _overlap(-down, grid), _overlap(-right, grid)
        ]
    return new_images, new_labels


def _overlap(shift: int, length: int) -> slice:
    """Where something of this length still has its own content after a translation."""
    return slice(max(0, shift), length + min(0, shift))
