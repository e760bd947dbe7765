"""Questions against a scene whose truth is known by construction: three bodies and a hand-drawn instance mask."""

import numpy as np
import pytest

from vireo.instruction_tuning.visual_questions import NUMBERS, ask
from vireo.world.camera import frame_cameras
from vireo.world.scene import Backdrop, Body, Camera, Floor, Lamp, Light, Scene
from vireo.world.visibility import DEPTH_GAP, SIDE_GAP, place_name

LOOKS = [
    # shape, color, material, size, x, y, drawn column, drawn row
    ("ball", "red", "striped", "large", -0.6, 0.0, 20, 60),
    ("cube", "blue", "matte", "small", 0.6, 0.8, 76, 40),
    ("ball", "green", "metal", "large", 0.1, -0.6, 50, 76),
]


def body(shape, color, material, size, x, y, *_):
    place = (x, y, 0.3)
    return Body(
        shape=shape,
        color=color,
        rgb=(0.5, 0.5, 0.5),
        material=material,
        size=size,
        radius=0.3,
        position=place,
        track=((*place, 1.0, 0.0, 0.0, 0.0),) * 9,
    )


def make_scene(light="day", effects=()):
    lamps = (Lamp(direction=(0, 0, -1), color=(1, 1, 1)),)
    return Scene(
        seed=1,
        bodies=tuple(body(*look) for look in LOOKS),
        camera=Camera(),
        light=Light(name=light, lamps=lamps, ambient=(0.3, 0.3, 0.3)),
        floor=Floor(kind="grass"),
        backdrop=Backdrop(kind="sea"),
        effects=effects,
    )


def draw():
    masks = np.zeros((9, 96, 96), np.uint8)
    for index, look in enumerate(LOOKS):
        column, row = look[-2:]
        masks[:, row - 6 : row + 6, column - 6 : column + 6] = index + 1
    return masks


def asked(scene=None, rounds=30):
    scene = scene or make_scene()
    return {
        (q.text, q.answer, q.kind) for seed in range(rounds) for q in ask(scene, draw(), 0, np.random.default_rng(seed))
    }


def test_answers_are_true():
    found = {said: answer for said, answer, _ in asked()}
    assert found["how many objects are there?"] == "three"
    assert found["how many balls are there?"] == "two"
    assert found["what is the floor?"] == "grass"
    assert found["what is behind the objects?"] == "the sea"
    assert found["what color is the cube?"] == "blue"
    assert found["what shape is the red object?"] == "ball"
    assert found["what material is the green object?"] == "metal"
    assert found["is the cube small or large?"] == "small"
    assert found["what color is the leftmost object?"] == "red"
    assert found["is there a red ball?"] == "Yes"
    assert found["where is the green ball?"] == "at the front"
    assert found["in which cell is the green ball?"] == "4 5"
    assert found["describe the picture"].startswith("a striped red ball, a green metal ball")


def test_questions_know_what_they_are_about():
    about = {q.text: q.bodies for seed in range(30) for q in ask(make_scene(), draw(), 0, np.random.default_rng(seed))}
    assert about["what color is the cube?"] == (1,)
    assert about["how many balls are there?"] == (0, 2)
    assert about["how many objects are there?"] is None
    assert about["is there a red ball?"] == (0,)
    assert about["is there a red cube?"] == ()
    assert about["in which cell is the green ball?"] == (2,)
    assert about["what is the floor?"] is None


def test_no_question_has_two_answers():
    found = asked()
    assert len({said for said, _, _ in found}) == len(found)


def test_names_fit_one_object():
    for said, _, kind in asked():
        if kind in ("color", "place", "cell"):
            assert not any(name in said for name in ("the ball", "the sphere", "the large ball")), said


def test_yes_and_no_are_balanced():
    answers = [
        q.answer
        for seed in range(300)
        for q in ask(make_scene(), draw(), 0, np.random.default_rng(seed))
        if q.kind in ("relation", "existence")
    ]
    assert 0.42 < np.mean([answer == "Yes" for answer in answers]) < 0.58


def test_what_cannot_be_seen_is_not_asked():
    kinds = {kind for _, _, kind in asked(make_scene(effects=("gray",)))}
    assert kinds == {"style", "watermark"}
    kinds = {kind for _, _, kind in asked(make_scene(light="red"))}
    assert "color" not in kinds
    assert "existence" not in kinds
    assert "shape" in kinds
    hidden = draw()
    hidden[hidden == 2] = 0
    few = {q.kind for q in ask(make_scene(), hidden, 0, np.random.default_rng(0))}
    assert "count" not in few
    assert "relation" not in few


def true_relations(scene, masks, a, b):
    """From the masks and the geometry of the scene alone."""
    centres = [np.nonzero(masks[0] == index + 1)[1].mean() / masks.shape[2] for index in (a, b)]
    camera = frame_cameras(scene)[0]
    depths = [camera.project(scene.bodies[index].track[0][:3])[2] for index in (a, b)]
    across, along = centres[0] - centres[1], depths[0] - depths[1]
    sides = {"right of" if across > 0 else "left of"} if abs(across) >= SIDE_GAP else set()
    return sides | ({"behind" if along > 0 else "in front of"} if abs(along) >= DEPTH_GAP else set())


def test_relation_answers_follow_the_studio_truth():
    scene, masks = make_scene(), draw()
    names = {"red ball": 0, "blue cube": 1, "green ball": 2}
    checked = 0
    for said, answer, kind in asked():
        for word in ("left of", "right of", "in front of", "behind"):
            if kind == "relation" and f" {word} the " in said:
                first, second = said.removeprefix("is the ").removesuffix("?").split(f" {word} the ")
                if first in names and second in names:
                    assert (word in true_relations(scene, masks, names[first], names[second])) == (answer == "Yes"), (
                        said
                    )
                    checked += 1
    assert checked > 5


def test_comparisons_are_asked_openly_and_answered_by_the_studio_truth():
    scene, masks = make_scene(), draw()
    names = {"red ball": 0, "blue cube": 1, "green ball": 2}
    answers = set()
    for said, answer, kind in asked():
        if kind == "comparison":
            sides = next(s for s in ("left of or right of", "behind or in front of") if f" {s} the " in said)
            assert answer in sides.split(" or ")
            first, second = said.removeprefix("is the ").removesuffix("?").split(f" {sides} the ")
            if first in names and second in names:
                assert answer in true_relations(scene, masks, names[first], names[second]), said
                answers.add(answer)
    assert {"left of", "right of"} <= answers


@pytest.mark.parametrize(("column", "row", "name"), [(5, 90, "at the front left"), (48, 55, "in the middle")])
def test_place_words(column, row, name):
    assert place_name(column, row, 96, 96) == name


def test_numbers():
    assert NUMBERS[4] == "four"
