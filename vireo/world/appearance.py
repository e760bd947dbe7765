"""How objects look: shades of named colours and materials that show, and typed draws from options.

Loads nothing but numpy, so that edit families, naming and captions can use it without MuJoCo.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import TypeVar

import numpy as np

from vireo.world import palette
from vireo.world.scene import Color, Material, Shape, Vector, to_vector

_T = TypeVar("_T")
_K = TypeVar("_K", bound=str)

_MATERIAL_SHARES: dict[Material, float] = {
    "matte": 0.34,
    "shiny": 0.16,
    "metal": 0.14,
    "glass": 0.10,
    "striped": 0.13,
    "checkered": 0.13,
}


def pick(rng: np.random.Generator, options: Iterable[_T], without: Collection[object] = ()) -> _T:
    """One of the options that are not in `without`, all equally likely."""
    choices = [option for option in options if option not in without]
    return choices[int(rng.integers(len(choices)))]


def weighted(rng: np.random.Generator, weights: Mapping[_K, float]) -> _K:
    """One of the keys, with these probabilities (which sum to 1)."""
    return list(weights)[int(rng.choice(len(weights), p=list(weights.values())))]


def jitter(rng: np.random.Generator, color: Color) -> Vector:
    """A shade near the named colour's exact one, still closer to it than to any other name."""
    exact = np.array(palette.COLORS[color])
    others = np.array([shade for name, shade in palette.COLORS.items() if name != color])
    while True:
        shade = np.clip(exact * rng.uniform(0.86, 1.06) + rng.normal(0, 1, 3) * (0.006 + 0.02 * exact), 0.03, 1.0)
        if np.linalg.norm(shade - exact) < 0.5 * np.linalg.norm(others - exact, axis=1).min():
            return to_vector(np.round(shade, 4))


def draw_material(rng: np.random.Generator, shape: Shape, color: Color) -> Material:
    """A material that shows on this shape and colour; matte and shiny are half of all or more."""
    material = weighted(rng, _MATERIAL_SHARES)
    return material if material_fits(material, shape, color) else "matte"


def material_fits(material: Material, shape: Shape, color: Color) -> bool:
    """Whether the material shows on this shape, and the colour is still recognised.

    Black and white bodies have no patterns: black with white checks is no blacker than white with black ones.
    """
    if material in ("striped", "checkered"):
        return color not in ("white", "black")
    return material != "shiny" or highlights(shape)


def highlights(shape: Shape) -> bool:
    """Whether shiny and matte differ visibly on this shape; the others are never sampled as shiny."""
    return shape not in ("cube", "cylinder", "cone")
