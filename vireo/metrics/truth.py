"""An edit against its exact result: the contract's "Scores every report uses (version 2)".

Everywhere: edited E, source S, target T are uint8 (T, H, W, 3); masks are bool (T, H, W). The mask M of a
pair is dilated first (`dilated`); the functions take the dilated one. How the limits were chosen:
docs/decisions/0020-what-counts-as-success.md.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal

import numpy as np
from scipy.ndimage import maximum_filter

from vireo.metrics.frame_sums import FrameSums, gradient_products, inner
from vireo.metrics.image_quality import decibels, energy

LIMITS: dict[str, tuple[float, float]] = {
    "edit_error": (0, 0.15),
    "done": (0.8, 1.2),
    "least_done": (0.6, math.inf),
    "sharpness": (0.55, math.inf),
    "outside_psnr": (30, math.inf),
    "shadow_left": (-math.inf, 0.2),
    "worst_edit_error": (0, 0.5),
    "worst_done": (0.7, 1.3),
    "worst_sharpness": (0.4, math.inf),
    "worst_outside_psnr": (25, math.inf),
    "worst_shadow_left": (-math.inf, 0.3),
}
"""Between which values each score of a success lies, of those that are defined for its pair; version 2. Those of
shadows are for removals."""

LOOSE_LIMITS = {"edit_error": (0, 0.35), "outside_psnr": (30, math.inf)}
"""The same of version 1."""

PART_SHARE = 0.01
"""Parts that hold at least this share of the energy of the change count for `least_done`."""

SHADOW_FAMILIES, BESIDE_SHARE = ("remove", "replace"), 0.0003
"""Families that take an object with its shadow away; least share of the pixels that lies beside the object."""

GLOBAL_SHARE = 0.95
ABSENT_LEVEL, ABSENT_SHARE = 12, 0.03
WRONG_SHARE = 0.10


@dataclass(frozen=True, kw_only=True)
class ScoreFacts:
    """What reports, comparisons, sheets and tables have to know of one score.

    title: of its column. summary: how the clips of a family are summed up: as the rate at which it holds, or the
    median. by_family: whether the report has it for each family; else over all pairs alone. column: whether tables show
    it. compared: whether `vireo compare` compares it. digits: after the point. short: its mark on contact sheets, with
    its unit after the figure, None where it is not shown there.
    """

    title: str
    summary: Literal["rate", "median"]
    by_family: bool = True
    column: bool = True
    compared: bool = True
    digits: int = 3
    short: str | None = None


def _score(facts: ScoreFacts) -> Any:
    return field(default=None, metadata={"facts": facts})


def _worst(title: str, digits: int = 3) -> Any:
    return _score(ScoreFacts(title=f"Worst frame's {title}", summary="median", digits=digits, column=False))


@dataclass(frozen=True, kw_only=True)
class EditScore:
    """How one edited clip compares with its exact result. None: not defined for this pair.

    success, success_loose: by the limits of the contract's versions 2 and 1; see `with_success`.
    edit_error: 0 perfect, 1 nothing done (None in the family `absent`). done: the share of the change that was carried
    out, 1 is exact. least_done: the same of the part of it that was done least: what grows brighter, what grows darker,
    what lies on the objects that the edit concerns, what lies beside them; it finds old and new shown at once.
    sharpness: gradient energy of luma against the target's, 1 is as sharp. outside_psnr: dB (None for global edits).
    shadow_left: how much of the shadow and reflection that a removal or replacement takes away is still there, 0 none,
    1 all (None for other edits, and where there is next to none). worst_...: the same of the frame that is worst.
    changed: share of pixels that change by more than 12/255. wrong_target: the contract's measure to the letter;
    wrong_beyond_mask: the same without the pixels that the exact target changes too (a shadow that leaves a neighbour,
    a watermark that lay over one).

    A new score is a field with its facts here and its value in `score_edit`; the rest follows from the facts.
    """

    success: bool = field(metadata={"facts": ScoreFacts(title="Success %", summary="rate", digits=1)})
    success_loose: bool = field(metadata={"facts": ScoreFacts(title="Loose %", summary="rate", digits=1)})
    edit_error: float | None = _score(ScoreFacts(title="Edit error", summary="median", short="err {:.2f}"))
    done: float | None = _score(ScoreFacts(title="Done", summary="median", digits=2, short="done {:.2f}"))
    least_done: float | None = _score(ScoreFacts(title="Least done", summary="median", digits=2, column=False))
    sharpness: float | None = _score(ScoreFacts(title="Sharpness", summary="median", digits=2, short="sharp {:.2f}"))
    outside_psnr: float | None = _score(
        ScoreFacts(title="Outside dB", summary="median", digits=1, short="out {:.0f} dB")
    )
    shadow_left: float | None = _score(
        ScoreFacts(title="Shadow left", summary="median", digits=2, short="shadow {:.2f}")
    )
    worst_edit_error: float | None = _worst("edit error")
    worst_done: float | None = _worst("done", 2)
    worst_sharpness: float | None = _worst("sharpness", 2)
    worst_outside_psnr: float | None = _worst("outside dB", 1)
    worst_shadow_left: float | None = _worst("shadow left", 2)
    changed: float = field(
        metadata={"facts": ScoreFacts(title="Changed", summary="median", column=False, compared=False)}
    )
    wrong_target: bool | None = _score(
        ScoreFacts(title="Wrong target %", summary="rate", by_family=False, column=False)
    )
    wrong_beyond_mask: bool | None = _score(
        ScoreFacts(title="Wrong beyond mask %", summary="rate", by_family=False, column=False, compared=False)
    )

    def values(self) -> dict[str, float]:
        """Those that are defined, by name, in the order of the fields."""
        found = {name: getattr(self, name) for name in SCORES}
        return {name: float(value) for name, value in found.items() if value is not None}


SCORES: dict[str, ScoreFacts] = {each.name: each.metadata["facts"] for each in fields(EditScore)}
"""All scores against exact results by name."""


def dilated(mask: np.ndarray) -> np.ndarray:
    """Each frame of the mask grown by a square of radius 2 px at 128 px width, in proportion."""
    radius = int(2 * mask.shape[2] / 128 + 0.5)
    return maximum_filter(mask, size=(1, 2 * radius + 1, 2 * radius + 1), mode="constant", cval=False)


def is_global(mask: np.ndarray) -> bool:
    """Whether M covers over 95 % of the pixels."""
    return bool(mask.mean() > GLOBAL_SHARE)


def _error(edited: np.ndarray, source: np.ndarray, target: np.ndarray, mask: np.ndarray) -> FrameSums:
    return FrameSums(inner(edited, target, edited, target, mask), inner(source, target, source, target, mask))


def edit_error(edited: np.ndarray, source: np.ndarray, target: np.ndarray, mask: np.ndarray) -> float | None:
    """Sum over M of |E-T|^2 by the sum over M of |S-T|^2; None where the target is the source."""
    return _error(edited, source, target, mask).whole()


def best_match(
    edited: np.ndarray, source: np.ndarray, results: Sequence[tuple[np.ndarray, np.ndarray]]
) -> tuple[np.ndarray, np.ndarray]:
    """The exact result, with its mask, to which an edit comes nearest: that of the least `edit_error`.

    results: target and mask (not dilated) of each that the words of the instruction allow. By the best match every
    score of an edit is taken whose words leave a choice.
    """
    if len(results) == 1:
        return results[0]
    errors = [edit_error(edited, source, target, dilated(mask)) for target, mask in results]
    known = [math.inf if error is None else error for error in errors]
    return results[known.index(min(known))]


def _done(edited: np.ndarray, source: np.ndarray, target: np.ndarray, where: np.ndarray) -> FrameSums:
    """(E-S).(T-S) by |T-S|^2: what is done of the change, whatever else was changed."""
    return FrameSums(inner(edited, source, target, source, where), inner(target, source, target, source, where))


def _least_done(
    edited: np.ndarray, source: np.ndarray, target: np.ndarray, mask: np.ndarray, concerned: np.ndarray | None
) -> float | None:
    """The least `done` of the parts of M that hold at least PART_SHARE of the wanted energy: the values that grow,
    those that fall, the pixels on the concerned objects and those beside them."""
    whole = mask[..., None]
    parts = [whole & (target > source), whole & (target < source)]
    if concerned is not None and concerned.any():
        parts += [whole & concerned[..., None], whole & ~concerned[..., None]]
    sums = [_done(edited, source, target, np.broadcast_to(part, target.shape)) for part in parts]
    wanted = sum(part.below.sum() for part in sums[:2])
    done = [part.whole() for part in sums if part.below.sum() > 0 and part.below.sum() >= PART_SHARE * wanted]
    return min((share for share in done if share is not None), default=None)


def _sharpness(edited: np.ndarray, target: np.ndarray, mask: np.ndarray) -> FrameSums:
    """E's gradient energy by T's; of E's counts no more than goes along T's gradient, so that noise is no sharpness."""
    along = gradient_products(edited, target, mask)
    return FrameSums(
        np.minimum(gradient_products(edited, edited, mask), along), gradient_products(target, target, mask)
    )


def _shadow_left(edited: np.ndarray, source: np.ndarray, target: np.ndarray, beside: np.ndarray) -> FrameSums:
    """(E-T).(S-T) by |S-T|^2 over `beside`: the share of the source in the nearest mixture of source and target.

    An energy |E-T|^2 would take an autoencoder's noise, which faint shadows do not exceed, for a shadow.
    """
    return FrameSums(inner(edited, target, source, target, beside), inner(source, target, source, target, beside))


def _outside(edited: np.ndarray, source: np.ndarray, mask: np.ndarray) -> FrameSums:
    return FrameSums(inner(edited, source, edited, source, ~mask), 3.0 * (~mask).sum((1, 2)))


def outside_psnr(edited: np.ndarray, source: np.ndarray, mask: np.ndarray) -> float | None:
    """PSNR of E against S outside M, dB; None for global edits."""
    error = None if is_global(mask) else _outside(edited, source, mask).whole()
    return None if error is None else decibels(error)


def changed_share(edited: np.ndarray, source: np.ndarray) -> float:
    """Share of the pixels of which some channel changes by more than 12/255."""
    change = np.abs(edited.astype(np.int16) - source.astype(np.int16)).max(axis=-1)
    return float((change > ABSENT_LEVEL).mean())


def wrong_target(edited: np.ndarray, source: np.ndarray, others: np.ndarray) -> bool:
    """Whether over 10 % of the change energy |E-S|^2 lies in `others`, the pixels of instances that the
    edit does not concern."""
    total = energy(edited, source)
    return total > 0 and energy(edited, source, others) > WRONG_SHARE * total


def score_edit(
    edited: np.ndarray,
    source: np.ndarray,
    target: np.ndarray,
    mask: np.ndarray,
    *,
    family: str,
    others: np.ndarray | None = None,
    concerned: np.ndarray | None = None,
) -> EditScore:
    """All scores of one edited clip.

    mask: as the pair set stores it (not dilated). others, concerned: the source's instances that the edit does not and
    does concern; None where the pair has no instance masks. `wrong_target` is defined for local edits that have
    something to change.
    """
    grown = dilated(mask)
    values: dict[str, Any] = {"changed": changed_share(edited, source)}

    def add(name: str, sums: FrameSums, worst: Callable[[np.ndarray], Any], unit: Callable[[float], float] = float):
        total = sums.whole()
        if total is not None:
            values[name], values[f"worst_{name}"] = unit(total), unit(worst(sums.by_frame()))

    if not is_global(grown):
        add("outside_psnr", _outside(edited, source, grown), np.max, decibels)
    if family != "absent":
        add("edit_error", _error(edited, source, target, grown), np.max)
        add("done", _done(edited, source, target, grown), lambda done: done[np.abs(done - 1).argmax()])
        values["least_done"] = _least_done(edited, source, target, grown, concerned)
        # By which M is wider than the mask, the source shows: its sharpness says nothing of the edit's.
        sharp = [_sharpness(edited, target, where) for where in (grown, mask) if where.any()]
        if sharp:
            add("sharpness", min(sharp, key=lambda sums: sums.whole() or 0), np.min)
        if family in SHADOW_FAMILIES and concerned is not None:
            beside = mask & ~dilated(concerned)
            if beside.mean() >= BESIDE_SHARE:
                add("shadow_left", _shadow_left(edited, source, target, beside), np.max)
        if others is not None and not is_global(grown):
            values["wrong_target"] = wrong_target(edited, source, others)
            values["wrong_beyond_mask"] = wrong_target(edited, source, others & ~mask)
    return with_success(EditScore(success=False, success_loose=False, **values), family)


def with_success(score: EditScore, family: str, *, outside: bool = True) -> EditScore:
    """The same scores, with `success` and `success_loose` by their limits.

    outside: whether what lies outside M counts, which compositing puts right.
    """
    if family == "absent":
        kept = score.changed < ABSENT_SHARE
        return replace(score, success=kept, success_loose=kept)
    left_out = () if outside else ("outside_psnr", "worst_outside_psnr")
    left_out += () if family == "remove" else ("shadow_left", "worst_shadow_left")
    values = {name: value for name, value in score.values().items() if name not in left_out}

    def within(limits: Mapping[str, tuple[float, float]]) -> bool:
        return "edit_error" in values and all(
            low <= values[name] <= high for name, (low, high) in limits.items() if name in values
        )

    return replace(score, success=within(LIMITS), success_loose=within(LOOSE_LIMITS))


def region_recall(region: np.ndarray, mask: np.ndarray) -> float | None:
    """Share of M covered by the predicted edit region; None where M is empty."""
    return float(region[mask].mean()) if mask.any() else None


def region_excess(region: np.ndarray, mask: np.ndarray) -> float | None:
    """Area of the predicted edit region by M's area (1 is exact, 2 twice as large); None where M is empty."""
    return float(region.sum() / mask.sum()) if mask.any() else None
