"""What a picture and each of its patches show, as classes: extra labels for the vision tower."""

from typing import Any

import numpy as np

from vireo.world.palette import BACKDROPS, COLORS, FLOORS, MATERIALS
from vireo.world.shapes import SHAPES
from vireo.world.vocabulary import LIGHTS, STYLES

LABELS = {"color": tuple(COLORS), "shape": SHAPES, "material": MATERIALS, "size": ("small", "large")}
"""Attributes of the object in a patch, and their values in the order of the class numbers."""

NOTHING = -100
"""Class of an attribute where a patch shows no object, or an object and much else; no loss there."""

_JOINT = (("color", "shape"), ("shape", "material"), ("color", "material"), ("shape", "size"))
FACTS = tuple(f"{a} {b}" for first, second in _JOINT for a in LABELS[first] for b in LABELS[second]) + tuple(
    f"{kind} {name}"
    for kind, names in (
        ("floor", FLOORS),
        ("backdrop", BACKDROPS),
        ("light", LIGHTS),
        ("watermark", ("text", "logo")),
        ("style", STYLES),
    )
    for name in names
)
"""What may be true of a whole picture: an object with two attributes, floor, backdrop, light, watermark and style."""

OBJECT_SHARE = 0.35
"""Least share of a patch's pixels that one object must have to be what the patch shows."""


def patch_labels(scene: dict[str, Any], instances: np.ndarray, patch: int) -> dict[str, np.ndarray]:
    """Class numbers of each attribute and patch, int64 (P,), rows first, and `object`: 1 where there is one.

    scene: as pairs store it. instances: uint8 (H, W), 1 + index of the object seen.
    """
    shares = patch_shares(instances, patch)
    if not len(shares):
        shares = np.zeros((1, instances.size // patch**2), np.float32)
    best, visible = shares.argmax(0), shares.max(0) >= OBJECT_SHARE
    labels = {"object": np.where(visible, 1, np.where(shares.sum(0) > 0.1, NOTHING, 0))}
    for name, values in LABELS.items():
        classes = np.array([values.index(body[name]) for body in scene["bodies"]] or [0])
        labels[name] = np.where(visible, classes[best], NOTHING)
    return labels


def patch_shares(instances: np.ndarray, patch: int) -> np.ndarray:
    """Share of each patch that each object covers, float32 (bodies, P), rows of patches first.

    instances: uint8 (H, W), 1 + index of the object seen; bodies: one more than the greatest index.
    """
    height, width = instances.shape
    grid = instances.reshape(height // patch, patch, width // patch, patch).transpose(0, 2, 1, 3)
    grid = grid.reshape(-1, patch * patch)
    shares = [(grid == index + 1).mean(1) for index in range(int(instances.max()))]
    return np.array(shares, np.float32).reshape(-1, len(grid))


def scene_facts(scene: dict[str, Any]) -> np.ndarray:
    """Which of FACTS are true, int8 (F,); in a style all but the style are NOTHING: most cannot be seen.

    scene: as pairs store it.
    """
    styles = {f"style {name}" for name in scene["effects"] if name in STYLES}
    if styles:
        return np.array([fact in styles if fact.startswith("style") else NOTHING for fact in FACTS], np.int8)
    true = {f"{body[a]} {body[b]}" for body in scene["bodies"] for a, b in _JOINT}
    true |= {f"floor {scene['floor']['kind']}", f"backdrop {scene['backdrop']['kind']}"}
    true |= {f"light {name}" for name in (scene["light"]["name"], *scene["effects"])}
    true |= {f"watermark {scene['watermark']['kind']}"} if scene["watermark"] else set()
    return np.array([fact in true for fact in FACTS], np.int8)
