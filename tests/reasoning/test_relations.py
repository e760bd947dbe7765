"""Relations of twins whose geometry is known by hand, and of what goes wrong in tracks."""

import time

import numpy as np
import pytest
from hand_made import box_masks, held, line, thing, twin_of

from vireo.reasoning.events import complete
from vireo.reasoning.queries import moving
from vireo.reasoning.relations import CLEAR, clean_spans
from vireo.reasoning.twin import Attribute, Camera

ALL = ((0, 9),)


def test_sides_and_distances():
    left, right = thing(1, [(20, 50)] * 9, depth=7.0), thing(2, [(80, 50)] * 9, depth=5.0)
    twin = complete(twin_of(left, right))
    assert held(twin, "left of") == {("o1", "o2"): ALL}
    assert held(twin, "behind") == {("o1", "o2"): ALL}
    assert not held(twin, "touching")
    assert not held(twin, "inside")
    assert not held(twin, "on")
    swapped = complete(twin_of(thing(1, [(80, 50)] * 9, depth=5.0), thing(2, [(20, 50)] * 9, depth=7.0)))
    assert held(swapped, "left of") == {("o2", "o1"): ALL} == held(swapped, "behind")


def test_a_relation_near_its_threshold_is_hardly_sure():
    def sure(gap):
        return complete(twin_of(thing(1, [(40, 50)] * 9), thing(2, [(40 + gap, 50)] * 9))).relations[0].confidence

    assert 0.5 <= sure(10) < 0.65 < 0.9 < sure(40)
    assert complete(twin_of(thing(1, [(40, 50)] * 9), thing(2, [(48, 80)] * 9))).relations == ()


def test_crossing_changes_sides():
    twin = complete(twin_of(thing(1, line((10, 30), (90, 30))), thing(2, [(50, 70)] * 9)))
    assert held(twin, "left of") == {("o1", "o2"): ((0, 4),), ("o2", "o1"): ((5, 9),)}


def test_unknown_depth_makes_no_relation():
    twin = complete(twin_of(thing(1, [(20, 50)] * 9, depth=None), thing(2, [(80, 50)] * 9, depth=5.0, side=24)))
    assert held(twin, "left of")
    assert not held(twin, "behind")
    assert not held(twin, "larger than")
    twice = complete(twin_of(thing(1, [(20, 50)] * 9, depth=None), thing(2, [(80, 50)] * 9, depth=None, side=40)))
    assert held(twice, "larger than") == {("o2", "o1"): ALL}


def test_larger_is_meant_in_the_room_not_in_the_picture():
    near, far = thing(1, [(20, 50)] * 9, depth=2.0, side=20), thing(2, [(80, 50)] * 9, depth=6.0, side=14)
    assert held(complete(twin_of(near, far)), "larger than") == {("o2", "o1"): ALL}


def test_touching_needs_masks_and_depths_that_meet():
    def touching(gap, depth):
        return held(
            complete(twin_of(thing(1, [(30, 50)] * 9), thing(2, [(50 + gap, 50)] * 9, depth=depth))), "touching"
        )

    assert touching(0, 6.0) == {("o1", "o2"): ALL}
    assert touching(8, 6.0) == {}
    assert touching(0, 9.0) == {}
    flat = complete(twin_of(thing(1, [(30, 50)] * 9, depth=None), thing(2, [(50, 50)] * 9))).relations
    # masks alone do not tell contact from one thing behind the other
    assert [link.confidence < 0.65 for link in flat if link.kind == "touching"] == [True]


def test_on_and_inside():
    base = thing(1, [(50, 70)] * 9, side=40)
    twin = complete(twin_of(base, thing(2, [(55, 40)] * 9, side=20)))
    assert held(twin, "on") == {("o2", "o1"): ALL}
    behind = complete(twin_of(base, thing(2, [(55, 40)] * 9, side=20, depth=8.5)))
    assert held(behind, "on") == {}
    assert held(behind, "behind") == {("o2", "o1"): ALL}
    frame = box_masks([(50, 70)] * 9, 40) & ~box_masks([(50, 70)] * 9, 24)
    within = complete(twin_of(thing(1, None, masks=frame), thing(2, [(50, 70)] * 9, side=14)))
    assert held(within, "inside") == {("o2", "o1"): ALL}
    beyond = complete(twin_of(thing(1, None, masks=frame), thing(2, [(50, 70)] * 9, side=14, depth=9.0)))
    assert held(beyond, "inside") == {}


def test_towards_and_following():
    hunter, hare = thing(1, line((10, 50), (45, 50))), thing(2, [(80, 50)] * 9)
    twin = complete(twin_of(hunter, hare))
    assert held(twin, "moving towards") == {("o1", "o2"): ALL}
    assert held(twin, "following") == {}
    away = complete(twin_of(thing(1, line((45, 50), (10, 50))), hare))
    assert held(away, "moving towards") == {}
    aside = complete(twin_of(thing(1, line((10, 10), (45, 10))), thing(2, [(60, 90)] * 9)))
    assert held(aside, "moving towards") == {}
    chased = complete(twin_of(thing(1, line((10, 50), (50, 50))), thing(2, line((40, 50), (80, 50)))))
    assert held(chased, "following") == {("o1", "o2"): ALL}
    assert held(chased, "moving towards") == {}


