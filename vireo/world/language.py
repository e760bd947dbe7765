"""Instructions: templates of every topic, and how changes are put into words.

plain: what both splits use as the instruction. train: paraphrases of the training split. test: paraphrases
that only the test split has; all their words occur in training.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vireo.world import naming
from vireo.world.edits import Change
from vireo.world.visibility import VisibleObject


@dataclass(frozen=True)
class Templates:
    plain: tuple[str, ...]
    train: tuple[str, ...]
    test: tuple[str, ...]


TEMPLATES: dict[str, Templates] = {
    "recolor": Templates(
        ("make {object} {color}", "change the color of {object} to {color}"),
        (
            "turn {object} {color}",
            "paint {object} {color}",
            "{object} should be {color}",
            "recolor {object} to {color}",
            "give {object} a {color} color",
            "please change {object} to {color}",
            "let {object} become {color}",
            "set the color of {object} to {color}",
        ),
        (
            "please paint {object} in {color}",
            "i want {object} to be {color}",
            "{object} should become {color}",
            "please turn the color of {object} to {color}",
        ),
    ),
    "material": Templates(
        ("make {object} {material}", "change the material of {object} to {material}"),
        (
            "turn {object} {material}",
            "give {object} a {material} surface",
            "{object} should be {material}",
            "please change {object} to a {material} look",
            "let {object} become {material}",
            "i want {object} to look {material}",
            "set the material of {object} to {material}",
            "let {object} have a {material} surface",
        ),
        (
            "please make the surface of {object} {material}",
            "{object} should have a {material} look",
            "i want {object} to become {material}",
            "please give {object} a {material} material",
        ),
    ),
    "remove": Templates(
        ("remove {object}", "delete {object}"),
        (
            "take {object} away",
            "erase {object} from the video",
            "get rid of {object}",
            "{object} should be gone",
            "please remove {object} from the clip",
            "make {object} disappear",
            "clear {object} from the scene",
            "i want {object} to be gone",
            "take {object} out of the scene",
        ),
        (
            "please take {object} out of the video",
            "{object} should disappear",
            "please erase {object}",
            "delete {object} from the scene",
        ),
    ),
    "add": Templates(
        ("add {thing} {place}", "put {thing} {place}"),
        (
            "place {thing} {place}",
            "insert {thing} {place} of the picture",
            "{place} there should be {thing}",
            "i want {thing} {place}",
            "please add {thing} {place} of the scene",
            "let {thing} stand {place}",
            "set {thing} {place}",
        ),
        (
            "please put {thing} {place} of the picture",
            "there should be {thing} {place}",
            "i want to have {thing} {place}",
            "please insert {thing} {place}",
        ),
    ),
    "replace": Templates(
        ("replace {object} with {shape}", "turn {object} into {shape}"),
        (
            "change {object} into {shape}",
            "swap {object} for {shape}",
            "{object} should be {shape}",
            "put {shape} in place of {object}",
            "make {object} {shape}",
            "please replace {object} by {shape}",
            "i want {shape} instead of {object}",
            "let {object} become {shape}",
        ),
        (
            "please swap {object} with {shape}",
            "there should be {shape} instead of {object}",
            "please turn {object} into {shape}",
            "please put {shape} instead of {object}",
        ),
    ),
    "grow": Templates(
        ("make {object} bigger", "enlarge {object}"),
        (
            "make {object} larger",
            "let {object} grow",
            "{object} should be bigger",
            "increase the size of {object}",
            "please make {object} bigger",
            "i want {object} to be larger",
            "change {object} to a bigger size",
        ),
        (
            "{object} should be larger",
            "please increase the size of {object}",
            "i want {object} to become bigger",
            "please let {object} become larger",
        ),
    ),
    "shrink": Templates(
        ("make {object} smaller", "shrink {object}"),
        (
            "reduce the size of {object}",
            "let {object} shrink",
            "{object} should be smaller",
            "please make {object} smaller",
            "i want {object} to be smaller",
            "change {object} to a smaller size",
        ),
        (
            "please shrink {object}",
            "please reduce the size of {object}",
            "i want {object} to become smaller",
            "{object} should become smaller",
        ),
    ),
    "floor": Templates(
        ("change the floor to {floor}", "put everything on {floor}"),
        (
            "replace the floor with {floor}",
            "make the ground {floor}",
            "the floor should be {floor}",
            "turn the ground into {floor}",
            "let the objects stand on {floor}",
            "please use {floor} for the ground",
            "i want {floor} under the objects",
        ),
        (
            "please change the ground to {floor}",
            "there should be {floor} under the objects",
            "i want the floor to be {floor}",
            "please put the objects on {floor}",
        ),
    ),
    "backdrop": Templates(
        ("change the background to {backdrop}", "put {backdrop} behind the objects"),
        (
            "replace the background with {backdrop}",
            "the background should be {backdrop}",
            "turn the background into {backdrop}",
            "show {backdrop} in the background",
            "please use {backdrop} as the background",
            "i want {backdrop} behind everything",
            "make the background {backdrop}",
        ),
        (
            "please change the background into {backdrop}",
            "there should be {backdrop} behind the objects",
            "i want the background to be {backdrop}",
            "please put {backdrop} in the background",
        ),
    ),
    "setting": Templates(
        ("move the scene to {setting}", "change the place to {setting}"),
        (
            "put everything in {setting}",
            "let the video play in {setting}",
            "the scene should be in {setting}",
            "make it look like {setting}",
            "please take the objects to {setting}",
            "i want the place to be {setting}",
            "turn the place into {setting}",
        ),
        (
            "please move everything to {setting}",
            "the video should play in {setting}",
            "i want the scene to look like {setting}",
            "please put the scene in {setting}",
        ),
    ),
    "light": Templates(
        ("change the light to {light}", "{relight}"),
        (
            "switch the lighting to {light}",
            "make the scene look like {light}",
            "give the scene {light}",
            "use {light} for the whole video",
            "the light should be {light}",
            "please set the light to {light}",
            "i want the light to be {light}",
            "please {relight}",
        ),
        (
            "please switch the light to {light}",
            "please change the lighting to {light}",
            "the scene should have {light}",
            "i want {light} for the whole scene",
        ),
    ),
    "style": Templates(
        ("turn the video into {style}", "make it look like {style}"),
        (
            "change the style to {style}",
            "make the whole video look like {style}",
            "show the clip as {style}",
            "the video should look like {style}",
            "please draw everything as {style}",
            "i want {style}",
            "give the video the look of {style}",
            "{restyle}",
            "please {restyle}",
            "{restyle} please",
        ),
        (
            "please turn the whole clip into {style}",
            "i want the video to look like {style}",
            "the style should be {style}",
            "please show everything as {style}",
        ),
    ),
    "watermark": Templates(
        ("remove the {mark}", "erase the {mark}"),
        (
            "delete the {mark} from the video",
            "take the {mark} away",
            "get rid of the {mark}",
            "the {mark} should be gone",
            "please clear the {mark} from the picture",
            "make the {mark} disappear",
            "i want the video without the {mark}",
        ),
        (
            "please remove the {mark} from the clip",
            "the {mark} should disappear",
            "please take the {mark} out of the picture",
            "i want the {mark} to be gone",
        ),
    ),
    "reference": Templates(
        ("replace {object} with the object in the picture", "swap {object} for the object in the image"),
        (
            "change {object} into the object in the image",
            "put the object from the picture in place of {object}",
            "{object} should be the object in the picture",
            "turn {object} into the thing in the image",
            "please use the object in the image instead of {object}",
            "i want the thing from the picture instead of {object}",
            "make {object} look like the object in the image",
        ),
        (
            "please replace {object} with the thing in the image",
            "please swap {object} with the object from the picture",
            "{object} should become the object in the image",
            "there should be the object from the image instead of {object}",
        ),
    ),
}

_JOINS = (", and ", " and ", " and then ")


def _fill(template: str, change: Change, visible: list[VisibleObject], rng: np.random.Generator) -> str | None:
    slots = dict(change.slots)
    if change.named is not None:
        name = naming.refer(visible, change.named, rng)
        if name is None:
            return None
        slots["object"] = name
    return template.format(**slots)


def _phrase(
    kind: str, number: int, changes: list[Change], visible: list[VisibleObject], rng: np.random.Generator
) -> str | None:
    parts = []
    for offset, change in enumerate(changes):
        options = getattr(TEMPLATES[change.topic], kind)
        text = _fill(options[(number + offset) % len(options)], change, visible, rng)
        if text is None:
            return None
        parts.append(text.removeprefix("please ") if offset else text)
    if len(parts) == 1:
        return parts[0]
    join = _JOINS[int(rng.integers(len(_JOINS)))]
    return ", ".join(parts[:-1]) + join + parts[-1]


def instruct(
    changes: list[Change], visible: list[VisibleObject], split: str, rng: np.random.Generator
) -> tuple[str, list[str]] | None:
    """The instruction and all paraphrases of a split, lower case without a full stop.

    Several changes are joined into one sentence. Names of objects are drawn anew each time. None where an
    object cannot be named unambiguously.
    """
    plain = TEMPLATES[changes[0].topic].plain
    instruction = _phrase("plain", int(rng.integers(len(plain))), changes, visible, rng)
    count = len(getattr(TEMPLATES[changes[0].topic], split))
    paraphrases = [_phrase(split, number, changes, visible, rng) for number in range(count)]
    if instruction is None or None in paraphrases:
        return None
    return instruction, paraphrases
