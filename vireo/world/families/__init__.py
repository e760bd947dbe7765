"""The edit families: a file each with one record `FAMILY`, registered here by the file's name.

`record.py` says what a record holds, `objects.py` has what proposals about objects share. Nothing heavy is loaded:
no MuJoCo, SciPy, PyAV or torch. How to add a family: CONTRIBUTING.md.
"""

from collections.abc import Sequence
from importlib import import_module

import numpy as np

from vireo.world.families.record import OBJECT_SLOTS, Change, EditFacts, Family, Situation, Topic
from vireo.world.scene import Scene

_FILES = (
    "recolor",
    "material",
    "remove",
    "add",
    "replace",
    "resize",
    "background",
    "light",
    "style",
    "watermark",
    "reference",
    "hybrid",
    "absent",
    "open",
)
"""In the order of every table."""

FAMILIES: dict[str, Family] = {name: import_module(f"{__name__}.{name}").FAMILY for name in _FILES}
FAMILY_NAMES = tuple(FAMILIES)
GLOBAL_FAMILIES = tuple(name for name, family in FAMILIES.items() if family.is_global)
FOOTAGE_FAMILIES = tuple(name for name, family in FAMILIES.items() if family.on_footage)
SIZED_FAMILIES = tuple(name for name, family in FAMILIES.items() if family.any_size)
MOVABLE_FAMILIES = tuple(name for name, family in FAMILIES.items() if family.moves_with_scene)

TOPICS: dict[str, Topic] = {topic.name: topic for family in FAMILIES.values() for topic in family.topics}

_wrong = [name for name, family in FAMILIES.items() if family.name != name]
assert not _wrong, f"the records in these files of vireo/world/families have another name: {_wrong}"
assert len(TOPICS) == sum(len(family.topics) for family in FAMILIES.values()), "two topics have the same name"


def draw_changes(family: str, now: Situation, rng: np.random.Generator) -> tuple[Change, ...]:
    """What a family proposes, drawn once; empty where the scene offers no such edit.

    Raises LookupError where a change has no templates, or more objects than they can name.
    """
    drawn = FAMILIES[family].propose(now, rng)
    changes = () if drawn is None else drawn if isinstance(drawn, tuple) else (drawn,)
    for change in changes:
        if change.topic not in TOPICS:
            raise LookupError(
                f"the family {family!r} proposes a change about {change.topic!r}, which has no templates: "
                f"add Topic(name={change.topic!r}, ...) to `topics` in vireo/world/families/{family}.py"
            )
        if len(change.objects) > len(OBJECT_SLOTS):
            raise LookupError(f"the family {family!r} names {len(change.objects)} objects at once: add to OBJECT_SLOTS")
    return changes


def read_facts(family: str, source: Scene, target: Scene, concerned: Sequence[int]) -> EditFacts | None:
    """What an edit of a family does, from its two scenes; None where the instructor learns nothing from it."""
    read = FAMILIES[family].read_facts
    return None if read is None else read(source, target, tuple(concerned))
