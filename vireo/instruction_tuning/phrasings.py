"""Wordings of one edit for the instructor: right ones, implicit ones, wrong ones that differ in one thing, and the
answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from vireo.instruction_tuning.visual_questions import cell_of
from vireo.types import EditPair
from vireo.world.appearance import pick
from vireo.world.families import OBJECT_SLOTS, TOPICS, EditFacts
from vireo.world.families.record import NOTHING
from vireo.world.language import fill, name_objects
from vireo.world.naming import describe_body
from vireo.world.scene import Scene
from vireo.world.visibility import VisibleObject

Fault = Literal["none", "value", "object"]


@dataclass(frozen=True)
class Phrasing:
    """An instruction. fault: what is wrong with it for the pair's target. reasoned: whether one has to think.

    bodies: indices of the objects that it names in the source scene; empty where it names one that is not there,
        None where it names none.
    """

    text: str
    bodies: tuple[int, ...] | None
    fault: Fault = "none"
    reasoned: bool = False


def phrasings(
    pair: EditPair, facts: EditFacts, scene: Scene, visible: list[VisibleObject], rng: np.random.Generator
) -> list[Phrasing]:
    """The instruction, two paraphrases, an implicit wording, and up to three faulty wordings of a pair.

    Faulty are a wrong value (plain and implicit) and a wrong object. visible: the objects seen in the first frame.
    """
    picked = rng.permutation(len(pair.paraphrases))[:2]
    named = () if facts == NOTHING else facts.objects or None
    found = [Phrasing(text, named) for text in (pair.instruction, *(pair.paraphrases[int(k)] for k in picked))]
    topic = TOPICS.get(facts.topic)
    if topic is None:
        return found
    names = name_objects(visible, facts.objects, rng)
    if text := implicit_instruction(facts, names, rng):
        found.append(Phrasing(text, named, reasoned=True))
    if topic.wrong_value is not None:
        changed = topic.wrong_value(facts, scene, rng)
        if names is not None:
            found.append(Phrasing(_phrase(changed, names, rng), named, "value"))
            if text := implicit_instruction(changed, names, rng):
                found.append(Phrasing(text, named, "value", reasoned=True))
    others = [
        entry.index
        for entry in visible
        if entry.index not in facts.objects
        and (topic.current is None or topic.current(scene.bodies[entry.index]) != facts.value)
    ]
    if facts.objects and others:
        wrong = (pick(rng, others), *facts.objects[1:])
        names = name_objects(visible, wrong, rng)
        if names is not None:
            found.append(Phrasing(_phrase(facts, names, rng), wrong, "object"))
    return found


def implicit_instruction(facts: EditFacts, names: Mapping[str, str] | None, rng: np.random.Generator) -> str | None:
    """A wording of the edit from which its value has to be inferred; None where there is none.

    names: words for OBJECT_SLOTS, None where the objects have no names.
    """
    implicit = TOPICS[facts.topic].implicit
    if implicit is None or names is None:
        return None
    return implicit.draw(facts.value, names, rng)


def _phrase(facts: EditFacts, names: Mapping[str, str], rng: np.random.Generator) -> str:
    topic = TOPICS[facts.topic]
    unnamed = [f"{{{slot}}}" for slot in OBJECT_SLOTS if slot not in names]
    options = [text for text in (*topic.plain, *topic.train) if not any(slot in text for slot in unnamed)]
    return fill(pick(rng, options), topic.name, {**topic.slots(facts), **names})


def facts_words(facts: EditFacts, scene: Scene, visible: Sequence[VisibleObject]) -> str:
    """What an edit does, as the instructor learns to answer its instruction: recolor small red ball at 3 4 to blue.

    So its states carry what the editor needs: which kind of edit, which object, where it is, and what it becomes.
    visible: those objects of `scene` that it can see; of others no cell is given.
    """
    cells = {entry.index: f" at {cell_of(entry, scene)}" for entry in visible}
    objects = [f"{describe_body(scene.bodies[index])}{cells.get(index, '')}" for index in facts.objects]
    value = f"to {facts.value}" if facts.value else ""
    return " ".join(words for words in (facts.topic, " and ".join(objects), value, facts.place) if words)
