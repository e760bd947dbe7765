"""Detections made by hand: discs of two colours."""

import numpy as np

from vireo.reasoning.perception.grouping import Detection

RED, BLUE = (0.9, 0.1), (0.1, 0.9)


def look(column, row=50.0, color=RED, radius=12, depth=5.0, mask=None):
    if mask is None:
        rows, columns = np.mgrid[-radius : radius + 1, -radius : radius + 1]
        mask = np.hypot(rows, columns) <= radius
    scores = {"category": np.log([0.5, 0.5]), "color": np.log(color), "material": np.log([0.5, 0.5])}
    return Detection(mask, round(column) - radius, round(row) - radius, (column, row), depth, scores)


def times(count, rate=8):
    return [frame / rate for frame in range(count)]
