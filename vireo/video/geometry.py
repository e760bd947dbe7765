"""Between the size of a clip and the size of a model; the way back of an edit is in `color_transform`."""

import math

import numpy as np
import torch
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


def resize(frame: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Antialiased bicubic resize of a frame, uint8 (H, W, 3), to uint8 (*size, 3).

    torch has a path for bytes that is 19 times faster than the one for floats, from which it differs by at most 1/255.
    """
    if frame.shape[:2] == tuple(size):
        return frame
    planes = torch.from_numpy(np.ascontiguousarray(frame)).permute(2, 0, 1)[None]
    resized = interpolate(planes, size=size, mode="bicubic", align_corners=False, antialias=True)
    return np.ascontiguousarray(resized[0].permute(1, 2, 0).numpy())


def enlarge(shares: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Bilinear upsampling of a float map (h, w) to `size`."""
    if shares.min() == shares.max():
        return np.full(size, shares.flat[0], np.float32)
    plane = torch.from_numpy(np.ascontiguousarray(shares, dtype=np.float32))
    return interpolate(plane[None, None], size=size, mode="bilinear", align_corners=False)[0, 0].numpy()


def side_of(frames: np.ndarray) -> float:
    """Side in pixels of the square that has the area of a frame (T, H, W, ...); lengths are given as shares of it."""
    return math.sqrt(frames.shape[1] * frames.shape[2])


def to_uint8(frames: np.ndarray) -> np.ndarray:
    """Float in 0..1 to the nearest of 0..255; uint8 as it is."""
    return frames if frames.dtype == np.uint8 else np.clip(np.rint(frames * 255), 0, 255).astype(np.uint8)
