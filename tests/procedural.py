"""Clips that are neither the studio's nor anybody's footage: drawn by formulas, in full colour and pale."""

import numpy as np


def _plasma(x, y, t):
    return np.stack([np.sin(5 * x + t), np.sin(7 * y - t), np.sin(6 * (x + y) + 2 * t)], -1)


def _rings(x, y, t):
    r = np.hypot(x - 0.4, y - 0.5)
    return np.stack([np.sin(30 * r - t), np.cos(24 * r), np.sin(18 * r + t)], -1)


def _discs(x, y, t):
    out = np.stack([x, y, 1 - x], -1) - 0.5
    for k, color in enumerate(((0.9, -0.8, -0.7), (-0.8, 0.5, -0.6), (0.8, 0.7, -0.9))):
        out[(x - 0.2 - 0.3 * k) ** 2 + (y - 0.5 - 0.2 * np.sin(t + k)) ** 2 < 0.02] = color
    return out


def _bars(x, y, t):
    place = np.floor(8 * ((x + 0.05 * t) % 1)).astype(int)
    return np.stack([place % 2, place // 2 % 2, place // 4], -1) * 2.0 - 1


def _checker(x, y, t):
    even = (np.floor(9 * x + t) + np.floor(7 * y)) % 2 == 0
    return np.where(even[..., None], [0.7, -0.2, -0.9], [-0.8, -0.1, 0.6])


def _grain(x, y, t):
    return np.random.default_rng(int(t)).uniform(-1, 1, (*x.shape, 3)) * 0.5 + np.stack([x, 0.2 + 0 * x, -y], -1)


DRAWINGS = (_plasma, _rings, _discs, _bars, _checker, _grain)


def procedural_clips(size: tuple[int, int] = (90, 134), count: int = 2) -> dict[str, np.ndarray]:
    """Twelve clips uint8 (count, *size, 3): each drawing in full colour, and with a fifth of it, as fog and flat
    camera profiles have."""
    y, x = (axis / max(size) for axis in np.mgrid[: size[0], : size[1]].astype(float))
    clips = {}
    for draw in DRAWINGS:
        levels = np.clip(np.stack([128 + 120 * draw(x, y, float(t)) for t in range(count)]), 0, 255)
        level = (levels @ [0.299, 0.587, 0.114])[..., None]
        for kind, share in (("full", 1.0), ("pale", 0.2)):
            clips[f"{draw.__name__[1:]}, {kind}"] = np.rint(level + share * (levels - level)).astype(np.uint8)
    return clips
