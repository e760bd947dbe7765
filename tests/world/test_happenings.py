"""Scenes in which things happen: what is meant to come comes, and every object is to be seen."""

import hashlib

import numpy as np
import pytest

from vireo.errors import InputError
from vireo.world.camera import frame_cameras
from vireo.world.happenings import FRAMES, sample_happening

SEEDS = range(930_000, 930_006)


@pytest.fixture(scope="module")
def scenes():
    return [sample_happening(seed) for seed in SEEDS]


def shares_inside(scene):
    """How much of each object's width lies between left and right border, (frames, bodies)."""
    inside = np.zeros((scene.frames, len(scene.bodies)))
    for frame, view in enumerate(frame_cameras(scene)):
        for index, body in enumerate(scene.bodies):
            column, _, size = view.circle(body.track[frame][:3], body.radius)
            inside[frame, index] = np.clip((min(column, view.width - column) + size) / (2 * size), 0, 1)
    return inside


def test_scenes_are_those_of_their_seeds(scenes):
    again = sample_happening(SEEDS[0])
    assert again == scenes[0]
    assert len({hashlib.sha256(scene.model_dump_json().encode()).hexdigest() for scene in scenes}) == len(scenes)
    with pytest.raises(InputError):
        sample_happening(-1)


def test_everything_is_seen_whole_at_some_time_and_two_things_move(scenes):
    for scene in scenes:
        assert scene.frames == FRAMES
        assert 2 <= len(scene.bodies) <= 5
        assert (shares_inside(scene).max(0) == 1).all()
        tracks = np.array([body.track for body in scene.bodies])[..., :3]
        moved = np.linalg.norm(tracks.max(1) - tracks.min(1), axis=1)
        assert (moved > 0.05).sum() >= 2


def test_things_come_and_go(scenes):
    first = np.concatenate([shares_inside(scene)[0] for scene in scenes])
    last = np.concatenate([shares_inside(scene)[-1] for scene in scenes])
    assert (first == 0).any(), "nothing comes in"
    assert (last == 0).any(), "nothing leaves"


def test_no_two_objects_have_one_description(scenes):
    for scene in scenes:
        names = {(body.shape, body.color, body.material, body.size) for body in scene.bodies}
        assert len(names) == len(scene.bodies)
