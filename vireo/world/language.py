"""Instructions: how changes are put into words by the templates of their topics (`families.record.Topic`)."""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from vireo.types import Split
from vireo.world import naming
from vireo.world.appearance import pick
from vireo.world.families import OBJECT_SLOTS, TOPICS, Change
from vireo.world.visibility import VisibleObject

_JOINS = (", and ", " and ", " and then ")


def name_objects(
    visible: list[VisibleObject], objects: Sequence[int], rng: np.random.Generator
) -> dict[str, str] | None:
    """Words for OBJECT_SLOTS: a name for each of these objects; None where one is unseen or has no name of its own."""
    names = {}
    for slot, index in zip(OBJECT_SLOTS, objects, strict=False):
        name = naming.refer(visible, index, rng)
        if name is None:
            return None
        names[slot] = name
    return names


def fill(template: str, topic: str, words: Mapping[str, str]) -> str:
    """The template of a topic with its slots filled. Raises LookupError for a slot without words."""
    try:
        return template.format(**words)
    except KeyError as error:
        what = f"the template {template!r} of the topic {topic!r} has the slot {error}"
        raise LookupError(f"{what}, but there are words for {sorted(words)} only") from error


def _phrase(
    kind: Literal["plain", "train", "test"],
    number: int,
    changes: Sequence[Change],
    visible: list[VisibleObject],
    rng: np.random.Generator,
) -> str | None:
    parts = []
    for offset, change in enumerate(changes):
        options = getattr(TOPICS[change.topic], kind)
        names = name_objects(visible, change.objects, rng)
        if names is None:
            return None
        text = fill(options[(number + offset) % len(options)], change.topic, {**change.slots, **names})
        parts.append(text.removeprefix("please ") if offset else text)
    if len(parts) == 1:
        return parts[0]
    return ", ".join(parts[:-1]) + pick(rng, _JOINS) + parts[-1]


def instruct(
    changes: Sequence[Change], visible: list[VisibleObject], split: Split, rng: np.random.Generator
) -> tuple[str, list[str]] | None:
    """The instruction and all paraphrases of a split, lower case without a full stop.

    Several changes are joined into one sentence. Names of objects are drawn anew each time. None where an object
    cannot be named unambiguously.
    """
    topic = TOPICS[changes[0].topic]
    instruction = _phrase("plain", int(rng.integers(len(topic.plain))), changes, visible, rng)
    count = len(topic.train if split == "train" else topic.test)
    paraphrases = [_phrase(split, number, changes, visible, rng) for number in range(count)]
    found = [text for text in paraphrases if text is not None]
    if instruction is None or len(found) < count:
        return None
    return instruction, found
