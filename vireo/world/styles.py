"""Canonical picture functions: each takes uint8 frames (T, H, W, 3) and gives frames of the same shape.

They have no parameters, so that a style word means exactly one picture. Those that mean the same at every size are in
`vireo.video.operations`; here are those that are defined in the studio's pixels, and fog, which takes the depth.
"""

from collections.abc import Callable, Sequence

import numpy as np
from scipy.ndimage import gaussian_filter, median_filter, sobel

from vireo.video.operations import LUMA, OPERATIONS, luma
from vireo.world.scene import EffectName

_FOG = np.array([206, 210, 214], dtype=np.float32)
_FOG_START, _FOG_DENSITY = 4.4, 0.5


def _bytes(picture: np.ndarray) -> np.ndarray:
    return np.round(np.clip(picture, 0, 255)).astype(np.uint8)


def _edges(frames: np.ndarray, sigma: float) -> np.ndarray:
    """Gradient magnitude of the brightness (T, H, W) in levels a pixel."""
    gray = gaussian_filter(luma(frames), (0, sigma, sigma))
    return np.hypot(sobel(gray, 1), sobel(gray, 2)) / 8


def _vivid(picture: np.ndarray, saturation: float, contrast: float) -> np.ndarray:
    level = (picture @ LUMA)[..., None]
    return (level + (picture - level) * saturation - 128) * contrast + 128


def sketch(frames: np.ndarray) -> np.ndarray:
    """Pencil drawing: dark lines where the brightness changes, light shading, on paper white."""
    line = np.clip(_edges(frames, 1.0) * 3, 0, 140)
    shade = 0.3 * (255 - gaussian_filter(luma(frames), (0, 1.0, 1.0)))
    return _bytes(np.repeat((252 - shade - line)[..., None], 3, -1))


def pixel(frames: np.ndarray) -> np.ndarray:
    """Pixel art: every 4 by 4 block has its mean colour, made vivid."""
    count, height, width, _ = frames.shape
    pad = np.pad(frames, ((0, 0), (0, -height % 4), (0, -width % 4), (0, 0)), mode="edge").astype(np.float32)
    block = pad.reshape(count, pad.shape[1] // 4, 4, pad.shape[2] // 4, 4, 3).mean((2, 4))
    return _bytes(_vivid(block, 1.5, 1.2).repeat(4, 1).repeat(4, 2)[:, :height, :width])


def oil(frames: np.ndarray) -> np.ndarray:
    """Oil painting: small detail melts into patches, colours gain strength."""
    return _bytes(_vivid(median_filter(frames, size=(1, 5, 5, 1)).astype(np.float32), 1.9, 1.35))


def cartoon(frames: np.ndarray) -> np.ndarray:
    """Cartoon: flat strong colours with dark outlines."""
    flat = median_filter(frames, size=(1, 5, 5, 1)).astype(np.float32)
    ink = np.clip((_edges(flat, 0.8) - 16) / 40, 0, 0.85)[..., None]
    return _bytes((_vivid(flat, 1.6, 1.0) + 24) * (1 - ink))


def fog(frames: np.ndarray, depth: np.ndarray) -> np.ndarray:
    """Fog that thickens with depth (T, H, W) in metres from the camera."""
    clear = np.exp(-_FOG_DENSITY * np.maximum(depth - _FOG_START, 0))[..., None].astype(np.float32)
    return _bytes(_FOG + (frames - _FOG) * clear)


_BY_NAME: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    **OPERATIONS,
    **{effect.__name__: effect for effect in (sketch, pixel, oil, cartoon)},
}


def apply(effects: Sequence[EffectName], frames: np.ndarray, depth: np.ndarray | None) -> np.ndarray:
    """Applies the named effects in order; only fog needs the depth (T, H, W)."""
    for name in effects:
        if name == "fog":
            assert depth is not None, "fog needs depth"
            frames = fog(frames, depth)
        else:
            frames = _BY_NAME[name](frames)
    return frames
