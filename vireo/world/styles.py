"""Canonical picture functions: each takes uint8 frames (T, H, W, 3) and gives frames of the same shape.

They have no parameters, so that a style word means exactly one picture. Fog also takes the depth.
"""

from collections.abc import Callable, Sequence

import numpy as np
from scipy.ndimage import gaussian_filter, median_filter, sobel

from vireo.world.scene import EffectName

_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)
_FOG = np.array([206, 210, 214], dtype=np.float32)
_FOG_START, _FOG_DENSITY = 4.4, 0.5
_SPOT_CENTER, _SPOT_RADIUS = (0.5, 0.55), 0.34


def _bytes(picture: np.ndarray) -> np.ndarray:
    return np.round(np.clip(picture, 0, 255)).astype(np.uint8)


def _luma(frames: np.ndarray) -> np.ndarray:
    return frames.astype(np.float32) @ _LUMA


def _edges(frames: np.ndarray, sigma: float) -> np.ndarray:
    """Gradient magnitude of the brightness (T, H, W) in levels a pixel."""
    gray = gaussian_filter(_luma(frames), (0, sigma, sigma))
    return np.hypot(sobel(gray, 1), sobel(gray, 2)) / 8


def _vivid(picture: np.ndarray, saturation: float, contrast: float) -> np.ndarray:
    level = (picture @ _LUMA)[..., None]
    return (level + (picture - level) * saturation - 128) * contrast + 128


def _two_tone(level: np.ndarray, dark: Sequence[int], bright: Sequence[int]) -> np.ndarray:
    """Colours between two inks by a brightness (T, H, W) in 0..1."""
    low, high = np.array(dark, np.float32), np.array(bright, np.float32)
    return _bytes(low + (high - low) * level[..., None])


def gray(frames: np.ndarray) -> np.ndarray:
    """Black and white: the luma of Rec. 601."""
    return _bytes(np.repeat(_luma(frames)[..., None], 3, -1))


def sepia(frames: np.ndarray) -> np.ndarray:
    """Brownish old photograph: luma from dark brown to cream."""
    return _two_tone(_luma(frames) / 255, (34, 20, 8), (255, 238, 200))


def sketch(frames: np.ndarray) -> np.ndarray:
    """Pencil drawing: dark lines where the brightness changes, light shading, on paper white."""
    line = np.clip(_edges(frames, 1.0) * 3, 0, 140)
    shade = 0.3 * (255 - gaussian_filter(_luma(frames), (0, 1.0, 1.0)))
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


def negative(frames: np.ndarray) -> np.ndarray:
    """The film negative: every channel inverted."""
    return 255 - frames


def poster(frames: np.ndarray) -> np.ndarray:
    """Poster in two inks: brightness runs from deep violet to warm yellow."""
    level = np.clip((_luma(frames) / 255 - 0.5) * 1.3 + 0.5, 0, 1)
    return _two_tone(level, (60, 12, 120), (255, 226, 70))


def cartoon(frames: np.ndarray) -> np.ndarray:
    """Cartoon: flat strong colours with dark outlines."""
    flat = median_filter(frames, size=(1, 5, 5, 1)).astype(np.float32)
    ink = np.clip((_edges(flat, 0.8) - 16) / 40, 0, 0.85)[..., None]
    return _bytes((_vivid(flat, 1.6, 1.0) + 24) * (1 - ink))


def spotlight(frames: np.ndarray) -> np.ndarray:
    """A spot of light in the middle of the picture, the rest dark."""
    height, width = frames.shape[1:3]
    row = ((np.arange(height) + 0.5) / height - _SPOT_CENTER[1])[:, None]
    column = ((np.arange(width) + 0.5) / width - _SPOT_CENTER[0])[None]
    weight = 1 / (1 + np.exp((np.hypot(row, column) - _SPOT_RADIUS) / 0.035))
    return _bytes(frames * (0.22 + 0.93 * weight)[None, :, :, None])


def fog(frames: np.ndarray, depth: np.ndarray) -> np.ndarray:
    """Fog that thickens with depth (T, H, W) in metres from the camera."""
    clear = np.exp(-_FOG_DENSITY * np.maximum(depth - _FOG_START, 0))[..., None].astype(np.float32)
    return _bytes(_FOG + (frames - _FOG) * clear)


_WITHOUT_DEPTH = (gray, sepia, sketch, pixel, oil, negative, poster, cartoon, spotlight)
_BY_NAME: dict[str, Callable[[np.ndarray], np.ndarray]] = {effect.__name__: effect for effect in _WITHOUT_DEPTH}


def apply(effects: Sequence[EffectName], frames: np.ndarray, depth: np.ndarray | None) -> np.ndarray:
    """Applies the named effects in order; only fog needs the depth (T, H, W)."""
    for name in effects:
        if name == "fog":
            assert depth is not None, "fog needs depth"
            frames = fog(frames, depth)
        else:
            frames = _BY_NAME[name](frames)
    return frames
