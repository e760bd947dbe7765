"""Regions as run lengths: pixels row by row, runs of False and True in turn, beginning with False.

COCO's uncompressed run-length encoding, but by rows, as frames lie in memory. pycocotools compresses it to a third of
the bytes or less, but takes 5 to 10 times as long to encode a mask of 1280x720 (disc 1.4 ms for 0.3, ragged 12 ms for
1.2) and decodes forged counts without an error, so it is not used.
"""

from collections.abc import Sequence

import numpy as np


def to_runs(region: np.ndarray) -> list[int]:
    """Run lengths of bool (H, W); their sum is H * W."""
    borders = np.flatnonzero(np.diff(region.ravel(), prepend=False))
    return np.diff(borders, prepend=0, append=region.size).tolist()


def from_runs(runs: Sequence[int], height: int, width: int) -> np.ndarray:
    """bool (height, width) of run lengths. Raises ValueError where they do not fill the frame exactly."""
    # Summed as Python integers: those of a forged receipt may overflow NumPy's.
    if min(runs, default=0) < 0 or sum(runs) != height * width:
        raise ValueError(f"runs cover {sum(runs)} pixels of {height * width}")
    values = np.arange(len(runs)) % 2 == 1
    return np.repeat(values, np.asarray(runs, np.int64)).reshape(height, width)
