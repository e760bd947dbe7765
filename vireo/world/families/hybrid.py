"""Two or three changes at once, each of another family and object, at least one of an object."""

import numpy as np

from vireo.world.families import add, background, light, material, recolor, remove, replace, resize, style
from vireo.world.families.record import Change, Family, Situation

_FILES = (recolor, material, replace, resize, add, remove, background, light, style)
_PARTS: dict[str, Family] = {file.FAMILY.name: file.FAMILY for file in _FILES}
"""By name and no flag: with one more, all hybrids of StudioBench would be others."""

LOCAL = [name for name, family in _PARTS.items() if not family.is_global]
GLOBAL = [name for name, family in _PARTS.items() if family.is_global]


def _propose(now: Situation, rng: np.random.Generator) -> tuple[Change, ...] | None:
    count = 2 if rng.random() < 0.7 else 3
    names = [str(name) for name in rng.permutation(LOCAL)[: count - 1]]
    names.append(str(rng.choice(GLOBAL if rng.random() < 0.5 else [name for name in LOCAL if name not in names])))
    free, changes = now.editable, []
    for name in names:
        change = _PARTS[name].propose(Situation(now.scene, now.visible, free), rng)
        if not isinstance(change, Change):
            return None
        free = tuple(index for index in free if index not in change.objects)
        changes.append(change)
    return tuple(changes)


FAMILY = Family(name="hybrid", propose=_propose, any_size=False, moves_with_scene=False, in_training=False)
