"""Clips that are not of the studio: draws them from seeds, and films them."""

import math
from functools import lru_cache
from typing import get_args

import numpy as np
from PIL import Image

from vireo.video.operations import relight, rounded
from vireo.world.appearance import pick
from vireo.world.canvases import CANVAS_PIXELS, cutout, draw_canvas
from vireo.world.sampling import draw_look
from vireo.world.scene import CanvasKind, Footage, Layer

_FINE = 2
"""Frames are sampled so many times finer and then averaged down."""


def sample_footage(seed: int) -> Footage:
    """The footage of a seed (0 or more)."""
    rng = np.random.default_rng([seed, 2])
    front = _layer(rng) if rng.random() < 0.4 else None
    return Footage(seed=seed, back=_layer(rng), front=front, look=draw_look(rng))


def _layer(rng: np.random.Generator) -> Layer:
    """A way of the camera that stays on the canvas: still, or a pan, a zoom and a slight turn."""
    kinds: tuple[CanvasKind, ...] = get_args(CanvasKind)
    size = rng.uniform(0.3, 0.68)
    room = 0.5 - 0.72 * size
    begin = np.array([*rng.uniform(-room, room, 2) + 0.5, size, rng.uniform(-6, 6)])
    end = begin.copy()
    if rng.random() < 0.8:
        end[2] *= rng.uniform(0.85, 1 / 0.85)
        room = 0.5 - 0.72 * end[2]
        end[:2] = np.clip(begin[:2] + rng.normal(0, 0.05, 2), 0.5 - room, 0.5 + room)
        end[3] += rng.normal(0, 2)
    canvas, seed = pick(rng, kinds), int(rng.integers(1 << 30))
    return Layer(canvas=canvas, seed=seed, begin=begin.round(4).tolist(), end=end.round(4).tolist())


def shoot(footage: Footage) -> np.ndarray:
    """The pictures uint8 (T, H, W, 3) before lens and effects, in the footage's light."""
    shape = (footage.frames, footage.height, footage.width)
    frames = _shot(footage.back, footage.front, shape)  # pyright: ignore[reportArgumentType] (frozen models have a hash)
    return rounded(relight(frames, footage.light.gain))


@lru_cache(maxsize=1)  # every edit of a footage shoots the same
def _shot(back: Layer, front: Layer | None, shape: tuple[int, int, int]) -> np.ndarray:
    """float32 (T, H, W, 3) in 0..255."""
    frames = _crossed(back, shape, draw_canvas(back.canvas, back.seed))
    if front is not None:
        share = _crossed(front, shape, np.round(cutout(front.seed) * 255).astype(np.uint8))[..., None] / 255
        frames += share * (_crossed(front, shape, draw_canvas(front.canvas, front.seed)) - frames)
    frames.setflags(write=False)
    return frames


def _crossed(layer: Layer, shape: tuple[int, int, int], canvas: np.ndarray) -> np.ndarray:
    """float32 (T, H, W, ...): what the camera sees of a canvas on the layer's way across it."""
    image = Image.fromarray(canvas)
    count, high, wide = shape[0], shape[1] * _FINE, shape[2] * _FINE
    seen = []
    for x, y, size, turn in np.linspace(layer.begin, layer.end, count):
        scale, angle = size * CANVAS_PIXELS / wide, math.radians(turn)
        a, b = scale * math.cos(angle), -scale * math.sin(angle)
        left = x * CANVAS_PIXELS - a * wide / 2 - b * high / 2
        top = y * CANVAS_PIXELS + b * wide / 2 - a * high / 2
        affine = (a, b, left, -b, a, top)
        fine = image.transform((wide, high), Image.Transform.AFFINE, affine, Image.Resampling.BICUBIC)
        seen.append(np.asarray(fine.reduce(_FINE)))
    return np.stack(seen).astype(np.float32)
