"""Places in an order, what is between, and times of states and meetings: answers on twins that are known by hand."""

import numpy as np
import pytest
from hand_made import FAR_CONE, collision, line, thing, twin_of

from vireo.errors import InputError
from vireo.instruction_tuning.studio_vocabulary import studio_vocabulary
from vireo.reasoning import moments, queries
from vireo.reasoning.answers import NothingFound
from vireo.reasoning.events import complete
from vireo.reasoning.found import When, found
from vireo.reasoning.hops import Language
from vireo.reasoning.planning import Planning
from vireo.reasoning.query_language.drawing import imagine_query
from vireo.reasoning.query_language.lexicon import known_words, split_words
from vireo.reasoning.query_language.twin_clip import draw_for_twin

VOCABULARY = studio_vocabulary()
LANGUAGE = Language(VOCABULARY)


def resting_then_moving(start, row):
    return [(20, row)] * start + line((30, row), (60, row), 9 - start)


@pytest.fixture(scope="module")
def row():
    """From the left: a red ball (o1), a blue cube (o2), a green ball (o3), a pink cone (o4), a black ball (o5)."""
    places = ((10, "red", "ball"), (30, "blue", "cube"), (50, "green", "ball"), (70, "pink", "cone"))
    things = [
        thing(number, [(column, 50)] * 9, side=10, depth=6.0 + number, color=color, category=category)
        for number, (column, color, category) in enumerate((*places, (90, "black", "ball")), 1)
    ]
    return complete(twin_of(*things))


@pytest.fixture(scope="module")
def hit():
    """A red ball (o1) runs into a blue cube (o2), beside a far green cone (o3)."""
    return collision(FAR_CONE)


def answered(twin, *calls):
    """The answer to the last of these calls."""
    planning = Planning("q", twin, LANGUAGE)
    return [planning.take(call) for call in calls][-1]


@pytest.mark.parametrize(
    ("call", "name"),
    [
        ("extreme leftmost category=ball", "o1"),
        ("extreme leftmost second category=ball", "o3"),
        ("extreme rightmost second category=ball", "o3"),
        ("extreme rightmost third category=ball", "o1"),
        ("extreme rightmost fourth", "o2"),
        ("extreme nearest second", "o2"),
        ("extreme farthest second at-end", "o4"),
    ],
)
def test_places_in_an_order(row, call, name):
    assert answered(row, call).found.likely == (name,)


def test_an_order_ends(row):
    with pytest.raises(NothingFound):
        answered(row, "extreme leftmost second category=cone")


def test_a_place_in_an_order_is_no_name():
    with pytest.raises(NothingFound, match="look at the clip"):
        answered(None, "extreme leftmost second category=ball")


def test_the_second_to_start():
    twin = complete(twin_of(*(thing(number, resting_then_moving(2 * number, 25 * number)) for number in (1, 2, 3))))
    starts = {event.subject: event.frame for event in twin.events if event.kind == "starts"}
    assert [starts[name] for name in ("o1", "o2", "o3")] == sorted(starts.values())
    for order, name in {"first": "o1", "second": "o2", "third": "o3", "last": "o3", "last-but-one": "o2"}.items():
        assert answered(twin, f"happens starts {order}").ids == (name,), order
    tied = complete(twin_of(*(thing(number, resting_then_moving(3, 25 * number)) for number in (1, 2))))
    assert queries.doing(tied, "starts", order="first", rank=2).ids == ("o1", "o2"), "who shares a frame shares a place"
    assert queries.doing(tied, "starts", order="first", rank=3).ids == ()


def test_an_order_is_as_sure_as_what_is_ahead():
    twin = complete(twin_of(*(thing(number, resting_then_moving(2 * number, 25 * number)) for number in (1, 2, 3))))
    chance = queries.doing(twin, "starts").confidences
    doubted = found({"o1": 0.2, "o2": 0.7, "o3": 1.0})
    second = queries.doing(twin, "starts", among=doubted, order="first", rank=2)
    sure = (1 - 0.2 * chance["o1"]) * 0.7 * chance["o2"] * chance["o3"]
    assert second.objects == (("o3", pytest.approx(sure)),)


