"""Procedural textures, uint8 RGB. Detail is moderate on purpose: fine contrast is lost in video.

Floors and backdrops come from (kind, seed); seed None is the canonical look, other seeds vary hue, contrast
and layout of the same kind. Object patterns are cube maps made from the body's colour.
"""

import zlib
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike
from scipy.ndimage import gaussian_filter, zoom

from vireo.world.scene import Vector

FLOOR_PIXELS = 128
BACKDROP_SIZE = (64, 192)
CUBE_PIXELS = 24


def _noise(rng: np.random.Generator, shape: tuple[int, int], cells: tuple[int, int]) -> np.ndarray:
    """Smooth periodic noise in -1..1 with about `cells` bumps down and across."""
    coarse = np.pad(rng.uniform(-1, 1, cells), 2, mode="wrap")
    fine = np.asarray(zoom(coarse, np.divide(shape, cells), order=1, mode="nearest", grid_mode=True))
    top, left = (fine.shape[0] - shape[0]) // 2, (fine.shape[1] - shape[1]) // 2
    return fine[top : top + shape[0], left : left + shape[1]]


def _fractal(rng: np.random.Generator, shape: tuple[int, int], cells: tuple[int, int]) -> np.ndarray:
    octaves = (_noise(rng, shape, (cells[0] * 2**k, cells[1] * 2**k)) / 2**k for k in range(3))
    return sum(octaves, np.zeros(shape)) / 1.75


def _mix(low: ArrayLike, high: ArrayLike, weight: np.ndarray) -> np.ndarray:
    return np.asarray(low) + np.subtract(high, low) * np.clip(weight, 0, 1)[..., None]


