"""Wordings of one edit for the instructor: right ones, reasoned ones, and wrong ones that differ in one thing."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Literal

import numpy as np

from vireo.instruction_tuning.edit_facts import EditFacts
from vireo.instruction_tuning.implicit_instructions import implicit_instruction
from vireo.types import EditPair
from vireo.world import language, naming
from vireo.world.palette import COLORS, MATERIALS, PLACES, SETTINGS
from vireo.world.scene import Scene
from vireo.world.shapes import SHAPES
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
    pair: EditPair, plan: EditFacts, scene: Scene, seen: list[VisibleObject], rng: np.random.Generator
) -> list[Phrasing]:
    """The instruction, two paraphrases, a reasoned wording, and up to three faulty wordings of a pair.

    Faulty are a wrong value (plain and reasoned) and a wrong object. seen: the visible objects of the first frame.
    """
    picked = rng.permutation(len(pair.paraphrases))[:2]
    named = () if plan.topic == "nothing" else None if plan.index is None else (plan.index,)
    found = [Phrasing(text, named) for text in (pair.instruction, *(pair.paraphrases[int(k)] for k in picked))]
    name = _name(plan, seen, rng)
    if text := implicit_instruction(plan, name, rng):
        found.append(Phrasing(text, named, reasoned=True))
    changed = _other_value(plan, scene, rng)
    if changed is not None and (plan.index is None or name is not None):
        found.append(Phrasing(_phrase(changed, name, rng), named, "value"))
        if text := implicit_instruction(changed, name, rng):
            found.append(Phrasing(text, named, "value", reasoned=True))
    if plan.index is not None and plan.topic != "reference":
        others = [s.index for s in seen if s.index != plan.index and _would_change(plan, scene, s.index)]
        if others:
            wrong = others[int(rng.integers(len(others)))]
            name = naming.refer(seen, wrong, rng)
            if name is not None:
                found.append(Phrasing(_phrase(plan, name, rng), (wrong,), "object"))
    return found


def _name(plan: EditFacts, seen: list[VisibleObject], rng: np.random.Generator) -> str | None:
    if plan.index is None or all(entry.index != plan.index for entry in seen):
        return None
    return naming.refer(seen, plan.index, rng)


def _would_change(plan: EditFacts, scene: Scene, index: int) -> bool:
    """Whether the plan, meant for another object, would change this one."""
    body = scene.bodies[index]
    own = {"recolor": body.color, "material": body.material, "replace": naming.article(body.shape)}
    return own.get(plan.topic) != plan.value


def _other_value(plan: EditFacts, scene: Scene, rng: np.random.Generator) -> EditFacts | None:
    body = None if plan.index is None else scene.bodies[plan.index]
    options = {
        "recolor": list(COLORS),
        "material": list(MATERIALS),
        "replace": [naming.article(shape) for shape in SHAPES],
        "floor": list(naming.FLOOR_WORDS.values()),
        "backdrop": list(naming.BACKDROP_WORDS.values()),
        "setting": list(SETTINGS),
        "light": list(naming.LIGHT_WORDS.values()),
        "style": list(naming.STYLE_WORDS.values()),
    }.get(plan.topic)
    if plan.topic == "add":
        return _other_addition(plan, rng)
    if plan.topic in ("grow", "shrink"):
        return dataclasses.replace(plan, topic="shrink" if plan.topic == "grow" else "grow")
    if options is None:
        return None
    avoid = {plan.value}
    if plan.topic == "material":
        avoid |= {"matte", "shiny"}  # on many shapes they look alike
    if body is not None and plan.topic == "recolor":
        avoid.add(body.color)
    return dataclasses.replace(plan, value=_one([option for option in options if option not in avoid], rng))


def _other_addition(plan: EditFacts, rng: np.random.Generator) -> EditFacts:
    """The same addition with another colour or at another place."""
    if rng.random() < 0.5:
        return dataclasses.replace(plan, place=_one([place for place in PLACES if place != plan.place], rng))
    words = plan.value.split()[1:]
    color = next(word for word in words if word in COLORS)
    words[words.index(color)] = _one([name for name in COLORS if name != color], rng)
    return dataclasses.replace(plan, value=naming.article(" ".join(words)))


def _one(options: list[str], rng: np.random.Generator) -> str:
    return options[int(rng.integers(len(options)))]


def _phrase(plan: EditFacts, name: str | None, rng: np.random.Generator) -> str:
    templates = language.TEMPLATES[plan.topic]
    options = [text for text in (*templates.plain, *templates.train) if name is not None or "{object}" not in text]
    return _one(options, rng).format(**plan.slots, object=name)
