"""How the ground moves in the picture, for the camera's part in all motion.

Whatever a camera does, a plane's picture moves by a homography. That of the ground is fitted by the inverse
compositional algorithm (Baker and Matthews, "Lucas-Kanade 20 Years On", 2004) to points of the lower part of the
picture that show structure, with Tukey's weights against what moves by itself: shadows, reflections, what was not
noticed. A frame is compared with a key frame, not with its predecessor, so that errors do not add up; a new key frame
is taken where too little of the old one is left.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy.ndimage import binary_dilation, gaussian_filter, map_coordinates

HORIZON = 0.4
"""Share of the height above which the background is taken for a wall, which moves otherwise."""

STANDS = ((0.1, 0.3, 0.5, 0.7, 0.9), (0.42, 0.53, 0.64, 0.75, 0.86))
"""Columns and rows, as shares of width and height, where objects stand: there `as_affine` says what the ground does."""

_TILES = (4, 6)  # rows and columns of parts of the ground from each of which points are taken
_POINTS = 3000
_ROUNDS = 15
_SETTLED = 2e-4  # of half the height, by which corners still move
_KEPT = 0.6  # share of a key frame's points that must still be in the picture
_FEWEST = 50  # points without which nothing is said of a frame
_BORDER = 3  # pixels of the picture's border, and around objects, that are left out
_FINE, _COARSE = 1.2, 16.0  # pixels of standard deviation, between which structure is looked at
_OUTLIER = 4.7  # Tukey's constant, in deviations
_NOISE = 0.4  # levels of 255: least deviation of a pixel between two frames
_UNSEEN = 0.5  # cost of points that have left the picture
_GAIN = 0.8  # of the cost of no motion at all, that of a motion which is believed
_STIFFNESS = 3e-3 * np.array([0, 1, 1, 0, 1, 1, 2, 2])  # so that a ground of little structure does not bend
_MOVES = 0.002  # of the height
_STRAIGHT = 0.6  # length of the way from first to last frame over that of all its steps
_AROUND = 0.5  # share of what turns in all motion


@dataclass(frozen=True)
class Rig:
    """What a maker knows of how its clips are filmed.

    focal: in heights of the picture. elevation: of the camera, from which the ground is looked down on, in radians.
    lift: how high above the ground the middles of objects are, as a share of the camera's own height.
    """

    focal: float
    elevation: float
    lift: float


class GroundTracker:
    """Follows the ground from frame to frame; `follow` is given each frame in turn."""

    def __init__(self) -> None:
        self.key: _KeyFrame | None = None
        self.before_key = np.eye(3)  # from the first frame to the key frame
        self.since_key = np.eye(3)
        self.pace = np.eye(3)  # from the last frame but one to the last

    def follow(self, picture: np.ndarray, objects: np.ndarray) -> np.ndarray:
        """The homography (3, 3) of the ground since the first frame: takes points (column, row, 1), counted from the
        middle of the picture in halves of its height, to where they are now.

        picture: float (H, W), brightness 0..255. objects: bool (H, W), where objects are, whose motion is their own.
        """
        flat = _without_light(picture, binary_dilation(objects, iterations=_BORDER))
        if self.key is None:
            self.key = _KeyFrame(flat, objects)
            return np.eye(3)
        ahead = self.since_key @ self.pace
        found, kept = self.key.find(flat, objects, ahead / ahead[2, 2])
        self.since_key, self.pace = found, np.linalg.inv(self.since_key) @ found
        whole = self.since_key @ self.before_key
        whole = whole / whole[2, 2]
        if kept < _KEPT:
            self.key, self.before_key, self.since_key = _KeyFrame(flat, objects), whole, np.eye(3)
        return whole


def as_affine(homography: np.ndarray, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """The affine motion nearest to a homography of `GroundTracker` where objects stand: shift (2,) of the middle in
    pixels, and gradient (2, 2), the pixels (right, down) added for each pixel off the middle by column and by row."""
    columns, rows = np.meshgrid(*STANDS)
    before = np.column_stack([columns.ravel() * width - width / 2, rows.ravel() * height - height / 2])
    after = _moved(homography, before / (height / 2)) * (height / 2)
    lever = np.column_stack([np.ones(len(before)), before])
    fit = np.round(np.linalg.lstsq(lever, after - before, rcond=None)[0], 6)
    return fit[0], fit[1:].T


def lifted(homography: np.ndarray, rig: Rig) -> np.ndarray:
    """The homography of the plane in which objects have their middles, from that of the ground.

    Nearer planes move more. A homography is R + t n' / d: a rotation and a translation over the distance d of the plane
    with the normal n. Directions within the plane are rotated only, which tells R from the rest.
    """
    lens = np.diag([2 * rig.focal, 2 * rig.focal, 1.0])
    seen = np.linalg.inv(lens) @ homography @ lens
    seen = seen / np.linalg.svd(seen, compute_uv=False)[1]
    normal = np.array([0.0, np.cos(rig.elevation), np.sin(rig.elevation)])
    within = np.eye(3) - np.outer(normal, normal)
    left, _, right = np.linalg.svd(seen @ within)
    rotation = left @ np.diag([1, 1, np.linalg.det(left @ right)]) @ right
    nearer = rotation + (seen - rotation) / (1 - rig.lift)
    found = lens @ nearer @ np.linalg.inv(lens)
    return found / found[2, 2]


class _KeyFrame:
    """The points of a frame that are looked for in others."""

    def __init__(self, flat: np.ndarray, objects: np.ndarray) -> None:
        height, width = flat.shape
        down, across = np.gradient(flat)
        strength = np.hypot(across, down)
        strength[binary_dilation(objects, iterations=_BORDER)] = 0
        rows = np.linspace(round(HORIZON * height), height - _BORDER, _TILES[0] + 1).astype(int)
        columns = np.linspace(_BORDER, width - _BORDER, _TILES[1] + 1).astype(int)
        chosen = []
        for top, bottom in pairwise(rows):
            for left, right in pairwise(columns):
                tile = strength[top:bottom, left:right]
                best = np.argsort(-tile, axis=None, kind="stable")[: _POINTS // (_TILES[0] * _TILES[1])]
                best = best[tile.ravel()[best] > 0]
                chosen.append(np.column_stack(np.unravel_index(best, tile.shape)) + np.array([top, left]))
        self.at = np.concatenate(chosen).T
        self.middle, self.scale = np.array([(width - 1) / 2, (height - 1) / 2]), height / 2
        self.spectrum = np.fft.rfft2(self._windowed(flat, objects))
        self.values = flat[tuple(self.at)]
        self.points = (self.at[::-1].T - self.middle) / self.scale
        x, y = self.points.T
        one, none = np.ones_like(x), np.zeros_like(x)
        right = np.column_stack([one, x, y, none, none, none, -x * x, -x * y])
        below = np.column_stack([none, none, none, one, x, y, -x * y, -y * y])
        self.jacobian = self.scale * (
            right * across[tuple(self.at)][:, None] + below * down[tuple(self.at)][:, None]
        )  # of brightness by the eight parameters

    def find(self, flat: np.ndarray, objects: np.ndarray, start: np.ndarray) -> tuple[np.ndarray, float]:
        """The motion from this frame to another, and the share of the points that are still to be seen there."""
        if len(self.values) < _FEWEST:
            return start, 1.0
        starts = (start, self._dominant_shift(flat, objects))
        gaps = [self._compare(flat, objects, candidate)[0] for candidate in starts]
        deviation = min(map(_deviation, gaps))
        motion, kept = starts[int(np.argmin([_tukey_cost(gap, deviation) for gap in gaps]))], 1.0
        for _ in range(_ROUNDS):
            gap, usable, kept = self._compare(flat, objects, motion)
            if usable.sum() < _FEWEST:
                return start, kept
            weighted = self.jacobian[usable] * _tukey_weights(gap, _deviation(gap))[:, None]
            normal = weighted.T @ self.jacobian[usable]
            normal += np.diag(_STIFFNESS) * normal.diagonal().max()
            step = np.linalg.lstsq(normal, weighted.T @ gap, rcond=None)[0]
            change = np.eye(3)
            change[:2, [2, 0, 1]] += step[:6].reshape(2, 3)
            change[2, :2] += step[6:]
            motion = motion @ np.linalg.inv(change)
            motion = motion / motion[2, 2]
            if np.abs(step).max() < _SETTLED:
                break
        candidates = (motion, starts[0], np.eye(3))
        compared = [self._compare(flat, objects, candidate) for candidate in candidates]
        deviation = min(_deviation(gap) for gap, _, _ in compared)
        costs = [_tukey_cost(gap, deviation) + _UNSEEN * (1 - share) for gap, _, share in compared]
        if min(costs[:2]) > _GAIN * costs[2]:
            return np.eye(3), 1.0
        best = int(np.argmin(costs[:2]))
        return candidates[best], compared[best][2]

    def _dominant_shift(self, flat: np.ndarray, objects: np.ndarray) -> np.ndarray:
        """The translation by whole pixels that most of the ground agrees on, by phase correlation."""
        spectrum = np.fft.rfft2(self._windowed(flat, objects)) * self.spectrum.conj()
        peaks = np.fft.irfft2(spectrum / np.maximum(np.abs(spectrum), 1e-6), flat.shape)
        down, right = np.unravel_index(int(peaks.argmax()), flat.shape)
        shift = np.array([right, down]) - np.where(
            (right, down) > np.array(flat.shape[::-1]) / 2, np.array(flat.shape[::-1]), 0
        )
        motion = np.eye(3)
        motion[:2, 2] = shift / self.scale
        return motion

    def _windowed(self, flat: np.ndarray, objects: np.ndarray) -> np.ndarray:
        """The ground alone, fading out towards its borders."""
        height, width = flat.shape
        top = round(HORIZON * height)
        window = np.zeros(flat.shape)
        window[top:] = np.hanning(height - top)[:, None] * np.hanning(width)
        return flat * window * ~objects

    def _compare(
        self, flat: np.ndarray, objects: np.ndarray, motion: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, float]:
        """How much brighter points are where the motion has taken them, of those that are in sight there (bool, one for
        each point), and the share of points within the picture."""
        height, width = flat.shape
        columns, rows = _moved(motion, self.points).T * self.scale + self.middle[:, None]
        inside = (columns >= 0) & (columns <= width - 1) & (rows >= 0) & (rows <= height - 1)
        at = np.stack([rows, columns])
        nearest = np.round(at[:, inside]).astype(int)
        usable = inside.copy()
        usable[inside] = ~objects[tuple(nearest)]
        seen = map_coordinates(flat, at[:, usable], order=1, mode="nearest")
        return seen - self.values[usable], usable, float(inside.mean())


def _deviation(gap: np.ndarray) -> float:
    return max(_NOISE, 1.4826 * float(np.median(np.abs(gap))))


def _tukey_weights(gap: np.ndarray, deviation: float) -> np.ndarray:
    return np.clip(1 - (gap / (_OUTLIER * deviation)) ** 2, 0, None) ** 2


def _tukey_cost(gap: np.ndarray, deviation: float) -> float:
    """Mean, 0..1."""
    return float(1 - (np.clip(1 - (gap / (_OUTLIER * deviation)) ** 2, 0, None) ** 3).mean()) if len(gap) else 0.0


def _moved(homography: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Points (N, 2) after a homography (3, 3)."""
    after = np.column_stack([points, np.ones(len(points))]) @ homography.T
    return after[:, :2] / after[:, 2:]


