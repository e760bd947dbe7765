"""Events of twins whose course is known by hand."""

import numpy as np
import pytest
from hand_made import box_masks, happened, line, thing, twin_of

from vireo.reasoning.events import complete

HALF = [(30, 50)] * 4


def test_starts_and_stops():
    places = HALF + line((35, 50), (45, 50), 3) + [(45, 50)] * 3
    twin = complete(twin_of(thing(1, places)))
    assert happened(twin, "starts") == [("o1", None, 4)]
    assert happened(twin, "stops") == [("o1", None, 6)]
    assert len(twin.events) == 2
    assert all(event.confidence > 0.9 for event in twin.events)
    assert [event.confidence for event in complete(twin_of(thing(1, places), trust=0.5)).events] == pytest.approx(
        [event.confidence / 2 for event in twin.events]
    )


def test_a_moment_of_rest_on_the_way_is_no_stop():
    up_and_down = [*line((30, 80), (30, 40), 5), (30, 40), *line((30, 50), (30, 80), 4)]
    assert complete(twin_of(thing(1, up_and_down))).events == ()


def test_who_moves_all_the_time_neither_starts_nor_stops():
    assert complete(twin_of(thing(1, line((20, 50), (80, 50))))).events == ()


def test_the_same_course_filmed_at_a_higher_rate():
    slow = HALF + line((35, 50), (50, 50), 4) + [(50, 50)] * 4
    columns = np.interp(np.arange(45) / 4, np.arange(12), [place[0] for place in slow])
    noise = np.random.default_rng(0).normal(0, 0.3, 45)
    fast = [(column + shake, 50) for column, shake in zip(columns, noise, strict=True)]
    found = complete(twin_of(thing(1, fast), fps=32)).events
    assert [(event.kind, round(event.frame / 4)) for event in found] == [("starts", 4), ("stops", 7)] or [
        (event.kind, event.frame) for event in found
    ] == [("starts", pytest.approx(14, abs=4)), ("stops", pytest.approx(28, abs=4))]


def test_comes_and_goes():
    places = [None] * 2 + line((10, 50), (50, 50), 3) + line((70, 50), (95, 50), 2) + [None] * 2
    twin = complete(twin_of(thing(1, places), thing(2, [(50, 85)] * 9)))
    assert happened(twin, "appears") == [("o1", None, 2)]
    assert happened(twin, "leaves") == [("o1", None, 7)]
    assert happened(complete(twin_of(thing(1, [(50, 50)] * 9))), "appears") == []


def test_leaves_and_returns():
    places = [(50, 50), (10, 50), *[None] * 4, (10, 50), (50, 50), (50, 50)]
    twin = complete(twin_of(thing(1, places)))
    assert happened(twin, "leaves") == [("o1", None, 2)]
    assert happened(twin, "appears") == [("o1", None, 6)]


def test_who_vanishes_in_plain_sight_may_be_a_lost_track():
    gone = complete(twin_of(thing(1, [(50, 50)] * 5 + [None] * 4))).events
    out = complete(twin_of(thing(1, [*line((50, 50), (90, 50), 5), None, None, None, None]))).events
    assert [event.kind for event in gone] == ["leaves"]
    assert gone[0].confidence < 0.8 < next(event.confidence for event in out if event.kind == "leaves")
    lost = [(50, 50)] * 4 + [None] + [(50, 50)] * 4
    assert complete(twin_of(thing(1, lost))).events == ()


def test_a_moving_one_pushes_a_resting_one():
    striker = thing(1, [*line((10, 50), (55, 50), 4), *line((58, 50), (60, 50), 5)])
    struck = thing(2, [*[(76, 50)] * 4, *line((80, 50), (89, 50), 5)])
    twin = complete(twin_of(striker, struck))
    assert happened(twin, "collides") == [("o1", "o2", 3)]
    assert happened(twin, "starts") == [("o2", None, 4)]
    apart = complete(twin_of(thing(1, [*line((10, 50), (55, 50), 4), *[(58, 50)] * 5], depth=9.0), struck))
    assert happened(apart, "collides") == []


def test_a_push_speaks_for_contact_where_depths_speak_a_little_against_it():
    path = [*line((10, 50), (55, 50), 4), *line((58, 50), (60, 50), 5)]
    struck = thing(2, [*[(76, 50)] * 4, *line((80, 50), (89, 50), 5)])
    sure = [
        [event.confidence for event in complete(twin_of(thing(1, path, depth=depth), struck)).events if event.object]
        for depth in (7.0, 8.7, 9.0)
    ]
    assert sure[0][0] > 0.9 > sure[1][0] > 0.5
    assert sure[2] == []


def test_what_comes_into_sight_as_it_is_struck_is_taken_to_have_come_as_it_goes_on():
    striker = thing(1, [(20, 50), (50, 50), (53, 50), *[(54, 50)] * 4])
    struck = thing(2, [None, (66, 50), (69, 50), *[(70, 50)] * 4])
    assert happened(complete(twin_of(striker, struck)), "collides") == [("o1", "o2", 1)]


def test_contact_between_two_frames_is_seen_by_what_comes_of_it():
    striker = thing(1, [*line((10, 50), (40, 50), 3), *line((48, 50), (38, 50), 6)])
    twin = complete(twin_of(striker, thing(2, [(72, 50)] * 9)))  # gaps of 12 and 4 pixels, never less
    assert happened(twin, "collides") == [("o1", "o2", 3)]


def test_what_runs_into_a_heavy_thing_stops_dead():
    wall = thing(2, [(75, 50)] * 9, side=24)
    twin = complete(twin_of(thing(1, [*line((11, 50), (53, 50), 4), *[(53, 50)] * 5]), wall))
    assert happened(twin, "collides") == [("o1", "o2", 3)]


def test_stopping_short_of_another_is_no_collision():
    striker = thing(1, [(column, 50) for column in (27, 34, 40, 45, 48, 50, 51, 51, 51)])
    assert happened(complete(twin_of(striker, thing(2, [(75, 50)] * 9))), "collides") == []


def covered(depth):
    """A box behind a passing one, and what of it is left to be seen."""
    passing = box_masks(line((10, 50), (90, 50)), 24)
    rest = box_masks([(50, 50)] * 9) & ~passing
    hidden = thing(1, None, depth=8.0, visibility=rest.sum((1, 2)) / 400, masks=rest)
    return complete(twin_of(hidden, thing(2, None, depth=depth, masks=passing)))


def test_is_occluded_by_what_is_nearer():
    assert happened(covered(6.0), "is occluded") == [("o1", "o2", 3)]
    assert not {"leaves", "appears", "starts", "stops"} & {e.kind for e in covered(6.0).events if e.subject == "o1"}
    assert happened(covered(10.0), "is occluded") == []
    unknown = happened(covered(None), "is occluded")
    assert unknown == [("o1", "o2", 3)]
    assert next(e.confidence for e in covered(None).events if e.kind == "is occluded") < 0.65


def test_ids_do_not_matter():
    striker, struck = [*line((10, 50), (55, 50), 4), *line((58, 50), (60, 50), 5)], [(76, 50)] * 4
    struck += line((80, 50), (89, 50), 5)
    twin = complete(twin_of(thing(1, struck), thing(2, striker)))
    assert happened(twin, "collides") == [("o2", "o1", 3)]
