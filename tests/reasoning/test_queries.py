"""Questions about small twins whose answers are known by hand."""

import pytest
from hand_made import collision, line, thing, twin_of

from vireo.errors import InputError
from vireo.reasoning import moments, orders, queries
from vireo.reasoning.answers import ask
from vireo.reasoning.events import complete
from vireo.reasoning.found import Found, When, found, overlap, reason, seconds, union, without
from vireo.reasoning.hops import Call


@pytest.fixture(scope="module")
def twin():
    """A red ball (o1) runs into a blue cube (o2), beside a far green cube (o3) and a thing of unknown colour (o4)."""
    return collision(
        thing(3, [(30, 15)] * 9, depth=9.0, color="green"),
        thing(4, [(60, 85)] * 9, depth=4.0, side=12, color=None, category=None),
    )


def only(twin, name):
    return found({name: 1.0})


def test_attributes_and_what_is_not_known(twin):
    assert queries.with_value(twin, "color", "red").confidences == {"o1": 0.9, "o4": queries.UNKNOWN}
    assert queries.with_value(twin, "category", "cube").likely == ("o2", "o3")
    assert queries.with_value(twin, "color", "red").likely == ("o1",)
    assert queries.with_value(twin, "material", "metal").likely == ()
    assert queries.with_value(twin, "material", "metal").ids == ("o1", "o2", "o3", "o4")
    cubes = queries.with_value(twin, "category", "cube")
    assert queries.with_value(twin, "color", "blue", cubes).likely == ("o2",)
    assert queries.everything(twin).ids == ("o1", "o2", "o3", "o4")


def test_what_the_twin_doubts_may_be_something_else(twin):
    assert queries.may_be(twin, "category", "cone").confidences == pytest.approx(
        {"o1": 0.2, "o2": 0.2, "o3": 0.2, "o4": queries.UNKNOWN}
    )
    assert queries.may_be(twin, "color", "pink").confidences == {"o4": queries.UNKNOWN}, "it is sure of its colours"
    assert queries.may_be(twin, "category", "ball").confidences["o1"] == 0.8
    two = twin_of(thing(1, [(20, 20)] * 3, color="blue"), thing(2, [(60, 20)] * 3, category="ball"))
    assert ask(Call("find", {"category": "cone", "color": "blue"}), [], two).ids == ("o1",), "there is no cone"
    assert ask(Call("find", {"category": "ball"}), [], two).ids == ("o2",)
    assert ask(Call("find", {"color": "pink"}), [], two).ids == ()


def test_the_extreme_of_unlikely_ones_is_one_of_them(twin):
    doubted = found({"o2": 0.3, "o3": 0.2})
    assert orders.extreme(twin, "leftmost", doubted).ids[0] == "o3"


def test_relations_and_their_inverses(twin):
    o1, o2, o3 = (only(twin, name) for name in ("o1", "o2", "o3"))
    assert set(queries.related(twin, "left of", o2).likely) == {"o1", "o3", "o4"}
    assert set(queries.related(twin, "right of", o1).likely) == {"o2", "o3", "o4"}  # the ball passes below o3
    assert queries.related(twin, "right of", o1, always=True).likely == ("o2",)
    assert queries.related(twin, "behind", o1).likely == ("o3",)
    assert set(queries.related(twin, "in front of", o3).likely) == {"o1", "o2", "o4"}
    assert queries.related(twin, "smaller than", o1).likely == ("o4",)
    assert queries.related(twin, "moving towards", o2).likely == ("o1",)
    assert queries.related(twin, "approached by", o1).likely == ("o2",)
    late = When(((6, 9),))
    assert queries.related(twin, "right of", o1, when=late).likely == ("o2",)
    assert queries.related(twin, "left of", o1, when=late).likely == ("o3",)
    assert queries.related(twin, "left of", o1, among=o2, when=late).ids == ()
    answer = queries.related(twin, "moving towards", o2)
    assert answer.cited == ("o2",)
    assert answer.spans[0][0] == 0
    with pytest.raises(InputError, match="beside"):
        queries.related(twin, "beside", o1)  # type: ignore


def test_touching_is_said_of_both(twin):
    near = complete(twin_of(thing(1, [(30, 50)] * 9), thing(2, [(50, 50)] * 9)))
    assert queries.related(near, "touching", only(near, "o1")).ids == ("o2",)
    assert queries.related(near, "touching", only(near, "o2")).ids == ("o1",)


def test_on_and_under():
    stacked = complete(twin_of(thing(1, [(50, 70)] * 9, side=40), thing(2, [(55, 40)] * 9)))
    assert queries.related(stacked, "on", only(stacked, "o1")).ids == ("o2",)
    assert queries.related(stacked, "under", only(stacked, "o2")).ids == ("o1",)


