"""Tracks, depths and visibility of detections made by hand."""

import numpy as np
import pytest
from hand_looks import BLUE, RED, look, times

from vireo.reasoning.perception.grouping import Detection
from vireo.reasoning.perception.tracking import Sighted, smooth_depths, track_objects
from vireo.reasoning.perception.visibility import seen_shares


def columns_of(track):
    return {frame: entry.center[0] for frame, entry in sorted(track.detections.items())}


def test_two_that_pass_through_each_other_keep_their_tracks():
    """Both go on their ways; the one in front covers the other for no frame, their order in the lists changes."""
    frames = [[look(20 + 10 * t), look(140 - 10 * t, 52, BLUE)][:: 1 if t % 2 else -1] for t in range(12)]
    first, second = track_objects(frames, times(12))
    assert columns_of(first) == {t: 20 + 10 * t for t in range(12)}
    assert columns_of(second) == {t: 140 - 10 * t for t in range(12)}


def test_what_is_hidden_for_a_while_comes_back_as_itself():
    frames = [[look(20 + 4 * t)] if not 4 <= t < 8 else [] for t in range(12)]
    (track,) = track_objects(frames, times(12))
    assert sorted(track.detections) == [0, 1, 2, 3, 8, 9, 10, 11]


def test_what_comes_back_in_other_looks_is_another():
    frames = [[look(20 + 4 * t, color=RED if t < 4 else BLUE)] if not 4 <= t < 6 else [] for t in range(12)]
    first, second = track_objects(frames, times(12))
    assert max(first.detections) == 3
    assert min(second.detections) == 6


def test_what_is_seen_for_a_moment_is_dropped():
    frames = [[look(40), *([look(120, color=BLUE)] if t == 5 else [])] for t in range(12)]
    assert len(track_objects(frames, times(12))) == 1
    assert len(track_objects([[look(40), look(120)]], [0.0])) == 2  # of a single frame nothing is dropped


def test_objects_count_by_first_appearance_then_from_the_left():
    frames = [[*([look(30)] if t > 2 else []), look(150, color=BLUE), look(90, color=BLUE)] for t in range(9)]
    assert [track.detections[8].center[0] for track in track_objects(frames, times(9))] == [90, 150, 30]


def test_depths_lose_their_noise_and_keep_their_slope():
    rng = np.random.default_rng(0)
    true = 5 + 0.5 * np.array(times(40, 30))
    track = Sighted({t: look(50, depth=true[t] + rng.normal(0, 0.05)) for t in range(40) if t != 7})
    found = smooth_depths(track, times(40, 30))
    assert np.isnan(found[7])
    assert np.nanstd(found - true) < 0.025
    assert np.nanmean(found[-5:] - found[:5]) == pytest.approx(0.5 * 35 / 30, abs=0.06)


def test_shares_fall_where_something_nearer_meets():
    whole = look(60)
    half = look(60, mask=whole.mask & (np.arange(25) < 12))
    covering = look(72, color=BLUE, depth=4.0)
    tracks = [Sighted({0: whole, 1: half}), Sighted({1: covering})]
    shares = seen_shares(tracks, (100, 200), 2)
    assert shares[0, 0] == 1
    assert shares[0, 1] == pytest.approx(half.area / whole.area)
    assert shares[1].tolist() == [0, 1]
    behind = [tracks[0], Sighted({1: look(72, color=BLUE, depth=6.0)})]
    assert seen_shares(behind, (100, 200), 2)[0, 1] == 1


def test_shares_fall_at_the_border():
    whole, leaving = look(60), look(0)
    cut = Detection(leaving.mask[:, 12:], 0, leaving.top, leaving.center, leaving.depth, leaving.scores)
    shares = seen_shares([Sighted({0: whole, 1: cut})], (100, 200), 2)
    assert shares[0, 1] == pytest.approx(cut.area / whole.area)
