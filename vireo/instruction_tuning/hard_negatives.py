"""Captions that are wrong in one attribute: the hard negatives of contrastive learning and of its score."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from vireo.instruction_tuning.patch_labels import LABELS
from vireo.world import naming, vocabulary
from vireo.world.appearance import pick


@dataclass(frozen=True)
class Odds:
    """Of what a wrong caption is wrong about. objects: share of changes that concern an object; fields: weights of its
    colour, shape, material and size among these."""

    objects: float = 0.6
    fields: tuple[float, float, float, float] = (1.0, 1.0, 1.0, 1.0)


def wrong_captions(
    caption: str, scene: dict[str, Any], rng: np.random.Generator, count: int, odds: Odds = Odds()
) -> list[str]:
    """`count` different captions, each with one attribute of the scene changed.

    caption: `vireo.world.captions.caption` of the scene. scene: as pairs store it.
    Changes that no picture shows are left out: in a style, only the style changes.
    """
    styled = any(name in vocabulary.STYLES for name in scene["effects"])
    found: dict[str, None] = {}
    for _ in range(40 * count):
        if len(found) == count:
            break
        if styled:
            wrong = _other_style(caption, rng)
        elif scene["bodies"] and rng.random() < odds.objects:
            wrong = _of_object(caption, scene, rng, odds.fields)
        else:
            wrong = _of_setting(caption, scene, rng)
        if wrong is not None and wrong != caption:
            found[wrong] = None
    assert len(found) == count, f"only {len(found)} wrong captions of {caption!r}"
    return list(found)


def _of_object(caption: str, scene: dict[str, Any], rng: np.random.Generator, weights: Sequence[float]) -> str | None:
    body = scene["bodies"][int(rng.integers(len(scene["bodies"])))]
    look = {name: body[name] for name in LABELS}
    field = list(LABELS)[int(rng.choice(4, p=np.divide(weights, sum(weights))))]
    changed = look | {field: pick(rng, LABELS[field], without=(look[field],))}
    if field == "material" and {look["material"], changed["material"]} == {"matte", "shiny"}:
        return None
    return _with_words(caption, *(naming.article(naming.describe_look(**words)) for words in (look, changed)))


def _with_words(caption: str, old: str, new: str) -> str | None:
    """The caption with the first `old` at a word's border replaced; None where there is none."""
    padded = f" {caption} "
    for mark in (" ", ","):
        if f" {old}{mark}" in padded:
            return padded.replace(f" {old}{mark}", f" {new}{mark}", 1).strip()
    return None


def _of_setting(caption: str, scene: dict[str, Any], rng: np.random.Generator) -> str | None:
    field = ("floor", "backdrop", "light", "style", "watermark")[int(rng.choice(5, p=(0.3, 0.3, 0.2, 0.12, 0.08)))]
    if field in ("floor", "backdrop"):
        table = vocabulary.FLOORS if field == "floor" else vocabulary.BACKDROPS
        kind = scene[field]["kind"]
        before, after = ("on ", " with ") if field == "floor" else ("with ", " behind")
        new = table[pick(rng, table, without=(kind,))].noun
        return caption.replace(f"{before}{table[kind].noun}{after}", f"{before}{new}{after}", 1)
    if field == "light":
        return _other_light(caption, rng)
    if field == "style":
        return _other_style(caption, rng)
    mark = scene["watermark"]
    if mark is None:
        return f"{caption} under a {('text', 'logo')[int(rng.integers(2))]}"
    return caption.removesuffix(f" under a {mark['kind']}")


def _other_light(caption: str, rng: np.random.Generator) -> str:
    bare = caption
    for words in vocabulary.LIGHTS.values():
        bare = bare.replace(f" behind {words.caption}", " behind", 1)
    if bare != caption and rng.random() < 0.3:
        return bare
    new = vocabulary.LIGHTS[pick(rng, vocabulary.LIGHTS)].caption
    return bare.replace(" behind", f" behind {new}", 1)


def _other_style(caption: str, rng: np.random.Generator) -> str:
    bare = caption
    for words in vocabulary.STYLES.values():
        bare = bare.removeprefix(f"{words.noun} of ")
    if bare != caption and rng.random() < 0.3:
        return bare
    return f"{vocabulary.STYLES[pick(rng, vocabulary.STYLES)].noun} of {bare}"
