"""Pieces of objects that perception takes for objects of their own, made by hand."""

import numpy as np
import pytest
from hand_looks import BLUE, RED, look, times

from vireo.reasoning.perception.pieces import joined, without_pieces
from vireo.reasoning.perception.tracking import track_objects


def test_parts_of_one_object_are_joined():
    """What covers the middle of an object leaves two halves, which point nearly to the same place."""
    rows, columns = np.mgrid[-20:21, -20:21]
    disc = np.hypot(rows, columns) <= 20
    left, right = look(96, radius=20, mask=disc & (columns < -4)), look(104, radius=20, mask=disc & (columns > 4))
    blocker = look(100, color=BLUE, radius=5, depth=3.0)
    kept, whole = joined([left, blocker, right])
    assert kept is blocker
    assert np.array_equal(whole.painted(100, 200), left.painted(100, 200) | right.painted(100, 200))
    assert whole.center == pytest.approx((100, 50), abs=0.5)
    assert whole.depth == 5.0
    assert whole.scores["color"] == pytest.approx(np.log(RED))


def test_three_parts_become_one():
    (whole,) = joined([look(100, radius=20), look(108), look(92)])
    assert whole.area >= look(100, radius=20).area


@pytest.mark.parametrize(
    "other",
    [look(104, color=BLUE), look(104, depth=4.0), look(125)],
    ids=["another colour", "in front of it", "beside it"],
)
def test_two_objects_stay_two(other):
    looks = [look(100, radius=20), other]
    assert joined(looks) == looks


def test_pieces_of_others_are_left_out():
    """A piece splits off a still object for a few frames; what comes in, stays, or appears on free ground is none."""
    size, count = (100, 200), 12

    def kept(frames):
        tracks = track_objects(frames, times(count))
        return {
            round(track.detections[max(track.detections)].center[0]) for track in without_pieces(tracks, size, count)
        }

    def beside(column, begin, end):
        still = look(100, radius=20)
        return [[still, *([look(column, color=BLUE, radius=8)] if begin <= t < end else [])] for t in range(count)]

    assert kept(beside(104, 4, 8)) == {100}
    assert kept(beside(104, 4, 12)) == {100, 104}  # it stays
    assert kept(beside(60, 4, 8)) == {100, 60}  # there was nothing
    assert kept(beside(12, 4, 8)) == {100, 12}  # at the border
    assert kept(beside(104, 0, 4)) == {100, 104}  # it was there from the beginning
