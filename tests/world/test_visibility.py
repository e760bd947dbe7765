"""Scenes, pictures and the answers about them agree with each other and with geometry done by hand."""

import numpy as np
import pytest

from vireo.errors import InputError
from vireo.video.operations import OPERATIONS
from vireo.world import shapes
from vireo.world.camera import frame_cameras
from vireo.world.palette import COLORS, PLACES
from vireo.world.render import render
from vireo.world.sampling import jitter, sample_scene
from vireo.world.scene import Scene
from vireo.world.styles import pixel
from vireo.world.visibility import camera_distances, place_name, relations, visible_objects


@pytest.fixture(scope="module")
def clips():
    return [(scene, render(scene)) for scene in map(sample_scene, range(40, 46))]


def test_a_scene_survives_json_and_renders_the_same_bytes(clips):
    scene, shot = clips[0]
    again = render(Scene.model_validate_json(scene.model_dump_json()))
    assert np.array_equal(again.frames, shot.frames)
    assert np.array_equal(again.instances, shot.instances)
    assert shot.frames.shape == (9, 96, 96, 3)


def test_seeds_are_deterministic_and_differ():
    assert sample_scene(3) == sample_scene(3)
    assert sample_scene(3) != sample_scene(4)
    with pytest.raises(InputError):
        sample_scene(-1)


def test_masks_lie_where_the_camera_projects_the_bodies(clips):
    for scene, shot in clips:
        for frame in (0, 8):
            for entry in visible_objects(scene, shot.instances, frame):
                column, row, size = frame_cameras(scene)[frame].circle(entry.body.track[frame][:3], entry.body.radius)
                assert np.hypot(column - entry.centre[0], row - entry.centre[1]) < 0.6 * size + 1


def test_depth_is_the_distance_of_what_is_seen(clips):
    scene, shot = clips[0]
    for entry in visible_objects(scene, shot.instances):
        _, _, centre = frame_cameras(scene)[0].project(entry.body.track[0][:3])
        seen = shot.depth[0][shot.instances[0] == entry.index + 1]
        assert abs(float(np.median(seen)) - centre) < 1.3 * entry.body.radius
    empty = shot.instances[0] == 0
    rows, columns = np.nonzero(empty[80:])
    if len(rows):
        row, column = rows[0] + 80, columns[0]
        point = frame_cameras(scene)[0].floor_point(column + 0.5, row + 0.5)
        assert shot.depth[0, row, column] == pytest.approx(frame_cameras(scene)[0].project(point)[2], rel=0.01)


def test_projection_and_floor_point_are_inverse():
    view = frame_cameras(sample_scene(7))[3]
    column, row, _ = view.project(view.floor_point(30.0, 70.0))
    assert (column, row) == pytest.approx((30.0, 70.0))


def test_relations_are_opposite_for_the_other_object(clips):
    opposite = {
        "left of": "right of",
        "right of": "left of",
        "behind": "in front of",
        "in front of": "behind",
    }
    found = 0
    for scene, shot in clips:
        visible, distances = visible_objects(scene, shot.instances), camera_distances(scene)
        for a in visible:
            for b in visible:
                if a.index != b.index:
                    there = relations(a, b, distances, scene.width)
                    found += len(there)
                    assert [opposite[word] for word in there] == relations(b, a, distances, scene.width)
    assert found > 10


def test_named_places_are_the_grid_of_the_picture():
    for name, (column, row) in PLACES.items():
        assert place_name(column * 96, row * 96, 96, 96) == name


def test_resting_bodies_rest_and_rolling_ones_roll(clips):
    moved = {
        body.motion: np.linalg.norm(np.diff(np.array(body.track)[:, :3], axis=0), axis=1).sum()
        for scene, _ in clips
        for body in scene.bodies
    }
    assert moved["rest"] < 0.1
    assert max(moved.values()) > 0.3


@pytest.mark.parametrize("shape", shapes.SHAPES)
def test_reach_down_is_the_lowest_surface_point(shape):
    rng = np.random.default_rng(0)
    extent = shapes.EXTENTS[shape]
    direction = rng.normal(size=(40000, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    if shape in shapes.MESHES:
        points = shapes.mesh(shape)[0]
    elif shape == "ball":
        points = direction * extent[0]
    elif shape == "egg":
        points = direction * extent
    elif shape == "cube":
        points = np.sign(direction) * extent
    else:
        angle = rng.uniform(0, 2 * np.pi, 40000)
        rim = np.stack([np.cos(angle), np.sin(angle), np.zeros(40000)], 1) * extent[0]
        ends = rng.choice([-1, 1], 40000)[:, None] * [0, 0, extent[1]]
        points = (rim if shape == "cylinder" else direction * extent[0]) + ends
    quaternion = rng.normal(size=4)
    quaternion /= np.linalg.norm(quaternion)
    lowest = -(points @ shapes.rotation(quaternion).T)[:, 2].min()
    assert shapes.reach_down(shape, 2.0, quaternion) == pytest.approx(2 * lowest, rel=0.01)


def test_jitter_stays_nearest_to_its_own_name():
    rng = np.random.default_rng(1)
    for color in COLORS:
        for _ in range(50):
            shade = np.array(jitter(rng, color))
            assert min(COLORS, key=lambda name: np.linalg.norm(shade - COLORS[name])) == color


def test_styles_by_hand():
    frame = np.zeros((1, 8, 8, 3), np.uint8)
    frame[..., 0] = 200
    assert (OPERATIONS["gray"](frame) == round(200 * 0.299)).all()
    assert (OPERATIONS["negative"](frame)[0, 0, 0] == [55, 255, 255]).all()
    frame[0, :4, :4] = 128
    assert np.ptp(pixel(frame)[0, :4, :4].reshape(-1, 3), axis=0).max() == 0
