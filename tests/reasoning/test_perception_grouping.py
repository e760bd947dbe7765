"""Grouping of cells on drawn discs, whose cells all point at their centres."""

import numpy as np
import pytest

from vireo.reasoning.perception.grouping import Detection, group_objects
from vireo.reasoning.perception.network import CELL, CENTER_UNIT, DEPTH_ORIGIN, DEPTH_UNIT, FINE

SIZE = (192, 224)


def drawn(*discs):
    """What the network would give for discs (column, row, radius, depth), the last ones in front."""
    fine, cell = CELL // FINE, CELL
    rows, columns = np.mgrid[0 : SIZE[0] : fine, 0 : SIZE[1] : fine] + fine / 2
    foreground = np.zeros(rows.shape, np.float32)
    down, across = np.mgrid[0 : SIZE[0] : cell, 0 : SIZE[1] : cell] + cell / 2
    center, depth = np.zeros((2, *down.shape)), np.zeros(down.shape)
    scores = np.full((2, *down.shape), np.log(0.5))
    for number, (column, row, radius, far) in enumerate(discs):
        foreground[np.hypot(rows - row, columns - column) < radius] = 1
        inside = np.hypot(down - row, across - column) < radius + cell / 2
        center[:, inside] = np.stack([column - across, row - down])[:, inside] / CENTER_UNIT
        depth[inside] = np.log(far / DEPTH_ORIGIN) / DEPTH_UNIT
        scores[:, inside] = np.log([[0.9], [0.1]] if number % 2 else [[0.1], [0.9]])
    return group_objects(foreground, center, depth, {"color": scores}, SIZE)


def disc(column, row, radius):
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]] + 0.5
    return np.hypot(rows - row, columns - column) < radius


def test_discs_are_found_with_their_masks_centers_depths_and_scores():
    found = sorted(drawn((50, 60, 20, 5.0), (150, 100, 30, 6.2)), key=lambda entry: entry.center)
    assert len(found) == 2
    for entry, (column, row, radius, far), best in zip(
        found, [(50, 60, 20, 5), (150, 100, 30, 6.2)], (1, 0), strict=True
    ):
        mask, true = entry.painted(*SIZE), disc(column, row, radius)
        assert (mask & true).sum() / (mask | true).sum() > 0.93
        assert entry.center == pytest.approx((column, row), abs=0.5)
        assert entry.depth == pytest.approx(far, rel=0.01)
        assert entry.scores["color"].argmax() == best
        assert np.exp(entry.scores["color"]).sum() == pytest.approx(1)


def test_discs_that_touch_stay_apart():
    found = drawn((80, 90, 24, 5.0), (126, 90, 24, 5.0))
    assert len(found) == 2
    assert found[0].overlap(found[1]) == 0
    assert max(f.area for f in found) / min(f.area for f in found) < 1.3


def test_one_behind_the_other_is_told_by_depth():
    """Centres 8 pixels apart in the picture, and a metre in depth."""
    found = drawn((100, 80, 34, 6.5), (100, 88, 18, 5.5))
    assert sorted(round(entry.depth, 1) for entry in found) == [5.5, 6.5]


def test_nothing_and_specks_are_no_objects():
    assert drawn() == []
    assert drawn((50, 60, 5, 5.0)) == []


def test_overlap_of_two_looks():
    square = np.ones((10, 10), bool)
    one, other = (Detection(square, left, 0, (0, 0), 5, {}) for left in (0, 5))
    assert one.overlap(other) == pytest.approx(50 / 150)
    assert one.overlap(Detection(square, 40, 0, (0, 0), 5, {})) == 0
    assert one.overlap(one) == 1