def test_between_is_left_of_one_and_right_of_the_other(row):
    assert answered(row, "find category=cube", "find category=cone", "between #1 #2").ids == ("o3",)
    assert answered(row, "find category=cone", "find category=cube", "between #1 #2 category=ball").ids == ("o3",)
    both = queries.between(row, found({"o1": 1.0}), found({"o5": 0.6}))
    assert set(both.ids) == {"o2", "o3", "o4"}
    assert both.cited == ("o1", "o5")
    assert all(chance <= 0.6 for chance in both.confidences.values())
    assert queries.between(row, found({"o2": 1.0}), found({"o2": 1.0})).ids == ()


def test_between_at_some_time_and_always():
    passing = line((10, 80), (90, 80))
    passer, left, right = thing(1, passing), thing(2, [(30, 20)] * 9), thing(3, [(70, 20)] * 9)
    twin = complete(twin_of(passer, left, right))
    ends = found({"o2": 1.0}), found({"o3": 1.0})
    now = queries.between(twin, *ends)
    assert now.ids == ("o1",)
    inside = [frame for frame, (column, _) in enumerate(passing) if 36 <= column <= 64]
    assert now.spans == ((inside[0], inside[-1] + 1),)
    assert queries.between(twin, *ends, always=True).ids == ()
    assert queries.between(twin, *ends, when=When(((0, 1),))).ids == ()
    unseen = complete(twin_of(thing(1, [None] * 9), left, right))
    assert queries.between(unseen, *ends).ids == ()


def test_meetings_have_a_time(hit):
    frame = next(event.frame for event in hit.events if event.kind == "collides")
    find = ("find category=ball", "find category=cube")
    for pair in ("#1 with #2", "#2 with #1"):
        assert answered(hit, *find, f"after collides {pair}").when.spans == ((frame, 9),)
        assert answered(hit, *find, f"before collides {pair}").when.spans == ((0, frame),)
    with pytest.raises(NothingFound, match="no time"):
        answered(hit, "find category=ball", "find category=cone", "after collides #1 with #2")


def test_motion_and_rest_last_from_event_to_event():
    places = [(20, 50)] * 3 + line((30, 50), (60, 50), 4) + [(60, 50)] * 3
    twin = complete(twin_of(thing(1, places), thing(2, [(80, 20)] * 10)))
    starts, stops = (next(event.frame for event in twin.events if event.kind == kind) for kind in ("starts", "stops"))
    assert moments.while_so(twin, "moving", "o1").spans == ((starts, stops),)
    assert moments.while_so(twin, "still", "o1").spans == ((0, starts), (stops, 10))
    assert moments.while_so(twin, "still", "o2").spans == ((0, 10),)
    assert moments.while_so(twin, "moving", "o2") == When((), 0.0)
    rolling = complete(twin_of(thing(1, line((10, 50), (90, 50)))))
    assert moments.while_so(rolling, "moving", "o1").spans == ((0, 9),)


def test_what_is_covered_is_hidden_until_it_is_seen_again():
    shares = [1.0, 1.0, 1.0, 0.4, 0.0, 0.3, 1.0, 1.0, 1.0]
    masks = np.zeros((9, 100, 100), bool)
    for frame, share in enumerate(shares):
        masks[frame, 40:60, 40 : 40 + round(20 * share)] = True
    behind = thing(1, [None] * 9, depth=9.0, masks=masks, visibility=shares)
    front = thing(2, line((85, 50), (5, 50)), depth=5.0, color="blue")
    twin = complete(twin_of(behind, front))
    begin = next(event.frame for event in twin.events if event.kind == "is occluded")
    assert moments.while_so(twin, "hidden", "o1").spans == ((begin, 6),)
    assert moments.while_so(twin, "hidden", "o2") == When((), 0.0)


