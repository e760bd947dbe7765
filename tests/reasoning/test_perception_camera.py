"""The ground's motion on pictures that are moved by known homographies."""

import math

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, map_coordinates

from vireo.reasoning.perception.camera_shift import GroundTracker, Rig, as_affine, camera_motion, lifted

HEIGHT, WIDTH = 120, 160


@pytest.fixture(scope="module")
def ground():
    """Structure of several sizes, larger than a picture."""
    noise = np.random.default_rng(0).normal(size=(3 * HEIGHT, 3 * WIDTH))
    return 120 + sum(60 * sigma * gaussian_filter(noise, sigma) for sigma in (1.5, 4, 9))


def filmed(ground, homography):
    """The picture in which points (of halves of the height from the middle) have gone where the homography says."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    middle, scale = np.array([(WIDTH - 1) / 2, (HEIGHT - 1) / 2]), HEIGHT / 2
    points = np.column_stack(
        [(columns.ravel() - middle[0]) / scale, (rows.ravel() - middle[1]) / scale, np.ones(rows.size)]
    )
    back = points @ np.linalg.inv(homography).T
    at = back[:, :2] / back[:, 2:] * scale + middle
    return map_coordinates(ground, [at[:, 1] + HEIGHT, at[:, 0] + WIDTH], order=3).reshape(HEIGHT, WIDTH)


def moving(t):
    return np.array(
        [[1 + 0.003 * t, 0.004 * t, 0.05 * t], [-0.002 * t, 1 - 0.002 * t, 0.01 * t], [0.001 * t, -0.003 * t, 1]]
    )


NOTHING = np.zeros((HEIGHT, WIDTH), bool)


def test_a_growing_motion_is_followed(ground):
    tracker = GroundTracker()
    for t in range(8):
        found = as_affine(tracker.follow(filmed(ground, moving(t)), NOTHING), HEIGHT, WIDTH)
        true = as_affine(moving(t), HEIGHT, WIDTH)
        assert np.abs(found[0] - true[0]).max() < 0.1
        assert np.abs(found[1] - true[1]).max() < 0.003


def test_errors_do_not_add_up_over_key_frames(ground):
    """Twice as far as a picture is wide, so that nothing of the first frame is left."""
    tracker, step = GroundTracker(), 4 / (HEIGHT / 2)
    for t in range(30):
        shift = np.eye(3)
        shift[0, 2] = -step * t
        found = tracker.follow(filmed(ground, shift), NOTHING)
    assert found[0, 2] * HEIGHT / 2 == pytest.approx(-4 * 29, abs=1.0)


def test_what_moves_over_resting_ground_does_not_move_it(ground):
    """One object that has been noticed, and a shadow that has not."""
    tracker = GroundTracker()
    for t in range(6):
        picture, object_ = filmed(ground, np.eye(3)), NOTHING.copy()
        picture[60:90, 20 + 8 * t : 50 + 8 * t] = 250
        picture[90:100, 20 + 8 * t : 60 + 8 * t] *= 0.6
        object_[60:90, 20 + 8 * t : 50 + 8 * t] = True
        assert np.array_equal(tracker.follow(picture, object_), np.eye(3))


def test_a_picture_without_structure_says_nothing():
    tracker = GroundTracker()
    flat = np.full((HEIGHT, WIDTH), 90.0)
    assert all(np.array_equal(tracker.follow(flat, NOTHING), np.eye(3)) for _ in range(3))


def test_a_plane_above_the_ground():
    """Against the homographies of two planes under one motion of a camera."""
    rig = Rig(focal=1.4, elevation=math.radians(25), lift=0.15)
    turn, bow = math.radians(6), math.radians(2)
    around = np.array([[math.cos(turn), 0, math.sin(turn)], [0, 1, 0], [-math.sin(turn), 0, math.cos(turn)]])
    nod = np.array([[1, 0, 0], [0, math.cos(bow), -math.sin(bow)], [0, math.sin(bow), math.cos(bow)]])
    travel, normal = np.array([0.3, -0.05, 0.1]), np.array([0, math.cos(rig.elevation), math.sin(rig.elevation)])
    lens = np.diag([2.8, 2.8, 1.0])
    planes = [lens @ (around @ nod + np.outer(travel, normal) / far) @ np.linalg.inv(lens) for far in (2.0, 1.7)]
    assert np.allclose(lifted(planes[0], rig), planes[1] / planes[1][2, 2], atol=1e-9)


def test_motions_of_cameras():
    def fits(ways):
        return [as_affine(way, HEIGHT, WIDTH) for way in ways]

    def shifted(right, down=0.0, shear=0.0):
        return np.array([[1, shear, right], [0, 1, down], [0, 0, 1.0]])

    jitter = np.random.default_rng(0).normal(0, 0.02, (9, 2))
    clips = {
        "static": [np.eye(3)] * 9,
        "pan": [shifted(0.03 * t, shear=0.003 * t) for t in range(9)],
        "orbit": [shifted(0.001 * t, shear=0.03 * t) for t in range(9)],
        "shake": [shifted(*way) for way in jitter],
    }
    for kind, ways in clips.items():
        found = camera_motion(fits(ways), HEIGHT, WIDTH)
        assert found.value == kind
        assert 0.5 <= found.confidence <= 1
