"""Lens, film and overlays: what happens to a picture between the studio and the viewer."""

import io
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy.ndimage import gaussian_filter

from vireo.world.scene import Look, Watermark


def apply_lens(frames: np.ndarray, look: Look) -> np.ndarray:
    """Exposure and blur of uint8 frames (T, H, W, 3)."""
    picture = gaussian_filter(frames.astype(np.float32) * look.exposure, (0, look.blur, look.blur, 0))
    return np.round(np.clip(picture, 0, 255)).astype(np.uint8)


def apply_grain(frames: np.ndarray, look: Look) -> np.ndarray:
    """Grain, then compression, of uint8 frames (T, H, W, 3). The same look gives the same grain always."""
    if look.grain > 0:
        noise = np.random.default_rng(look.grain_seed).normal(0, look.grain, frames.shape[:3]).astype(np.float32)
        frames = np.round(np.clip(frames + noise[..., None], 0, 255)).astype(np.uint8)
    if look.quality is not None:
        frames = np.stack([_compress(frame, look.quality) for frame in frames])
    return frames


def _compress(frame: np.ndarray, quality: int) -> np.ndarray:
    buffer = io.BytesIO()
    Image.fromarray(frame).save(buffer, "JPEG", quality=quality, subsampling=0)
    return np.asarray(Image.open(buffer))


@lru_cache(maxsize=16)
def _stencil(kind: str, text: str) -> np.ndarray:
    """The mark's coverage 0..1 as a small picture."""
    if kind == "text":
        font = ImageFont.load_default(size=13)
        left, top, right, bottom = font.getbbox(text)
        image = Image.new("L", (int(right - left) + 2, int(bottom - top) + 2))
        ImageDraw.Draw(image).text((1 - left, 1 - top), text, 255, font=font)
        return np.asarray(image, dtype=np.float32) / 255
    size, fold = 19, 4
    image = Image.new("L", (size * fold, size * fold))
    draw, end, middle = ImageDraw.Draw(image), size * fold - 1, (size * fold - 1) / 2
    if text == "disc":
        draw.ellipse((0, 0, end, end), 255)
        draw.ellipse((end * 0.3, end * 0.3, end * 0.7, end * 0.7), 0)
    elif text == "square":
        draw.rectangle((0, 0, end, end), 255)
        draw.rectangle((end * 0.28, end * 0.28, end * 0.72, end * 0.72), 0)
    else:
        angle = np.pi / 5 * np.arange(10) - np.pi / 2
        reach = np.where(np.arange(10) % 2 == 0, middle, middle * 0.45)
        corners = np.stack([middle + reach * np.cos(angle), middle + reach * np.sin(angle)], 1)
        draw.polygon([tuple(corner) for corner in corners], 255)
    return np.asarray(image.resize((size, size), Image.Resampling.BOX), dtype=np.float32) / 255


def draw_watermark(frames: np.ndarray, mark: Watermark) -> np.ndarray:
    """Draws a watermark into uint8 frames (T, H, W, 3), moved inwards where it would hang over the border."""
    stencil = _stencil(mark.kind, mark.text)
    height, width = frames.shape[1:3]
    high, wide = stencil.shape
    top = int(np.clip(round(mark.place[1] * height - high / 2), 1, height - high - 1))
    left = int(np.clip(round(mark.place[0] * width - wide / 2), 1, width - wide - 1))
    cover = (stencil * mark.opacity)[None, :, :, None]
    result = frames.copy()
    part = frames[:, top : top + high, left : left + wide].astype(np.float32)
    color = np.array(mark.color, dtype=np.float32) * 255
    result[:, top : top + high, left : left + wide] = np.round(part + (color - part) * cover).astype(np.uint8)
    return result
