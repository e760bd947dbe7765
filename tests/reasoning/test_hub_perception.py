"""What the hub's perception makes of detections, masks, depths and answers, whoever they come from."""

import numpy as np
import pytest
from hub_fakes import (
    HEIGHT,
    WIDTH,
    Depths,
    Reader,
    Scripted,
    Segmenter,
    pictures,
    scores,
    seeing,
    seen_twin,
    still,
    times,
)

from vireo.errors import InputError
from vireo.reasoning.events import complete
from vireo.reasoning.masks import masks_of
from vireo.reasoning.perception.hub import following
from vireo.reasoning.perception.hub.backend import HubPerception
from vireo.reasoning.perception.hub.boxes import distinct, matches, overlaps
from vireo.reasoning.perception.hub.following import key_frames
from vireo.reasoning.perception.hub.nouns import NOUNS, read_nouns
from vireo.reasoning.perception.hub.parts import Found

LEFT, RIGHT = (10.0, 20.0, 22.0, 34.0), (50.0, 22.0, 64.0, 38.0)


def seen(twin, place):
    return twin.objects[place].track.seen()


def test_overlap_of_boxes():
    boxes = np.array([[0, 0, 10, 10], [5, 0, 15, 10], [20, 20, 30, 30], [4, 4, 4, 9]], float)
    assert overlaps(boxes[:1], boxes)[0].tolist() == pytest.approx([1, 1 / 3, 0, 0])


def test_a_thing_found_by_two_nouns_is_one():
    boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 9], [30, 0, 40, 10], [60, 0, 70, 10]], float)
    found = distinct(boxes, np.array([[0.4, 0.1], [0.2, 0.5], [0.6, 0.0], [0.1, 0.2]]), 0.3)
    assert [each.box for each in found] == [(30, 0, 40, 10), (0, 0, 10, 9)]
    assert found[1].scores.tolist() == [0.4, 0.5]
    assert not distinct(boxes, np.zeros((4, 2)), 0.3)


def test_boxes_are_matched_by_the_greatest_overlap_in_all():
    one, other = [(0, 0, 10, 10), (4, 0, 14, 10)], [(3, 0, 13, 10), (40, 0, 50, 10), (0, 0, 9, 10)]
    assert matches(one, other, 0.5) == {0: 2, 1: 0}
    assert matches(one, other, 0.85) == {0: 2}
    assert matches([], other, 0.5) == {}


@pytest.mark.parametrize(
    ("clock", "keys"),
    [
        ([0.0], {0}),
        ([0.0, 0.1, 0.2], {0, 2}),
        ([frame / 8 for frame in range(17)], {0, 8, 16}),
        ([frame / 8 for frame in range(13)], {0, 6, 12}),
        ([0.0, 0.1, 5.0], {0, 1, 2}),
    ],
)
def test_things_are_looked_for_first_last_and_every_second(clock, keys):
    assert key_frames(clock) == keys


def test_what_is_there_all_along():
    detector = seeing([still(LEFT, 17), still(RIGHT, 17)], cat=0.5, dog=0.7)
    detector.finds[8] = [Found(RIGHT, scores(dog=0.9)), Found(LEFT, scores(cat=0.6))]
    twin = seen_twin([still(LEFT, 17), still(RIGHT, 17)], detector)
    assert detector.asked == [0, 8, 16]
    assert [entry.id for entry in twin.objects] == ["o1", "o2"]
    assert [entry.track.boxes for entry in twin.objects] == [(LEFT,) * 17, (RIGHT,) * 17]
    one, other = (entry.category for entry in twin.objects)
    assert (one.value, one.confidence) == ("cat", pytest.approx((0.5 + 0.5 + 0.6) / 3))
    assert (other.value, other.confidence) == ("dog", pytest.approx((0.7 + 0.7 + 0.9) / 3))
    masks = masks_of(twin.objects[0].track, twin.width, twin.height)
    assert masks[3, 20:34, 10:22].all()
    assert masks[3].sum() == 14 * 12
    assert (twin.maker, twin.width, twin.height, twin.frames) == ("hub", WIDTH, HEIGHT, 17)
    whole = complete(twin)
    assert [(link.subject, link.object) for link in whole.relations if link.kind == "left of"] == [("o1", "o2")]
    assert whole.events == ()
    assert twin.camera.motion.value == "static"


