"""What an edit does, read off its two scenes: topic, object and new value, in a form that words can be made of.

The instructor learns to answer an instruction with these words, so its states carry what the editor needs:
which kind of edit, which object, where it is, and what it becomes.
"""

from __future__ import annotations

from dataclasses import dataclass

from vireo.world import naming
from vireo.world.camera import frame_cameras
from vireo.world.palette import SETTINGS
from vireo.world.scene import Body, Scene
from vireo.world.styles import STYLES
from vireo.world.visibility import VisibleObject, place_name

CELLS = 6
"""The picture is divided into CELLS x CELLS cells for grounding; columns and rows count from 1, rows from the top."""


@dataclass(frozen=True)
class EditFacts:
    """One literal edit.

    topic: a topic of `vireo.world.language.TEMPLATES`, or "nothing" where the instruction names what is absent.
    index: of the object in the source scene that changes, None for global edits, additions and absent objects.
    value: the new colour, material, shape ... in the words of its slot; empty where there is none.
    place: of an added object.
    """

    topic: str
    index: int | None = None
    value: str = ""
    place: str = ""

    @property
    def slots(self) -> dict[str, str]:
        """Words for the slots of the topic's templates, without the object's name."""
        names = {
            "recolor": "color",
            "replace": "shape",
            "add": "thing",
            "watermark": "mark",
        }
        slots = {names.get(self.topic, self.topic): self.value, "place": self.place}
        if self.topic == "light":
            slots["relight"] = naming.LIGHT_ORDERS[_key(naming.LIGHT_WORDS, self.value)]
        elif self.topic == "style":
            slots["restyle"] = naming.STYLE_ORDERS[_key(naming.STYLE_WORDS, self.value)]
        return slots


def _key(words: dict[str, str], value: str) -> str:
    return next(key for key, word in words.items() if word == value)


def describe_body(body: Body) -> str:
    """Size where small, material where not matte, colour and shape: small striped red ball."""
    return naming.describe(
        color=body.color,
        shape=body.shape,
        size="small" if body.size == "small" else "",
        material="" if body.material == "matte" else body.material,
    )


def cell_of(entry: VisibleObject, scene: Scene) -> str:
    """Column and row of the cell in which an object's centre lies, as words: "3 4"."""
    column = min(CELLS, int(entry.centre[0] * CELLS / scene.width) + 1)
    row = min(CELLS, int(entry.centre[1] * CELLS / scene.height) + 1)
    return f"{column} {row}"


def read_facts(family: str, source: Scene, target: Scene, concerned: list[int]) -> EditFacts | None:
    """The plan of a pair of a single-edit family; None for hybrids."""
    index = concerned[0] if concerned else None
    if family == "absent":
        return EditFacts("nothing")
    if family == "recolor":
        return EditFacts("recolor", index, target.bodies[index].color)
    if family == "material":
        return EditFacts("material", index, target.bodies[index].material)
    if family == "remove":
        return EditFacts("remove", index)
    if family == "replace":
        return EditFacts("replace", index, naming.article(target.bodies[index].shape))
    if family == "resize":
        grown = target.bodies[index].radius > source.bodies[index].radius
        return EditFacts("grow" if grown else "shrink", index)
    if family == "add":
        body = target.bodies[-1]
        x, y = _foot(target, body)
        return EditFacts(
            "add", None, naming.article(describe_body(body)), place_name(x, y, target.width, target.height)
        )
    if family == "background":
        return _background(source, target)
    if family == "light":
        new = [name for name in target.effects if name not in source.effects]
        return EditFacts("light", None, naming.LIGHT_WORDS[new[0] if new else target.light.name])
    if family == "style":
        new = next(name for name in target.effects if name in STYLES and name not in source.effects)
        return EditFacts("style", None, naming.STYLE_WORDS[new])
    if family == "watermark":
        return EditFacts("watermark", None, source.watermark.kind)
    if family == "reference":
        return EditFacts("reference", index, naming.article(describe_body(target.bodies[index])))
    return None


def _foot(scene: Scene, body: Body) -> tuple[float, float]:
    column, row, _ = frame_cameras(scene)[0].project((body.position[0], body.position[1], 0.0))
    return column, row


def _background(source: Scene, target: Scene) -> EditFacts:
    floor = target.floor != source.floor
    backdrop = target.backdrop != source.backdrop
    if floor and backdrop:
        both = (target.floor.kind, target.backdrop.kind)
        return EditFacts("setting", None, next(name for name, parts in SETTINGS.items() if parts == both))
    if floor:
        return EditFacts("floor", None, naming.FLOOR_WORDS[target.floor.kind])
    return EditFacts("backdrop", None, naming.BACKDROP_WORDS[target.backdrop.kind])


def facts_words(plan: EditFacts, scene: Scene, visible: list[VisibleObject]) -> str:
    """The plan as the instructor's answer: recolor small red ball at 3 4 to blue."""
    words = [plan.topic]
    if plan.index is not None:
        entry = next((s for s in visible if s.index == plan.index), None)
        words.append(describe_body(scene.bodies[plan.index]))
        if entry is not None:
            words.append(f"at {cell_of(entry, scene)}")
    if plan.value:
        words.append(f"to {plan.value}")
    if plan.place:
        words.append(plan.place)
    return " ".join(words)