def _grid(shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Row and column of every texel as fractions 0..1; row 0 is the top."""
    return np.meshgrid((np.arange(shape[0]) + 0.5) / shape[0], (np.arange(shape[1]) + 0.5) / shape[1], indexing="ij")


def _lines(position: np.ndarray, width: float) -> np.ndarray:
    """1 on lines at whole numbers, 0 between them."""
    return (np.abs(position - np.round(position)) < width).astype(float)


def _texels(picture: np.ndarray) -> np.ndarray:
    return np.round(np.clip(picture, 0, 1) * 255).astype(np.uint8)


def _floor(kind: str, rng: np.random.Generator) -> np.ndarray:
    shape = (FLOOR_PIXELS, FLOOR_PIXELS)
    row, column = _grid(shape)
    if kind == "plain":
        return np.full((*shape, 3), 0.62)
    if kind == "wood":
        plank = np.floor(row * 8).astype(int)
        tone = rng.uniform(-0.5, 0.5, 8)[plank] + 0.5 * _noise(rng, shape, (32, 4))
        picture = _mix((0.50, 0.30, 0.14), (0.74, 0.50, 0.28), 0.5 + tone)
        return picture * (1 - 0.45 * _lines(row * 8, 0.04))[..., None]
    if kind == "grass":
        blades = _fractal(rng, shape, (12, 12))
        return _mix((0.12, 0.36, 0.08), (0.36, 0.62, 0.18), 0.5 + 0.8 * blades)
    if kind == "sand":
        ripple = np.sin(2 * np.pi * (row * 10 + 0.5 * _noise(rng, shape, (4, 4))))
        return _mix((0.74, 0.62, 0.40), (0.90, 0.79, 0.56), 0.5 + 0.35 * ripple)
    if kind == "snow":
        drift = _fractal(rng, shape, (5, 5))
        return _mix((0.70, 0.75, 0.84), (0.91, 0.93, 0.97), 0.6 + 0.7 * drift)
    if kind == "checkered":
        dark = ((np.floor(row * 8) + np.floor(column * 8)) % 2)[..., None]
        return np.array([0.86, 0.86, 0.84]) * (1 - dark) + np.array([0.20, 0.20, 0.22]) * dark
    if kind == "marble":
        vein = np.abs(np.sin(2 * np.pi * (2 * row + column + 0.6 * _fractal(rng, shape, (4, 4)))))
        return _mix((0.42, 0.42, 0.48), (0.80, 0.79, 0.78), 3.0 * vein)
    if kind == "carpet":
        ring = np.maximum(np.abs(row * 4 % 1 - 0.5), np.abs(column * 4 % 1 - 0.5))
        return _mix((0.44, 0.07, 0.12), (0.72, 0.52, 0.22), (ring > 0.25) & (ring < 0.36))
    if kind == "stone":
        return _mix((0.34, 0.34, 0.35), (0.60, 0.59, 0.57), 0.5 + 0.7 * _fractal(rng, shape, (9, 9)))
    if kind == "tiles":
        grout = np.maximum(_lines(row * 6, 0.06), _lines(column * 6, 0.06))
        return _mix((0.46, 0.66, 0.70), (0.88, 0.90, 0.88), grout)
    assert kind == "ice", kind
    crack = np.abs(_fractal(rng, shape, (5, 5))) < 0.035
    return _mix((0.36, 0.54, 0.72), (0.74, 0.84, 0.92), gaussian_filter(crack * 1.6, 0.8))


def _ridge(rng: np.random.Generator, width: int, cells: int) -> np.ndarray:
    """A line of hills across the picture, -1..1."""
    return _fractal(rng, (8, width), (1, cells))[0]


def _backdrop(kind: str, rng: np.random.Generator) -> np.ndarray:
    shape = BACKDROP_SIZE
    row, column = _grid(shape)
    if kind == "plain":
        return np.full((*shape, 3), 0.62)
    if kind == "wall":
        return np.array([0.74, 0.70, 0.62]) + 0.04 * _noise(rng, shape, (4, 12))[..., None]
    if kind == "bricks":
        course = np.floor(row * 8)
        across = column * 16 + 0.5 * (course % 2)
        tone = rng.uniform(0, 1, (8, 17))[course.astype(int), np.floor(across).astype(int)]
        joint = np.maximum(_lines(row * 8, 0.10), _lines(across, 0.06))
        brick = _mix((0.48, 0.19, 0.13), (0.68, 0.33, 0.24), tone)
        return brick + (np.array([0.72, 0.69, 0.65]) - brick) * joint[..., None]
    if kind == "sky":
        sky = _mix((0.66, 0.82, 0.97), (0.22, 0.46, 0.88), 1 - row)
        return _mix(sky, (1, 1, 1), 2.2 * _fractal(rng, shape, (3, 7)) - 0.35)
    if kind == "mountains":
        sky = _mix((0.80, 0.88, 0.95), (0.45, 0.64, 0.88), 1 - row)
        height = row - (0.55 + 0.30 * _ridge(rng, shape[1], 9))
        rock = _mix((0.93, 0.95, 0.98), (0.33, 0.36, 0.46), (height - 0.08) * 12)
        return np.where(height[..., None] > 0, rock, sky)
    if kind == "forest":
        trunk = np.floor(column * 24).astype(int)
        tone = rng.uniform(0, 1, 24)[trunk] + 0.5 * _noise(rng, shape, (8, 24))
        return _mix((0.04, 0.16, 0.07), (0.20, 0.40, 0.14), tone)
    if kind == "curtain":
        fold = np.sin(2 * np.pi * (column * 18 + 0.3 * _noise(rng, shape, (1, 8))))
        return _mix((0.34, 0.04, 0.10), (0.74, 0.12, 0.20), 0.5 + 0.5 * fold)
    if kind == "stars":
        glow = np.zeros(shape)
        glow[rng.integers(0, shape[0], 70), rng.integers(0, shape[1], 70)] = rng.uniform(3, 6, 70)
        return _mix((0.03, 0.03, 0.14), (1.0, 1.0, 0.92), gaussian_filter(glow, 0.6))
    if kind == "sea":
        sky = _mix((0.86, 0.92, 0.96), (0.55, 0.75, 0.93), 1 - row * 1.5)
        wave = np.sin(2 * np.pi * (row * 14 + 0.8 * _noise(rng, shape, (6, 14))))
        water = _mix((0.04, 0.28, 0.50), (0.16, 0.48, 0.66), 0.5 + 0.5 * wave)
        return np.where((row > 0.55)[..., None], water, sky)
    if kind == "desert":
        sky = _mix((0.98, 0.86, 0.66), (0.56, 0.74, 0.92), 1 - row * 1.2)
        dune = row > 0.60 + 0.18 * _ridge(rng, shape[1], 6)
        sand = _mix((0.72, 0.46, 0.24), (0.92, 0.70, 0.42), row * 1.2 - 0.3)
        return np.where(dune[..., None], sand, sky)
    assert kind == "wallpaper", kind
    band = (np.floor(column * 32) % 2)[..., None]
    return np.array([0.90, 0.86, 0.72]) * band + np.array([0.40, 0.56, 0.48]) * (1 - band)


@lru_cache(maxsize=64)
def surface(part: str, kind: str, seed: int | None) -> np.ndarray:
    """The texture of a `floor` (FLOOR_PIXELS square) or `backdrop` (BACKDROP_SIZE): uint8 (h, w, 3)."""
    rng = np.random.default_rng([zlib.crc32(f"{part} {kind}".encode()), 0 if seed is None else seed + 1])
    picture = (_floor if part == "floor" else _backdrop)(kind, rng)
    if seed is not None:
        tint = rng.uniform(0.88, 1.12, 3) * rng.uniform(0.85, 1.1)
        middle = picture.mean((0, 1))
        picture = (middle + (picture - middle) * rng.uniform(0.7, 1.15)) * tint
        if part == "floor":
            rolled = np.roll(picture, tuple(rng.integers(0, FLOOR_PIXELS, 2)), (0, 1))
            picture = np.rot90(rolled, int(rng.integers(0, 4)))
        else:
            picture = np.roll(picture, int(rng.integers(0, BACKDROP_SIZE[1])), 1)
    texture = _texels(picture)
    texture.setflags(write=False)
    return texture


def _cube_points() -> np.ndarray:
    """Points (6, n, n, 3) on the cube of half side 1 for the faces +x -x +y -y +z -z in MuJoCo's layout."""
    step = (np.arange(CUBE_PIXELS) + 0.5) / CUBE_PIXELS * 2 - 1
    down, across = np.meshgrid(step, step, indexing="ij")
    one = np.ones_like(down)
    return np.stack(
        [
            np.stack([one, -down, -across], -1),
            np.stack([-one, -down, across], -1),
            np.stack([across, one, down], -1),
            np.stack([across, -one, -down], -1),
            np.stack([across, -down, one], -1),
            np.stack([-across, -down, -one], -1),
        ]
    )


def pattern(material: str, rgb: Vector) -> np.ndarray:
    """The cube map (6 n, n, 3) uint8 of a `striped`, `checkered` or `metal` body of this colour.

    Stripes alternate with white, checks with near black; metal runs through a bright, a dark and a middle
    band like a mirror of sky and ground.
    """
    points = _cube_points()
    if material == "striped":
        wave = np.sin(1.15 * np.pi * (points[..., 0] * 0.7 + points[..., 2] + 0.25))
        picture = _mix(rgb, (0.97, 0.97, 0.97), wave > 0)
    elif material == "checkered":
        picture = _mix(rgb, (0.06, 0.06, 0.07), np.floor((points * 0.999 + 1) * 1.5).sum(-1) % 2)
    else:
        assert material == "metal", material
        height = points[..., 2] / np.linalg.norm(points, axis=-1)
        tone = np.interp(height, [-1, -0.35, -0.05, 0.05, 0.45, 1], [0.55, 0.75, 0.22, 0.30, 0.95, 1.15])
        picture = np.array(rgb) * tone[..., None] + 0.25 * np.clip(tone - 0.7, 0, 1)[..., None]
    return _texels(picture).reshape(6 * CUBE_PIXELS, CUBE_PIXELS, 3)