def test_events(twin):
    assert queries.doing(twin, "collides").ids == ("o1", "o2")
    assert queries.doing(twin, "hits").ids == ("o1",)
    assert queries.doing(twin, "is hit", to=only(twin, "o1")).ids == ("o2",)
    assert queries.doing(twin, "is hit", to=only(twin, "o3")).ids == ()
    assert queries.doing(twin, "collides", to=only(twin, "o2")).ids == ("o1",)
    assert queries.doing(twin, "starts").ids == ("o2",)
    assert queries.doing(twin, "hits", when=When(((4, 9),))).ids == ()
    assert queries.doing(twin, "hits").spans == ((3, 4),)
    with pytest.raises(InputError, match="explodes"):
        queries.doing(twin, "explodes")  # type: ignore


def test_the_first_and_the_last():
    def path(start):
        return [(20, 50)] * start + line((30, 50), (60, 50), 9 - start)

    both_start = complete(twin_of(thing(1, path(3)), thing(2, [(c, 80) for c, _ in path(5)])))
    assert queries.doing(both_start, "starts").ids == ("o1", "o2")
    assert queries.doing(both_start, "starts", order="first").ids == ("o1",)
    assert queries.doing(both_start, "starts", order="last").ids == ("o2",)


def test_motion(twin):
    assert queries.moving(twin).likely == ("o1", "o2")
    assert queries.resting(twin).likely == ("o3", "o4")
    early = When(((0, 4),))
    assert queries.moving(twin, when=early).likely == ("o1",)
    assert queries.resting(twin, when=early).likely == ("o2", "o3", "o4")


def test_extremes(twin):
    def most(which, **limits):
        return orders.extreme(twin, which, **limits).likely

    assert most("rightmost") == ("o2",)
    assert most("leftmost", when=When(((0, 1),))) == ("o1",)
    assert most("leftmost", when=When(((8, 9),))) == ("o3",)
    assert most("nearest") == most("lowest") == most("smallest") == ("o4",)
    assert most("farthest") == most("highest") == most("largest") == ("o3",)
    assert most("fastest") == ("o1",)
    assert most("nearest", rank=4) == ("o3",)
    assert most("nearest", rank=5) == ()
    cubes = queries.with_value(twin, "category", "cube")
    assert most("nearest", among=cubes) == ("o2",)
    assert orders.extreme(twin, "nearest", among=cubes).objects[0][1] == pytest.approx(0.8, abs=0.01)
    # o1 and o2 are equally far: the answer is unsure, and names both
    tied = orders.extreme(twin, "nearest", among=found({"o1": 1.0, "o2": 1.0}))
    assert set(tied.ids) == {"o1", "o2"}
    assert tied.objects[0][1] == pytest.approx(0.5)
    with pytest.raises(InputError, match="nicest"):
        orders.extreme(twin, "nicest")  # type: ignore


def test_extremes_of_what_is_not_known():
    flat = twin_of(thing(1, [(20, 50)] * 9, depth=None), thing(2, [None] * 9))
    assert orders.extreme(flat, "nearest").ids == ()
    assert orders.extreme(flat, "leftmost").ids == ("o1",)


def test_sets():
    a, b = found({"o1": 0.9, "o2": 0.4}), found({"o2": 0.5, "o3": 1.0})
    assert without(a, b).confidences == {"o1": pytest.approx(0.9), "o2": pytest.approx(0.2)}
    assert found({"o1": 0.0}).ids == ()
    assert union(((4, 6), (0, 2), (2, 3), (5, 7))) == ((0, 3), (4, 7))
    assert overlap(((0, 5), (7, 9)), ((3, 8),)) == ((3, 5), (7, 8))


def test_moments(twin):
    hit = moments.time_of(twin, "hits", only(twin, "o1"), only(twin, "o2"))
    assert (hit.spans, hit.cited) == (((3, 4),), ("o1", "o2"))
    assert moments.before(hit).spans == ((0, 3),)
    assert moments.after(twin, hit).spans == ((3, 9),)
    assert moments.time_of(twin, "leaves") == When((), 0.0)
    assert moments.after(twin, When((), 0.0)).spans == ()
    assert moments.before(When(((4, 9),))).spans == ((0, 4),)
    assert moments.after(twin, When(((2, 5),))).spans == ((5, 9),)


def test_a_reason_cites_objects_and_seconds(twin):
    said = reason(twin, "the ball runs into the cube", queries.doing(twin, "is hit", to=only(twin, "o1")))
    assert said.objects == ("o2", "o1")
    assert said.spans == ((0.375, 0.5),)
    assert seconds(twin, ((8, 9),)) == ((1.0, 1.125),)
    moment = reason(twin, "then", When(((0, 9),), 1.0, ("o2",)))
    assert (moment.objects, moment.spans) == (("o2",), ((0.0, 1.125),))
    assert reason(twin, "none", Found(())).objects == ()
