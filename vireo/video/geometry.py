"""Between the size of a clip and the size of a model.

Going down is an antialiased resize. Coming back, a resize would lose all detail that the model never saw;
so the edit is described at the model's size as a local colour transform of the source plus what that
cannot explain, and this description, which is smooth, is applied to the full-size source.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from scipy.ndimage import uniform_filter
from torch.nn.functional import interpolate


def model_size(height: int, width: int, frame_size: tuple[int, int], multiple: int | None) -> tuple[int, int]:
    """Height and width at which a model edits a clip.

    frame_size: (h, w) the model was trained at. multiple: None for a model of one fixed size, into which
    the clip is squeezed; else both sides are multiples of it, with about the area of `frame_size` (less
    for smaller clips) and the aspect ratio nearest to the clip's.
    """
    if multiple is None:
        return frame_size
    area = min(frame_size[0] * frame_size[1], height * width)
    best, best_cost = (multiple, multiple), math.inf
    for rows in range(1, area // multiple**2 + 1):
        columns = max(1, round(rows * width / height))
        if rows * columns * multiple**2 > area:
            columns = max(1, area // multiple**2 // rows)
        used = rows * columns * multiple**2 / area
        cost = abs(math.log(columns * height / (rows * width))) + (1 - used)
        if used <= 1 and cost < best_cost:
            best, best_cost = (rows * multiple, columns * multiple), cost
    return best


def resize(frames: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Antialiased bicubic resize of (T, H, W, C), uint8 or float in 0..1, to float32 (T, h, w, C) in 0..1."""
    values = frames.astype(np.float32) / 255 if frames.dtype == np.uint8 else frames.astype(np.float32)
    if values.shape[1:3] == tuple(size):
        return values
    planes = torch.from_numpy(values).permute(0, 3, 1, 2)
    resized = interpolate(planes, size=size, mode="bicubic", align_corners=False, antialias=True)
    return resized.clamp_(0, 1).permute(0, 2, 3, 1).contiguous().numpy()


def enlarge(shares: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Bilinear upsampling of a float map (h, w) to `size`."""
    if shares.min() == shares.max():
        return np.full(size, shares.flat[0], np.float32)
    return _enlarged(torch.from_numpy(np.ascontiguousarray(shares, dtype=np.float32))[None], size)[0].numpy()


def _enlarged(planes: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    return interpolate(planes[None].contiguous(), size=size, mode="bilinear", align_corners=False)[0]


def carry(full: np.ndarray, guide: np.ndarray, edited: np.ndarray, region: np.ndarray) -> np.ndarray:
    """Applies an edit made at a small size to the full-size source frame.

    full: uint8 (H, W, 3). guide: float (h, w, 3) in 0..1, the source as the model sees it (through its VAE,
    so that the VAE's blur is not taken for a part of the edit). edited: float (h, w, 3) in 0..1, the model's
    result. region: float (h, w) in 0..1, where the edit is. Returns float32 (H, W, 3) in 0..1, meaningful
    where the enlarged region is above 0.

    The edit is written as edited = A guide + b + rest, where A (3x3) and b vary slowly (a colour guided
    filter: He, Sun, Tang 2013), and the result is A full + b + rest, all three enlarged. Light and style
    keep the source's detail through A; in new content A is about 0 and `rest` carries it.
    """
    transform, offset = _local_transforms(guide, edited, region)
    explained = np.einsum("hwij,hwj->hwi", transform, guide) + offset
    maps = np.concatenate([transform.reshape(*guide.shape[:2], 9), offset + edited - explained], axis=-1)
    result = full.astype(np.float32) / 255
    rows, columns = _extent(enlarge(region, full.shape[:2]) > 0)
    if rows is None:
        return result
    # Planes, not pixels, are multiplied: several times faster than a small product at each pixel.
    large = _enlarged(torch.from_numpy(maps.astype(np.float32)).permute(2, 0, 1), full.shape[:2])
    large = large[:, rows, columns]
    source = torch.from_numpy(result[rows, columns]).permute(2, 0, 1).contiguous()
    for channel in range(3):
        carried = large[9 + channel]
        for other in range(3):
            carried = carried.addcmul(large[3 * channel + other], source[other])
        result[rows, columns, channel] = carried.clamp_(0, 1).numpy()
    return result


RIDGE = 4e-4
"""Colour variance, in (0..1)^2, below which a window says little about A: deviations of about 5/255."""


def _local_transforms(guide: np.ndarray, edited: np.ndarray, region: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A (h, w, 3, 3) and b (h, w, 3): ridge regression of edited on guide in windows, coarse to fine.

    Each scale is drawn to the result of the coarser one where its window has no contrast, and the coarsest
    (the whole region) to the identity, so that a plain wall keeps the texture that the model cannot see.
    """
    height, width = guide.shape[:2]
    weight = region.astype(np.float64) + 1e-3
    prior = np.broadcast_to(np.eye(3), (height, width, 3, 3))
    moments = np.concatenate(
        [
            np.ones((height, width, 1)),
            guide,
            edited,
            np.einsum("hwi,hwj->hwij", guide, guide).reshape(height, width, 9),
            np.einsum("hwi,hwj->hwij", edited, guide).reshape(height, width, 9),
        ],
        axis=-1,
    )
    moments = moments * weight[..., None]
    for radius in (None, max(height, width) // 8, 2):
        means = _window_means(moments, radius)
        means = means[..., 1:] / means[..., :1]
        mean_guide, mean_edited = means[..., :3], means[..., 3:6]
        shape = (height, width, 3, 3)
        variance = means[..., 6:15].reshape(shape) - mean_guide[..., :, None] * mean_guide[..., None, :]
        covariance = means[..., 15:].reshape(shape) - mean_edited[..., :, None] * mean_guide[..., None, :]
        damped = variance + RIDGE * np.eye(3)
        # A (V + r 1) = C + r A_prior; V is symmetric.
        prior = np.linalg.solve(damped, (covariance + RIDGE * prior).swapaxes(-1, -2)).swapaxes(-1, -2)
    offset = mean_edited - np.einsum("hwij,hwj->hwi", prior, mean_guide)
    return prior, offset


def _window_means(maps: np.ndarray, radius: int | None) -> np.ndarray:
    """Means over squares of (2 radius + 1)^2 pixels, or over the whole picture."""
    if radius is None:
        return np.broadcast_to(maps.mean((0, 1)), maps.shape)
    return uniform_filter(maps, size=(2 * radius + 1, 2 * radius + 1, 0), mode="nearest")


def _extent(support: np.ndarray) -> tuple[slice, slice] | tuple[None, None]:
    """Rows and columns of the box around the true pixels."""
    rows, columns = np.flatnonzero(support.any(1)), np.flatnonzero(support.any(0))
    if not len(rows):
        return None, None
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
