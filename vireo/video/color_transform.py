"""An edit made at a model's size, applied to a frame of any size.

A resize would lose all detail that the model never saw. So the edit is written as a colour transform of the source that
varies slowly over the picture, plus a rest (a colour guided filter: He, Sun and Tang, "Guided Image Filtering", 2013):

    edited = A guide + b,   guide: the source as the model sees it, A: (3, 3) and b: (3,) at each pixel, b with the rest

and A source + b is the edit at full size. Light and style keep the source's detail through A; in new content A is about
0 and b carries it. At the model's own size the result is edited + A (source - guide): what the autoencoder lost comes
back as far as the edit keeps it.
"""

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

RIDGE = 4e-4
"""Colour variance, in (0..1)^2, below which a window says little about A: deviations of about 5/255. Of 1e-4, 4e-4 and
16e-4 the one with the least edit error at 4 times the model's size (docs/log.md, 2026-11-27)."""

WINDOW = 2
"""Radius in pixels of the windows in which A is fitted, after it was fitted to the whole picture."""

_ONE, _OTHER = torch.triu_indices(3, 3)
"""Rows and columns of the upper triangle of a 3x3 matrix."""

_TILE = (60, 320)
"""Rows and columns of a large frame that are computed at a time, so that they stay in the processor's cache."""


def color_transform(guide: np.ndarray, edited: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """The transform of an edit: source + alpha (A source + b - source) = source + M source + v, as M and v.

    guide, edited: float (T, h, w, 3) in 0..1. alpha: float (T, h, w) in 0..1, the share of the edit in each pixel; A is
    fitted where it is above 0. Returns float32 (T, 12, h, w), nine maps of M = alpha (A - 1), by rows, and three of
    v = alpha b, all exactly 0 where alpha is.
    """
    g, e = (torch.from_numpy(np.ascontiguousarray(x, np.float32)).permute(0, 3, 1, 2) for x in (guide, edited))
    share = torch.from_numpy(np.ascontiguousarray(alpha, np.float32))[:, None]
    matrix = _fit(g, e, share)
    offset = e - (matrix * g[:, None]).sum(2)
    matrix = matrix - torch.eye(3)[:, :, None, None]
    return (share * torch.cat([matrix.flatten(1, 2), offset], 1)).numpy()


def _fit(guide: Tensor, edited: Tensor, alpha: Tensor) -> Tensor:
    """A, (T, 3, 3, h, w): ridge regression of `edited` on `guide` in windows, weighted by alpha.

    Where a window has no contrast, its A is drawn to that of the whole picture, and that to the identity, so that a
    plain wall keeps the texture that the model cannot see.
    """
    weight = alpha + 1e-3
    squares = guide[:, _ONE] * guide[:, _OTHER]
    products = (edited[:, :, None] * guide[:, None]).flatten(1, 2)
    moments = weight * torch.cat([torch.ones_like(weight), guide, edited, squares, products], 1)
    whole = _ridge(_window_mean(moments, None), torch.eye(3)[:, :, None, None])
    matrix = _ridge(_window_mean(moments, WINDOW), whole)
    # Detail comes back where nearly all of it is still seen. Where a window keeps less than the region as a whole does
    # (a letter that is gone but for a trace), hardly any of it may: to the fourth power.
    kept = (matrix * whole).sum((1, 2)) / (whole * whole).sum((1, 2)).clamp_min(1e-6)
    return matrix * kept.clamp(0, 1)[:, None, None] ** 4


def _ridge(mean: Tensor, drawn_to: Tensor) -> Tensor:
    """A of the moments in `mean`, (T, 3, 3, h, w); A (V + r 1) = C + r A0, A0 given by `drawn_to`."""
    mean = mean[:, 1:] / mean[:, :1]
    mean_guide, mean_edited = mean[:, :3], mean[:, 3:6]
    variance = mean[:, 6:12] - mean_guide[:, _ONE] * mean_guide[:, _OTHER] + RIDGE * (_ONE == _OTHER)[:, None, None]
    covariance = mean[:, 12:].unflatten(1, (3, 3)) - mean_edited[:, :, None] * mean_guide[:, None]
    wanted, inverse = covariance + RIDGE * drawn_to, _inverse(variance)
    return torch.stack([wanted[:, :, k, None] * inverse[:, None, k] for k in range(3)]).sum(0)


def _window_mean(maps: Tensor, radius: int | None) -> Tensor:
    """Means over squares of (2 radius + 1)^2 pixels, the border repeated, or over the whole picture."""
    if radius is None:
        return maps.mean((2, 3), keepdim=True)
    rows, columns = (_running_mean(length, radius) for length in maps.shape[2:])
    return (rows @ maps) @ columns.T


def _running_mean(length: int, radius: int) -> Tensor:
    """(length, length): the linear map that takes means over windows of a row, whose ends are repeated."""
    places = torch.arange(length)[:, None] + torch.arange(-radius, radius + 1)
    share = torch.full(places.shape, 1 / (2 * radius + 1))
    return torch.zeros(length, length).scatter_add_(1, places.clamp(0, length - 1), share)


def _inverse(upper: Tensor) -> Tensor:
    """(T, 3, 3, h, w): of symmetric 3x3 matrices, given by their upper triangles (T, 6, h, w); by cofactors."""
    a, b, c, d, e, f = upper.unbind(1)
    one, two, three = d * f - e * e, c * e - b * f, b * e - c * d
    four, five, six = a * f - c * c, b * c - a * e, a * d - b * b
    rows = [[one, two, three], [two, four, five], [three, five, six]]
    return torch.stack([torch.stack(row, 1) for row in rows], 1) / (a * one + b * two + c * three)[:, None, None]


def color_change(source: np.ndarray, maps: np.ndarray) -> np.ndarray:
    """M source + v at full size: float32 (H, W, 3) in units of 1/255, exactly 0 where the maps are.

    source: uint8 (H, W, 3). maps: float32 (12, h, w) of `color_transform`, enlarged bilinearly.
    """
    change = np.zeros(source.shape, np.float32)
    out, given, small = (torch.from_numpy(np.ascontiguousarray(x)) for x in (change, source, maps))
    (h, w), (height, width) = maps.shape[1:], source.shape[:2]
    for rows, near_rows, down in _tiles(h, height, _TILE[0]):
        for columns, near_columns, across in _tiles(w, width, _TILE[1]):
            near = small[:, near_rows, near_columns]
            if not near.any():
                continue
            matrix, offset = ((down @ near) @ across.T).split((9, 3))
            pixels = given[rows, columns].permute(2, 0, 1).float()
            value = 255 * offset
            for color, plane in enumerate(pixels):
                value.addcmul_(matrix[color::3], plane)
            out[rows, columns] = value.permute(1, 2, 0)
    return change


@lru_cache(maxsize=16)
def _tiles(size: int, large: int, step: int) -> list[tuple[slice, slice, Tensor]]:
    """Bilinear enlargement of a row of `size` values to `large` as products, `step` results at a time.

    For each tile its place, the place of the values that reach it, and the (results, values) matrix. Two small products
    are three times as fast as torch's interpolation on one core.
    """
    full = interpolate(torch.eye(size)[None], large, mode="linear", align_corners=False)[0].T
    tiles = []
    for start in range(0, large, step):
        rows = full[start : start + step]
        reached = rows.any(0).nonzero()
        near = slice(int(reached[0]), int(reached[-1]) + 1)
        tiles.append((slice(start, start + len(rows)), near, rows[:, near].contiguous()))
    return tiles
