"""Whether a step's result is seen as planned: twins before and after, by a perception that knows three colours."""

from fractions import Fraction

import numpy as np
import pytest

from vireo.pipeline.step_check import ChangeCheck, TwinCheck
from vireo.reasoning.masks import track_of
from vireo.reasoning.plan import Step
from vireo.reasoning.twin import Attribute, Camera, DigitalTwin, TwinObject
from vireo.types import Composite
from vireo.video.io import TimedFrame

COLORS = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255)}
RECOLOR = Step(operation="recolor", instruction="make the red ball blue", parameters={"color": "blue"})
REMOVE = Step(operation="remove", instruction="remove the red ball")
GROW = Step(operation="grow", instruction="make the red ball bigger")


def picture(**squares):
    """Squares on grey, color=(row, column, side)."""
    frame = np.full((48, 48, 3), 128, np.uint8)
    for color, (row, column, side) in squares.items():
        frame[row : row + side, column : column + side] = COLORS[color]
    return frame


def perceive(frames, times):
    clip, found = np.stack(list(frames)), []
    for color, value in COLORS.items():
        mask = (clip == value).all(-1)
        if mask.any():
            known = {"color": Attribute(value=color, confidence=1)}
            place = f"o{len(found) + 1}"
            category = Attribute(value="ball", confidence=1)
            found.append(TwinObject(id=place, category=category, attributes=known, track=track_of(mask)))
    still = Camera(motion=Attribute(value="static", confidence=1), shifts=((0.0, 0.0),) * len(times))
    shape = {"width": clip.shape[2], "height": clip.shape[1]}
    return DigitalTwin(maker="test", times=tuple(times), camera=still, scene={}, objects=tuple(found), **shape)


def score(check, step, before, after, region=(slice(8, 24), slice(8, 24)), found=True):
    inside = np.zeros((48, 48), bool)
    inside[region] = True
    frames = [TimedFrame(before, number, 1, Fraction(1, 8)) for number in range(3)]
    return check.score(step, [(frame, Composite(after, inside, inside)) for frame in frames], found)


BEFORE = picture(red=(10, 10, 12), green=(30, 30, 10))


@pytest.mark.parametrize(
    ("step", "after", "expected"),
    [
        (RECOLOR, picture(blue=(10, 10, 12), green=(30, 30, 10)), 1.0),
        (RECOLOR, BEFORE, 0.5),
        (RECOLOR, picture(blue=(10, 10, 12)), 0.5),
        (REMOVE, picture(green=(30, 30, 10)), 1.0),
        (REMOVE, picture(), 0.5),
        (GROW, picture(red=(8, 8, 16), green=(30, 30, 10)), 1.0),
        (GROW, BEFORE, 0.5),
    ],
)
def test_half_is_for_the_target_and_half_for_what_stays(step, after, expected):
    check = TwinCheck(perceive, 3)
    assert score(check, step, BEFORE, after) == expected
    assert (score(check, step, BEFORE, after) >= check.enough) == (expected == 1)


def test_nothing_is_said_of_what_cannot_be_judged():
    check = TwinCheck(perceive, 3)
    assert score(check, Step(operation="light", instruction="make it night"), BEFORE, BEFORE) is None
    assert score(check, RECOLOR, BEFORE, BEFORE, found=False) is None
    assert score(check, RECOLOR, BEFORE, BEFORE, region=(slice(0, 4), slice(40, 44))) is None
    assert score(check, RECOLOR, BEFORE, BEFORE, region=(slice(0, 0), slice(0, 0))) == 0


def test_without_a_perception_a_step_has_to_change_something():
    check = ChangeCheck(3)
    assert score(check, RECOLOR, BEFORE, BEFORE) == 1
    assert score(check, RECOLOR, BEFORE, BEFORE, region=(slice(0, 0), slice(0, 0))) == 0
    assert score(check, RECOLOR, BEFORE, BEFORE, found=False) is None