def test_what_falls_moves_towards_nothing_that_stands():
    below = thing(2, [(50, 85)] * 9, depth=5.0)
    assert held(complete(twin_of(thing(1, line((50, 10), (50, 50)), depth=6.0), below)), "moving towards") == {}
    nearing = thing(1, line((50, 10), (50, 50)), depth=np.linspace(12, 5, 9).tolist())
    assert held(complete(twin_of(nearing, below)), "moving towards") == {("o1", "o2"): ALL}


def test_the_camera_is_taken_out():
    pan = [(4.0 * frame, 0.0) for frame in range(9)]
    resting = [(20 + 4.0 * frame, 50) for frame in range(9)]
    twin = complete(twin_of(thing(1, resting), thing(2, [(x + 30, 50) for x, _ in resting]), shifts=pan))
    assert held(twin, "moving towards") == {} == held(twin, "following")
    assert twin.events == ()
    alone = complete(twin_of(thing(1, resting), thing(2, [(x + 30, 50) for x, _ in resting])))
    assert held(alone, "following") == {("o1", "o2"): ALL}
    # with the camera that turns about the middle, what lies below it goes further
    turn = Camera(
        motion=Attribute(value="orbit", confidence=1.0),
        shifts=((0.0, 0.0),) * 9,
        gradients=tuple((0.0, 0.1 * frame, 0.0, 0.0) for frame in range(9)),
    )
    low = thing(1, [(30 + 0.1 * frame * 30, 80) for frame in range(9)])
    high = thing(2, [(70 - 0.1 * frame * 30, 20) for frame in range(9)])
    assert moving(twin_of(low, high)).likely == ("o1", "o2")
    assert moving(twin_of(low, high).model_copy(update={"camera": turn})).likely == ()


def test_a_camera_that_is_not_known_makes_motion_unsure():
    pair = thing(1, line((10, 50), (45, 50))), thing(2, [(80, 50)] * 9)
    sure, unsure = (complete(twin_of(*pair, trust=trust)).relations for trust in (1.0, 0.5))
    assert [link.kind for link in sure] == ["left of", "moving towards"]
    assert [link.confidence for link in unsure] == pytest.approx([sure[0].confidence, sure[1].confidence / 2])


def test_flicker_is_cleaned_and_what_is_clear_stays():
    weak, strong = CLEAR / 2, CLEAR * 2
    assert clean_spans(np.array([weak] * 4 + [-weak] + [weak] * 4), 1) == ALL
    assert clean_spans(np.array([-weak] * 4 + [weak] + [-weak] * 4), 1) == ()
    assert clean_spans(np.array([-weak] * 4 + [strong] + [-weak] * 4), 1) == ((4, 5),)
    assert clean_spans(np.array([weak] * 4 + [-weak] * 2 + [weak] * 3), 1) == ((0, 4), (6, 9))
    assert clean_spans(np.array([weak] * 4 + [-weak] * 2 + [weak] * 3), 2) == ALL
    assert clean_spans(np.array([weak] * 4 + [np.nan] + [weak] * 4), 1) == ALL
    assert clean_spans(np.array([weak] * 4 + [np.nan] * 2 + [weak] * 3), 1) == ((0, 4), (6, 9))
    assert clean_spans(np.array([np.nan, weak, weak]), 1) == ((1, 3),)
    assert clean_spans(np.array([weak]), 1) == ((0, 1),)
    assert clean_spans(np.array([np.nan]), 1) == ()


def test_a_track_that_is_lost():
    places = [(20, 50)] * 3 + [None] * 4 + [(20, 50)] * 2
    twin = complete(twin_of(thing(1, places), thing(2, [(80, 50)] * 9), thing(3, [None] * 9)))
    assert held(twin, "left of") == {("o1", "o2"): ((0, 3), (7, 9))}
    assert twin.by_id["o3"].enters is None


def test_one_frame_and_no_object():
    assert held(complete(twin_of(thing(1, [(20, 50)]), thing(2, [(80, 50)]))), "left of") == {("o1", "o2"): ((0, 1),)}
    assert complete(twin_of(frames=3)).relations == ()
    full = thing(1, None, masks=np.ones((9, 100, 100), bool))
    assert complete(twin_of(full, thing(2, [(50, 50)] * 9))).relations  # a full mask is an object like others


def test_a_hundred_objects_take_less_than_two_seconds():
    rng = np.random.default_rng(0)
    many = [thing(n, line(rng.uniform(5, 95, 2), rng.uniform(5, 95, 2)), rng.uniform(4, 8), 8) for n in range(1, 101)]
    twin = twin_of(*many)
    begin = time.process_time()
    done = complete(twin)
    assert time.process_time() - begin < 2
    assert len(held(done, "left of")) > 1000
    assert complete(done) == done  # what is there already is not counted
