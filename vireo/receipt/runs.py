"""Regions as run lengths: pixels row by row, runs of False and True in turn, beginning with False.

The uncompressed run lengths of COCO masks, but by rows, as frames lie in memory.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def to_runs(region: np.ndarray) -> list[int]:
    """bool (H, W) to run lengths; their sum is H * W."""
    flat = np.concatenate([[False], region.ravel(), [True]])
    borders = np.flatnonzero(flat[1:] != flat[:-1])
    if region.size and region.ravel()[-1]:
        borders = np.append(borders, region.size)
    return np.diff(borders, prepend=0).tolist()


def from_runs(runs: Sequence[int], height: int, width: int) -> np.ndarray:
    """Run lengths to bool (height, width). Raises ValueError where they do not fill the frame exactly."""
    # Python's integers: those of a forged receipt may be too large for numpy's.
    if min(runs, default=0) < 0 or sum(runs) != height * width:
        raise ValueError(f"runs cover {sum(runs)} pixels of {height * width}")
    values = np.arange(len(runs)) % 2 == 1
    return np.repeat(values, np.asarray(runs, np.int64)).reshape(height, width)