def _without_light(picture: np.ndarray, hidden: np.ndarray) -> np.ndarray:
    """The picture without what changes slowly over it, less sharp, so that its slopes hold for a pixel or two; what is
    hidden has no part in it."""
    shown = (~hidden).astype(np.float32)
    fine, coarse = (
        _blurred(picture * shown, sigma) / np.maximum(_blurred(shown, sigma), 1e-3) for sigma in (_FINE, _COARSE)
    )
    return fine - coarse


def _blurred(picture: np.ndarray, sigma: float) -> np.ndarray:
    return gaussian_filter(picture, sigma, truncate=2.5)  # the usual 4 deviations take half as long again


class Motion(NamedTuple):
    """What a camera does: "static", "pan", "orbit" or "shake". confidence: that it is right."""

    value: str | None
    confidence: float


def camera_motion(fits: Sequence[tuple[np.ndarray, np.ndarray]], height: int, width: int) -> Motion:
    """What the camera does, from the affine motion of the ground in every frame (see `as_affine`).

    It stands still where nothing moves by `_MOVES` of the height. A shake goes to and fro, the others on. Under a
    camera that goes round the middle of the picture, what is near moves one way and what is far the other; one that
    pans, or goes sideways, takes everything along.
    """
    columns, rows = np.meshgrid(*STANDS)
    places = np.column_stack([columns.ravel() * width - width / 2, rows.ravel() * height - height / 2])
    shifts = np.array([shift for shift, _ in fits])
    bends = np.array([places @ gradient.T for _, gradient in fits])
    ways = (shifts[:, None] + bends) / height
    far = float(np.sqrt((ways**2).sum(-1).mean(1)).max())
    if far < _MOVES or len(fits) < 3:
        return Motion("static", _sure(1 - far / _MOVES))
    steps = np.diff(ways, axis=0)
    straight = np.linalg.norm(steps.sum(0), axis=-1).sum() / max(np.linalg.norm(steps, axis=-1).sum(), 1e-9)
    if straight < _STRAIGHT:
        return Motion("shake", _sure((_STRAIGHT - straight) / _STRAIGHT))
    along = float(np.linalg.norm(shifts[-1]))
    around = float(np.sqrt((bends[-1] ** 2).sum(-1).mean()))
    share = around / (around + along)
    return Motion("orbit" if share > _AROUND else "pan", _sure(abs(share - _AROUND) / _AROUND))


def _sure(margin: float) -> float:
    """Confidence 0.5..1 of a decision by its margin, 0..1."""
    return float(1 / (1 + np.exp(-6 * min(max(margin, 0.0), 1.0))))
