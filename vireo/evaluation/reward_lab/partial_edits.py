"""Hybrid edits of which a part was left out, exactly: rendered from the pair's own scenes.

Each part of a hybrid concerns another object or the surroundings, so that a scene with some of these as in the target
and the others as in the source is what an editor would make that carried out these parts alone.
"""

import numpy as np

from vireo.types import EditPair
from vireo.world.render import render
from vireo.world.scene import Body, Scene

_SURROUNDINGS = ("light", "effects", "floor", "backdrop", "watermark")
"""Fields of a scene that edits of the whole picture change; a hybrid has one such part at most."""


def half_done(pair: EditPair) -> np.ndarray | None:
    """The clip of a hybrid pair with the first half of its parts carried out, uint8 (T, H, W, 3); of three parts one.

    Objects come first, in the order of the scene, what was added after them, the surroundings last. None for other
    families. Raises StudioError where the studio cannot render.
    """
    if pair.family != "hybrid":
        return None
    source, target = Scene.model_validate(pair.scene), Scene.model_validate(pair.target_scene)
    scene = partly_edited(source, target)
    return None if scene is None else render(scene, truth=False).frames


def partly_edited(source: Scene, target: Scene) -> Scene | None:
    """The source with the first half of its differences to the target of a hybrid; None where there are not two."""
    slots = _aligned(source.bodies, target.bodies)
    around = any(getattr(source, name) != getattr(target, name) for name in _SURROUNDINGS)
    changed = [place for place, (before, after) in enumerate(slots) if before != after]
    if len(changed) + around < 2:
        return None
    done = set(changed[: (len(changed) + around) // 2])
    bodies = [after if place in done else before for place, (before, after) in enumerate(slots)]
    return source.model_copy(update={"bodies": tuple(body for body in bodies if body is not None)})


def _aligned(before: tuple[Body, ...], after: tuple[Body, ...]) -> list[tuple[Body | None, Body | None]]:
    """Which body of the target is which of the source, by where it stands, which no part of a hybrid changes:
    (body, None) was removed, (None, body) added."""
    there = {body.position[:2]: body for body in after}
    kept = [(body, there.pop(body.position[:2], None)) for body in before]
    return [*kept, *((None, body) for body in there.values())]
