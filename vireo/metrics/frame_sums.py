"""Scores that are ratios of sums over pixels, kept by frame: of the clip and of its worst frame.

Everywhere: videos are uint8 (T, H, W, 3), `where` is bool (T, H, W).
"""

from dataclasses import dataclass

import numpy as np

FRAME_SHARE = 0.1
"""Frames whose denominator is at least this share of the greatest count when the worst is looked for: where there is
next to nothing to do, noise alone would decide."""

FLAT = 4.0
"""Mean squared gradient that is added to both pictures' (8-bit units), so that flat ones do not turn on noise."""

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


@dataclass(frozen=True)
class FrameSums:
    """Numerator and denominator of a score in each frame, float64 (T,)."""

    above: np.ndarray
    below: np.ndarray

    def whole(self) -> float | None:
        """The score of the clip; None where its denominator is 0."""
        total = self.below.sum()
        return None if total == 0 else float(self.above.sum() / total)

    def by_frame(self) -> np.ndarray:
        """The scores of the frames that count (FRAME_SHARE), float64 (n,); empty where the denominator is 0."""
        counted = (self.below > 0) & (self.below >= FRAME_SHARE * self.below.max(initial=0))
        return self.above[counted] / self.below[counted]


def inner(a: np.ndarray, b: np.ndarray, c: np.ndarray, d: np.ndarray, where: np.ndarray) -> np.ndarray:
    """The sum over `where` of (a-b).(c-d) in each frame, float64 (T,), exact; of (a, b, a, b) an energy.

    where: bool (T, H, W), or (T, H, W, 3) for single channels.
    """
    sums = []
    for frame, chosen in enumerate(where):
        one, two = (x[frame][chosen].astype(np.int32) - y[frame][chosen] for x, y in ((a, b), (c, d)))
        sums.append(float((one * two).sum(dtype=np.int64)))
    return np.array(sums)


def gradient_products(video: np.ndarray, other: np.ndarray, where: np.ndarray) -> np.ndarray:
    """In each frame the sum over `where` of the product of both luma gradients (differences to the next pixels), plus
    FLAT a pixel; in 8-bit units squared, float64 (T,). Of a video with itself its gradient energy."""
    sums = []
    for one, two, chosen in zip(video, other, where, strict=True):
        products = np.full(chosen.shape, FLAT, np.float32)
        for axis in (0, 1):
            products += np.prod([_step(picture @ _LUMA, axis) for picture in (one, two)], axis=0)
        sums.append(float(products[chosen].sum(dtype=np.float64)))
    return np.array(sums)


def _step(luma: np.ndarray, axis: int) -> np.ndarray:
    """Differences to the next pixel along an axis; 0 for the last."""
    return np.diff(luma, axis=axis, append=luma[-1:] if axis == 0 else luma[:, -1:])
