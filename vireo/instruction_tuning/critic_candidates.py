"""Candidates for the critic to judge, made of exact targets, and what is true of each.

    kind       the second picture
    exact      the target of the pair
    copy       the source, untouched
    other      the target of another edit of the same source
    half       source and target mixed: an edit done by half
    over       the target, with the whole picture changed as well, or with another edit on top
    ghost      the target's change twice, once beside its place (local edits)
    degraded   the target, blurred, noisy or coarse, clearly more than film and lens make it

Exact ones are slightly blurred or noisy at times, as a codec leaves them; that changes no verdict.
"""

from typing import Literal

import numpy as np
from scipy.ndimage import gaussian_filter, shift

from vireo.instruction_tuning.phrasings import Fault
from vireo.models.instructor.prompts import NOTHING, QuestionKind

AnyFault = Fault | Literal["foreign"]
"""What may be wrong with an instruction; "foreign" is that of another edit."""

Candidate = Literal["exact", "copy", "other", "half", "over", "ghost", "degraded"]

SHARES: dict[Candidate, float] = {
    "exact": 0.42,
    "copy": 0.12,
    "other": 0.11,
    "half": 0.10,
    "over": 0.10,
    "ghost": 0.05,
    "degraded": 0.10,
}
QUESTION_SHARES: dict[QuestionKind, float] = {
    "accuracy": 0.34,
    "overall": 0.30,
    "preservation": 0.16,
    "naturalness": 0.08,
    "realism": 0.12,
}

_RARE: dict[tuple[QuestionKind, bool], float] = {("naturalness", False): 4.0, ("preservation", False): 2.0}
"""How much more often a question is asked where its answer is one that few candidates give."""

_NOT_DONE: dict[QuestionKind, bool] = {"accuracy": False, "preservation": True, "overall": False}
_SPOILED: dict[QuestionKind, bool] = {"accuracy": False, "preservation": False, "overall": False}
"""What was asked for is not there, all else is as it was | is not as it was."""

_TRUTH: dict[Candidate, dict[str, dict[QuestionKind, bool]]] = {
    "exact": {
        "none": dict.fromkeys(QUESTION_SHARES, True),
        "value": _NOT_DONE,
        "object": _SPOILED,
        "foreign": _SPOILED,
    },
    "copy": {
        "none": {"accuracy": False, "preservation": True, "naturalness": True, "realism": True, "overall": False},
        **dict.fromkeys(("value", "object", "foreign"), _NOT_DONE),
    },
    "other": {
        "none": {"accuracy": False, "preservation": False, "naturalness": True, "realism": True, "overall": False}
    },
    "half": {"none": _NOT_DONE},
    "over": {"none": {"accuracy": True, "preservation": False, "realism": True, "overall": False}, "value": _SPOILED},
    "ghost": {"none": {"naturalness": False, "overall": False}},
    "degraded": {
        "none": {"accuracy": True, "realism": False, "overall": False},
        "value": {"accuracy": False, "realism": False, "overall": False},
    },
}

DIAGNOSES: dict[Candidate, dict[AnyFault, str]] = {
    "exact": {"none": NOTHING, "value": "wrong value", "object": "wrong object", "foreign": "another edit"},
    "copy": dict.fromkeys(("none", "value", "object", "foreign"), "not done"),
    "other": {"none": "another edit"},
    "half": {"none": "half done"},
    "over": {"none": "too much"},
    "ghost": {"none": "ghost"},
    "degraded": {"none": "unclear"},
}
"""What is wrong with a candidate under an instruction with this fault, where that is one thing. Yes and No follow
from it and are learned late without it, as relations are from Yes and No alone."""


def truth(candidate: Candidate, fault: AnyFault, local: bool) -> dict[QuestionKind, bool]:
    """What is true of a candidate under an instruction with this fault; questions without a sure answer are left
    out. local: whether the edit changes a part of the picture.
    """
    known = dict(_TRUTH[candidate].get(fault, {}))
    if candidate == "half" and local and fault == "none":
        known["naturalness"] = False
    return known


def question_weight(kind: QuestionKind, answer: bool) -> float:
    """How often to ask this of a candidate of which that is the answer, in proportion: yes and no come about evenly."""
    return QUESTION_SHARES[kind] * _RARE.get((kind, answer), 1.0)


def mixed(source: np.ndarray, target: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Both pictures, uint8 (H, W, 3), mixed; the source has 40 to 65 %."""
    share = rng.uniform(0.40, 0.65)
    return np.round(share * source.astype(np.float32) + (1 - share) * target).astype(np.uint8)


def cast(target: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The whole picture brighter, darker or tinted by at least 18 % in some channel."""
    while True:
        gain = rng.uniform(0.65, 1.4) * rng.uniform(0.85, 1.15, 3)
        if np.abs(gain - 1).max() >= 0.18:
            return np.clip(np.round(target * gain), 0, 255).astype(np.uint8)


def pasted(source: np.ndarray, target: np.ndarray, other: np.ndarray) -> np.ndarray | None:
    """The target with what another edit of the source changed on top; None where that is hardly anything."""
    changed = (np.abs(other.astype(np.int16) - source).max(-1) > 12)[..., None]
    return np.where(changed, other, target) if changed.mean() > 0.008 else None


def ghosted(source: np.ndarray, target: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """What the edit changed, a second time and half transparent, 6 to 12 pixels beside its place."""
    angle, length = rng.uniform(0, 2 * np.pi), rng.uniform(6, 12)
    offset = (length * np.sin(angle), length * np.cos(angle))
    changed = (np.abs(target.astype(np.int16) - source).max(-1) > 12).astype(np.float32)
    moved = shift(target.astype(np.float32), (*offset, 0), order=1, mode="nearest")
    where = 0.55 * shift(changed, offset, order=1)[..., None]
    return np.round((1 - where) * target + where * moved).astype(np.uint8)


def degraded(target: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Clearly blurred, noisy or coarse."""
    way = int(rng.integers(4))
    picture = target.astype(np.float32)
    if way in (0, 3):
        sigma = rng.uniform(1.2, 2.6)
        picture = gaussian_filter(picture, (sigma, sigma, 0))
    elif way == 2:
        height, width = picture.shape[0] // 4, picture.shape[1] // 4
        blocks = picture[: 4 * height, : 4 * width].reshape(height, 4, width, 4, 3)
        share = rng.uniform(0.6, 1.0)
        mean = np.broadcast_to(blocks.mean((1, 3), keepdims=True), blocks.shape).reshape(4 * height, 4 * width, 3)
        picture[: 4 * height, : 4 * width] += share * (mean - picture[: 4 * height, : 4 * width])
    if way in (1, 3):
        picture = picture + rng.normal(0, rng.uniform(12, 30), picture.shape)
    return np.clip(np.round(picture), 0, 255).astype(np.uint8)


def slightly_worn(target: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Blurred by less than 0.6 pixels and with noise of at most 3 of 255, as a codec leaves it."""
    sigma = rng.uniform(0.2, 0.55)
    picture = gaussian_filter(target.astype(np.float32), (sigma, sigma, 0))
    picture += rng.normal(0, rng.uniform(0.5, 3), picture.shape)
    return np.clip(np.round(picture), 0, 255).astype(np.uint8)