def test_a_relation_lasts(hit):
    when = answered(hit, "find category=ball", "find category=cone", "holds left-of #1 #2").when
    assert when.spans == ((0, 1),), "at column 25 it is hardly left of 30"
    with pytest.raises(InputError, match="no relation"):
        moments.while_related(hit, "beside", found({"o1": 1.0}), found({"o2": 1.0}))  # type: ignore


def test_a_step_is_timed_by_what_its_clause_is_about(hit):
    calls = ("find color=blue", "find color=red", "after collides #2 with #1", "recolor #1 color=green when #3", "end")
    planning = Planning("q", hit, LANGUAGE)
    for call in calls:
        planning.take(call)
    (step,) = planning.plan("test").steps
    frame = next(event.frame for event in hit.events if event.kind == "collides")
    assert step.span == (frame / 8, 9 / 8)
    assert step.targets[0].id == "o2"
    assert {name for reason in step.reasons for name in reason.objects} == {"o1", "o2"}


SAID = (
    "after the ball stops, make it blue",
    "when the red ball hits the cone, turn the cone green",
    "once the cube has left, make the room darker",
    "from the moment that the cone starts to move until the ball is hidden, paint it red",
    "while the cube is behind the ball, make that cube bigger",
    "remove the second ball from the left and the third cube from the right",
    "make the last one to move blue and the second thing to appear green",
    "remove the nearest but one",
    "take the ball between the cube and the cone and make it red",
    "remove whichever object is standing left of the cone's left neighbour",
)


@pytest.mark.parametrize("text", SAID)
def test_words_of_everyday_requests_are_known(text):
    assert set(split_words(text)) <= set(known_words(VOCABULARY))


def test_training_queries_have_orders_between_and_times():
    seen = {"rank": 0, "between": 0, "while": 0, "holds": 0, "with": 0, "whole": 0, "it": 0}
    for number in range(3000):
        query = imagine_query(1, number, VOCABULARY)
        for call in query.calls:
            seen["rank"] += "rank" in call.values or call.values.get("order") in ("second", "third", "last-but-one")
            seen["with"] += call.head in ("after", "before") and "other" in call.values
            seen["whole"] += "when" in call.values and "object" not in call.values
            if call.head in seen:
                seen[call.head] += 1
        first = query.text.split()[0]
        seen["it"] += first in ("after", "once", "when", "before", "until", "while") and " it " in f"{query.text} "
    assert all(count >= 15 for count in seen.values()), seen


def sure(twin):
    """The twin without doubt what its objects are."""
    kept = []
    for entry in twin.objects:
        certain = {name: one.model_copy(update={"confidence": 1.0}) for name, one in entry.attributes.items()}
        category = entry.category.model_copy(update={"confidence": 1.0})
        kept.append(entry.model_copy(update={"category": category, "attributes": certain}))
    return complete(twin.model_copy(update={"objects": tuple(kept)}))


def test_drawn_queries_have_the_answers_of_the_twin(row, hit):
    """What is drawn for a twin is answered without doubt, and says the same in other words."""
    heads, row, hit = set(), sure(row), sure(hit)
    for seed in range(40):
        for twin, levels in ((row, (1,)), (row, (3,)), (hit, (0,)), (hit, (None,))):
            drawn = draw_for_twin((seed,), twin, LANGUAGE, levels)
            if drawn is None:
                continue
            query, plan = drawn
            reworded = draw_for_twin((seed,), twin, LANGUAGE, levels, "held_out")
            assert reworded is not None
            assert reworded[0].calls == query.calls
            assert plan.steps
            heads |= {word for call in query.calls for word in (call.head, *call.values)}
    assert {"rank", "between", "after", "before", "when", "other"} <= heads
