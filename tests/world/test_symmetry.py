"""A new pattern follows from what can be seen: unseen turns of the object do not change it."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from vireo.world.families.material import _without_hidden_turns
from vireo.world.palette import MATERIALS, PATTERNED
from vireo.world.render import render
from vireo.world.sampling import sample_scene
from vireo.world.scene import Body, Scene
from vireo.world.shapes import SHAPES
from vireo.world.symmetry import visible_rotations

PLAIN = [name for name in MATERIALS if name not in PATTERNED]


def turned(body: Body, turns: Rotation) -> Body:
    poses = np.array(body.track)
    poses[:, 3:] = turns.as_quat(scalar_first=True)
    return body.model_copy(update={"track": tuple(map(tuple, poses.tolist()))})


def rotations(body: Body) -> Rotation:
    return Rotation.from_quat(np.array(body.track)[:, 3:], scalar_first=True)


def tumbling(rng: np.random.Generator) -> Rotation:
    start = Rotation.random(random_state=int(rng.integers(1 << 30)))
    return Rotation.from_rotvec(np.linspace(0, 1, 9)[:, None] * rng.normal(0, 1.5, 3)) * start


@pytest.mark.parametrize("material", MATERIALS)
@pytest.mark.parametrize("shape", SHAPES)
def test_the_object_looks_the_same_without_its_unvisible_rotations(shape, material):
    scene = sample_scene(7)
    body = scene.bodies[0].model_copy(update={"shape": shape, "material": material})
    rng = np.random.default_rng(0)
    for _ in range(2):
        turns = tumbling(rng)
        plain = [
            turned(body, turns),
            turned(body, Rotation.from_matrix(visible_rotations(shape, material, turns.as_matrix()))),
        ]
        a, b = (
            render(scene.model_copy(update={"bodies": (given,)}), truth=False).clean.astype(float) for given in plain
        )
        assert np.sqrt(((a - b) ** 2).mean()) < 1.3  # meshes have facets, shadows and patterns texels


def test_half_turns_of_a_metal_ring_about_its_bands_are_unseen():
    rng = np.random.default_rng(2)
    turns = tumbling(rng)
    half = turns * Rotation.from_rotvec([0, np.pi, 0])
    assert np.allclose(*(visible_rotations("ring", "metal", given.as_matrix()) for given in (turns, half)), atol=1e-6)
    scene = sample_scene(7)
    body = scene.bodies[0].model_copy(update={"shape": "ring", "material": "metal"})
    a, b = (
        render(scene.model_copy(update={"bodies": (turned(body, given),)}), truth=False).clean.astype(float)
        for given in (turns, half)
    )
    assert np.sqrt(((a - b) ** 2).mean()) < 1.3


@pytest.mark.parametrize("material", PLAIN)
@pytest.mark.parametrize("shape", SHAPES)
def test_unvisible_rotations_of_the_source_do_not_reach_the_target(shape, material):
    rng = np.random.default_rng(1)
    for _ in range(20):
        turns = tumbling(rng)
        if shape == "ball":
            unseen = tumbling(rng)
        elif shape == "cube":
            unseen = Rotation.create_group("O")[int(rng.integers(24))]
        else:
            unseen = Rotation.from_rotvec(rng.uniform(-3, 3, (9, 1)) * [0, 0, 1])
            if shape != "cone" and rng.random() < 0.5:
                unseen = Rotation.from_rotvec([np.pi, 0, 0]) * unseen
        same = [visible_rotations(shape, material, given.as_matrix()) for given in (turns, turns * unseen)]
        assert np.allclose(*same, atol=1e-5)


def test_a_still_object_shows_its_new_pattern_in_the_standard_orientation():
    upright = Rotation.from_rotvec(np.tile([0, 0, 0.35], (9, 1))).as_matrix()
    assert np.allclose(visible_rotations("cylinder", "matte", upright), np.eye(3))
    assert np.allclose(visible_rotations("cylinder", "checkered", upright), upright)


def test_the_edit_keeps_the_object_where_it_was():
    scene: Scene = sample_scene(11)
    body = scene.bodies[0].model_copy(update={"material": "matte"})
    values = _without_hidden_turns(body)
    assert np.array_equal(np.array(values["track"])[:, :3], np.array(body.track)[:, :3])
    assert values["quaternion"] == values["track"][0][3:]
