"""Frames that differ everywhere and move."""

import numpy as np


def pattern(count, height, width):
    """uint8 (count, height, width, 3): a moving ramp."""
    t, y, x = np.mgrid[:count, :height, :width]
    planes = [(3 * x + 5 * t) % 256, (4 * y + t) % 256, (2 * (x + y) + 9 * t) % 256]
    return np.stack(planes, -1).astype(np.uint8)
