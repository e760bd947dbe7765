"""Which turns of an object cannot be seen, and its motion without them.

A plain ball looks the same however it is turned, a plain cylinder however it is turned about its axis. A
pattern that an edit puts on such an object would show these turns, and the source cannot tell them. So the new
pattern starts as in the standard orientation, as nearly as the object's visible pose allows, and turns no more
than could be seen before.
"""

from collections.abc import Callable
from itertools import permutations, product

import numpy as np

from vireo.world import shapes
from vireo.world.palette import PATTERNED
from vireo.world.scene import Material, Shape

_UP, _RIGHT = np.array([0.0, 0.0, 1.0]), np.array([1.0, 0.0, 0.0])

_QUARTER_TURNS = np.array(
    [
        turn
        for order in permutations(range(3))
        for signs in product((1, -1), repeat=3)
        if np.linalg.det(turn := np.eye(3)[list(order)] * signs) > 0
    ]
)
"""The 24 rotations that take a cube to itself."""


def visible_rotations(shape: Shape, material: Material, rotations: np.ndarray) -> np.ndarray:
    """The rotations (T, 3, 3) without what cannot be seen of them on this shape in this material.

    The object looks the same in the result; two inputs between which it looks the same give the same result.
    """
    standard = shapes.rotation(shapes.standing(shape, 0.0))
    if shape == "ball" and material not in PATTERNED:
        return np.tile(standard, (len(rotations), 1, 1))
    if material == "striped":
        return rotations
    if shape == "cube" or material == "checkered" or (shape, material) == ("ring", "metal"):
        turns = _finite(shape, material)
        nearest = np.einsum("ij,njk,ik->n", rotations[0], turns, standard).argmax()
        return rotations @ turns[nearest]
    ends, rest = rotations @ _UP, standard @ _UP  # the axis of all other shapes and of metal
    if shape != "cone" and material not in PATTERNED:
        # Of two like ends the one nearer to the standard pose's; of those level with each other, the right or upper.
        beside = _RIGHT if abs(rest @ _UP) > 0.5 else _UP
        ends = ends * (1.0 if ends[0] @ (rest + 0.5 * beside) >= 0 else -1.0)
    result = []
    for before, end in zip([rest, *ends], ends, strict=False):
        standard = _shortest(before, end) @ standard
        result.append(standard)
    return np.array(result)


def _finite(shape: Shape, material: Material) -> np.ndarray:
    """The quarter turns (n, 3, 3) of the body that cannot be seen, itself unturned among them."""
    keeps: list[Callable[[np.ndarray], bool]] = []
    if (shape, material) == ("ring", "metal"):  # MuJoCo lays its bands across, along y
        keeps.append(lambda turn: turn[1, 1] == 1)
    elif shape == "cone" or material == "metal":
        keeps.append(lambda turn: turn[2, 2] == 1)
    if shape not in ("ball", "cube", "cone"):
        keeps.append(lambda turn: abs(turn[2, 2]) == 1)
    return np.array([turn for turn in _QUARTER_TURNS if all(keep(turn) for keep in keeps)])


def _shortest(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The shortest rotation (3, 3) that takes unit vector a to unit vector b."""
    cosine = float(a @ b)
    if cosine < -1 + 1e-9:
        across = np.cross(a, _RIGHT if abs(a @ _RIGHT) < 0.9 else _UP)
        across /= np.linalg.norm(across)
        return 2 * np.outer(across, across) - np.eye(3)
    x, y, z = np.cross(a, b)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + cross + cross @ cross / (1 + cosine)