def test_what_comes_later_is_followed_back_to_its_first_frame():
    things = [still(RIGHT, 17), still(LEFT, 17, range(5, 17))]
    twin = seen_twin(things)
    assert [entry.track.boxes[10] for entry in twin.objects] == [RIGHT, LEFT], "by first appearance"
    assert seen(twin, 1) == tuple(range(5, 17))
    assert [(event.kind, event.subject, event.frame) for event in complete(twin).events] == [("appears", "o2", 5)]


def test_what_comes_after_the_last_regular_look_is_found():
    assert seen(seen_twin([still(RIGHT, 12), still(LEFT, 12, range(10, 12))]), 1) == (10, 11)


def test_what_leaves_and_comes_back_is_one_object():
    there = [*range(4), *range(9, 17)]
    twin = seen_twin([still(LEFT, 17, there)])
    assert len(twin.objects) == 1
    assert seen(twin, 0) == tuple(there)
    happened = [(event.kind, event.frame) for event in complete(twin).events]
    assert happened == [("leaves", 4), ("appears", 9)]


def test_what_the_segmenter_loses_is_found_again_as_the_same():
    things = [still(LEFT, 25), still(RIGHT, 25)]
    twin = seen_twin(things, loses={0: 11})
    assert [seen(twin, place) for place in (0, 1)] == [tuple(range(25))] * 2


def test_what_comes_where_another_has_left_is_not_the_same():
    things = [still(LEFT, 25, range(6)), still(LEFT, 25, range(12, 25))]
    twin = seen_twin(things)
    assert [seen(twin, place) for place in (0, 1)] == [tuple(range(6)), tuple(range(12, 25))]


def test_the_way_back_ends_at_what_is_still_there():
    """The way back of a thing that came out from behind another leads onto that one."""
    out = [LEFT] * 5 + [RIGHT] * 12
    detector = Scripted({frame: [Found(LEFT, scores(cat=0.9))] for frame in range(5)})
    detector.finds |= {frame: [Found(LEFT, scores(cat=0.9)), Found(RIGHT, scores(dog=0.9))] for frame in range(5, 17)}
    twin = seen_twin([still(LEFT, 17), out], detector)
    assert [(entry.category.value, entry.track.seen()) for entry in twin.objects] == [
        ("cat", tuple(range(17))),
        ("dog", tuple(range(5, 17))),
    ]


def test_boxes_with_one_mask_are_one_object():
    wide = (4.0, 20.0, 30.0, 34.0)
    finds = [Found(LEFT, scores(cat=0.8)), Found(wide, scores(cup=0.9))]
    twin = seen_twin([still(LEFT, 9)], Scripted(dict.fromkeys(range(9), finds)))
    assert len(twin.objects) == 1
    assert twin.objects[0].category.value == "cup"


def test_what_is_detected_once_and_never_again_is_no_object():
    detector = seeing([still(LEFT, 33)], cat=0.8)
    for frame in range(8, 33):
        detector.finds[frame] = []
    assert seen_twin([still(LEFT, 33)], detector).objects == ()
    detector = seeing([still(LEFT, 33)], cat=0.8)
    detector.finds[8] = detector.finds[16] = []
    assert len(seen_twin([still(LEFT, 33)], detector).objects) == 1


def test_a_clip_without_things_has_a_twin():
    twin = complete(seen_twin([], Scripted({}), frames=5))
    assert (twin.objects, twin.scene, twin.frames) == ((), {}, 5)


def test_memory_holds_a_part_of_the_clip_and_the_order_stays(monkeypatch):
    things = [still(RIGHT, 25), still(LEFT, 25, range(9, 25))]
    whole = seen_twin(things)
    monkeypatch.setattr(following, "HISTORY", 3)
    short = seen_twin(things)
    assert short.objects[0] == whole.objects[0]
    assert seen(whole, 1) == tuple(range(9, 25))
    assert seen(short, 1) == tuple(range(13, 25)), "looked for in 16, and three pictures back"


def test_metric_depths_are_the_twins():
    nearer = (16.0, 24.0, 30.0, 40.0)
    things = [still(LEFT, 9), still(nearer, 9)]
    twin = seen_twin(things, depth=Depths(things, [6.0, 3.0]))
    assert twin.objects[0].track.depths == pytest.approx((6.0,) * 9)
    kinds = {(link.kind, link.subject, link.object) for link in complete(twin).relations}
    assert ("behind", "o1", "o2") in kinds


