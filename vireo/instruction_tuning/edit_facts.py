"""What an edit does as the words that the instructor learns to answer an instruction with.

So its states carry what the editor needs: which kind of edit, which object, where it is, and what it becomes.
"""

from __future__ import annotations

from collections.abc import Sequence

from vireo.world.families import EditFacts
from vireo.world.naming import describe_body
from vireo.world.scene import Scene
from vireo.world.visibility import VisibleObject

CELLS = 6
"""The picture is divided into CELLS x CELLS cells for grounding; columns and rows count from 1, rows from the top."""


def cell_of(entry: VisibleObject, scene: Scene) -> str:
    """Column and row of the cell in which an object's centre lies, as words: "3 4"."""
    column = min(CELLS, int(entry.centre[0] * CELLS / scene.width) + 1)
    row = min(CELLS, int(entry.centre[1] * CELLS / scene.height) + 1)
    return f"{column} {row}"


def facts_words(facts: EditFacts, scene: Scene, visible: Sequence[VisibleObject]) -> str:
    """The facts as the instructor's answer: recolor small red ball at 3 4 to blue.

    visible: those objects of `scene` that it can see; of others no cell is given.
    """
    cells = {entry.index: f" at {cell_of(entry, scene)}" for entry in visible}
    objects = [f"{describe_body(scene.bodies[index])}{cells.get(index, '')}" for index in facts.objects]
    value = f"to {facts.value}" if facts.value else ""
    return " ".join(words for words in (facts.topic, " and ".join(objects), value, facts.place) if words)
