"""Masks survive run lengths, and a track says of them what they show."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from vireo.reasoning.masks import LEAST_AREA, decode_mask, encode_mask, estimate_visibility, masks_of, track_of


@settings(max_examples=60, deadline=None)
@given(arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 17))))
def test_run_lengths_give_back_the_mask(mask):
    counts = encode_mask(mask)
    assert counts.isascii()
    assert np.array_equal(decode_mask(counts, mask.shape[1], mask.shape[0]), mask)


@settings(max_examples=60, deadline=None)
@given(arrays(bool, st.tuples(st.integers(1, 4), st.integers(1, 9), st.integers(1, 11))))
def test_a_track_says_what_its_masks_show(masks):
    track = track_of(masks, least_area=0)
    assert np.array_equal(masks_of(track, masks.shape[2], masks.shape[1]), masks)
    assert track.seen() == tuple(np.flatnonzero(masks.any((1, 2))).tolist())
    for frame in track.seen():
        left, top, right, bottom = (int(side) for side in track.boxes[frame])
        inside = masks[frame, top:bottom, left:right]
        assert inside.sum() == masks[frame].sum()
        assert all(edge.any() for edge in (inside[0], inside[-1], inside[:, 0], inside[:, -1]))
        assert left < track.centroids[frame][0] < right
        assert top < track.centroids[frame][1] < bottom


def test_empty_full_and_tiny_masks():
    masks = np.zeros((3, 40, 50), bool)
    masks[1] = True
    masks[2, :2, :4] = True  # 8 of 2000 pixels are less than the least area
    assert 0.004 < LEAST_AREA < 0.0045
    track = track_of(masks, [1.0, 2.0, 3.0])
    assert track.boxes == (None, (0.0, 0.0, 50.0, 40.0), None)
    assert track.centroids[1] == (25.0, 20.0)
    assert track.depths == (None, 2.0, None)
    assert track.visibility == (0.0, 1.0, 0.0)
    assert track_of(masks, least_area=8 / 2000).seen() == (1, 2)


def test_visibility_falls_with_the_area_but_not_with_the_distance():
    areas = np.array([400, 400, 100, 0])
    assert estimate_visibility(areas, [None] * 4).tolist() == [1, 1, 0.25, 0]
    assert estimate_visibility(areas, [2.0, 2.0, 4.0, None]).tolist() == [1, 1, 1, 0]
    assert estimate_visibility(np.zeros(2), [None, None]).tolist() == [0, 0]


def test_visibility_that_the_maker_knows_is_kept():
    masks = np.ones((2, 10, 10), bool)
    assert track_of(masks, visibility=np.array([0.5, 1.0])).visibility == pytest.approx((0.5, 1.0))