def test_relative_depths_say_who_is_covered_and_nothing_else():
    """A thing that goes behind another at the end: seen whole before, then by a half."""
    front = (16.0, 10.0, 40.0, 50.0)
    cut = [*still((1.0, 20.0, 13.0, 34.0), 5), *still((10.0, 20.0, 16.0, 34.0), 4)]
    things = [cut, still(front, 9)]
    far, near = -1.0, -5.0  # as relative checkpoints tell: inverse, of any origin
    twin = seen_twin(things, depth=Depths(things, [far, near], ratios=False))
    hidden, whole = (entry.track for entry in twin.objects)
    assert hidden.depths == (None,) * 9
    assert hidden.visibility == pytest.approx((1, 1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5))
    assert whole.visibility == pytest.approx((1,) * 9)
    assert not [link for link in complete(twin).relations if link.kind in ("behind", "on", "inside")]
    turned = seen_twin(things, depth=Depths(things, [near, far], ratios=False))
    assert turned.objects[0].track.visibility == pytest.approx((1,) * 9)


def test_without_depth_whoever_is_met_may_cover():
    things = [
        [*still((1.0, 20.0, 13.0, 34.0), 5), *still((10.0, 20.0, 16.0, 34.0), 4)],
        still((16.0, 10.0, 40.0, 50.0), 9),
    ]
    twin = seen_twin(things)
    assert twin.objects[0].track.depths == (None,) * 9
    assert twin.objects[0].track.visibility == pytest.approx((1, 1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5))


def test_attributes_are_those_that_the_reader_is_sure_of():
    reader = Reader({"red": 0.7, "wood": 0.3, "outdoors": 0.9, "night": 0.45})
    twin = seen_twin([still(LEFT, 9), still(RIGHT, 9)], reader=reader)
    told = twin.objects[0].attributes
    assert (told["color"].value, told["color"].confidence) == ("red", pytest.approx(0.7))
    assert (told["material"].value, told["material"].confidence) == (None, pytest.approx(0.3))
    assert twin.scene["place"].value == "outdoors"
    assert [twin.scene[name].value for name in ("light", "weather")] == [None, None]
    shown = [picture for picture, question in reader.asked if "cat" in question.text]
    assert len(shown) == 4
    assert all(crop.shape[0] < HEIGHT / 2 for crop in shown), "the object is shown, not the whole picture"


def test_without_a_reader_attributes_are_left_out():
    twin = seen_twin([still(LEFT, 9)])
    assert twin.objects[0].attributes == {}
    assert twin.scene == {}
    assert (twin.camera.focal, twin.texts) == (None, ())


def test_the_portrait_is_of_the_frame_that_shows_most():
    growing = [(20.0, 20.0, 24.0 + 2 * frame, 30.0) for frame in range(9)]
    reader = Reader({"red": 0.9})
    seen_twin([growing], reader=reader)
    crops = [picture for picture, question in reader.asked if "cat" in question.text]
    assert [crop.shape[1] for crop in crops] == [26, 26], "20 wide, and a margin of 3 on both sides"


def test_large_clips_are_reduced():
    class Blind:
        nouns = ("cat",)

        def find(self, picture):
            assert picture.shape == (480, 640, 3)
            return []

    twin = HubPerception(Blind(), Segmenter([])).perceive(np.zeros((2, 720, 960, 3), np.uint8), [0.0, 0.1])
    assert (twin.height, twin.width) == (480, 640)


def test_what_is_no_clip_is_refused():
    seer = HubPerception(Scripted({}), Segmenter([]))
    with pytest.raises(InputError, match="3 frames and 2 times"):
        seer.perceive(pictures(3), times(2))
    with pytest.raises(InputError, match="0 frames"):
        seer.perceive([], [])
    with pytest.raises(InputError, match="a frame is"):
        seer.perceive([pictures(1)[0], pictures(1)[0, :5]], times(2))


def test_nouns():
    assert read_nouns(["Red  Ball", "cat", "red ball"]) == ("red ball", "cat")
    assert read_nouns(NOUNS) == NOUNS
    for wrong in ("", "cat.", "a b c d e", "é", "1"):
        with pytest.raises(InputError, match="no noun"):
            read_nouns([wrong])
    with pytest.raises(InputError, match="0 nouns"):
        read_nouns([])
