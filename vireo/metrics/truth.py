"""An edit against its exact result: the contract's "Scores every report uses".

Everywhere: edited E, source S, target T are uint8 (T, H, W, 3); masks are bool (T, H, W). The mask M of a
pair is dilated first (`dilated`); the functions take the dilated one.
"""

from dataclasses import dataclass, field, fields
from typing import Any, Literal

import numpy as np
from scipy.ndimage import maximum_filter

from vireo.metrics.image_quality import energy, masked_psnr

EDIT_ERROR_LIMIT = 0.35
OUTSIDE_PSNR_LIMIT = 30.0
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
    return field(metadata={"facts": facts})


@dataclass(frozen=True, kw_only=True)
class EditScore:
    """How one edited clip compares with its exact result. None: not defined for this pair.

    edit_error: 0 perfect, 1 nothing done (None in the family `absent`). outside_psnr: dB (None for global
    edits). changed: share of pixels that change by more than 12/255. wrong_target: the contract's measure
    to the letter; wrong_beyond_mask: the same without the pixels that the exact target changes too (a
    shadow that leaves a neighbour, a watermark that lay over one).

    A new score is a field with its facts here and its value in `score_edit`; the rest follows from the facts.
    """

    success: bool = _score(ScoreFacts(title="Success %", summary="rate", digits=1))
    edit_error: float | None = _score(ScoreFacts(title="Edit error", summary="median", short="err {:.2f}"))
    outside_psnr: float | None = _score(
        ScoreFacts(title="Outside dB", summary="median", digits=1, short="out {:.0f} dB")
    )
    changed: float = _score(ScoreFacts(title="Changed", summary="median", column=False, compared=False))
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


def edit_error(edited: np.ndarray, source: np.ndarray, target: np.ndarray, mask: np.ndarray) -> float | None:
    """Sum over M of |E-T|^2 by the sum over M of |S-T|^2; None where the target is the source."""
    wanted = energy(source, target, mask)
    return None if wanted == 0 else energy(edited, target, mask) / wanted


def outside_psnr(edited: np.ndarray, source: np.ndarray, mask: np.ndarray) -> float | None:
    """PSNR of E against S outside M, dB; None for global edits."""
    return None if is_global(mask) else masked_psnr(edited, source, ~mask)


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
) -> EditScore:
    """All scores of one edited clip.

    mask: as the pair set stores it (not dilated). others: see `wrong_target`; None where the pair has no
    instance masks. `wrong_target` is defined for local edits that have something to change.
    """
    grown = dilated(mask)
    changed = changed_share(edited, source)
    outside = outside_psnr(edited, source, grown)
    if family == "absent":
        return EditScore(
            success=changed < ABSENT_SHARE,
            edit_error=None,
            outside_psnr=outside,
            changed=changed,
            wrong_target=None,
            wrong_beyond_mask=None,
        )
    error = edit_error(edited, source, target, grown)
    success = error is not None and error <= EDIT_ERROR_LIMIT and (outside is None or outside >= OUTSIDE_PSNR_LIMIT)
    wrong = beyond = None
    if others is not None and not is_global(grown):
        wrong, beyond = wrong_target(edited, source, others), wrong_target(edited, source, others & ~mask)
    return EditScore(
        success=success,
        edit_error=error,
        outside_psnr=outside,
        changed=changed,
        wrong_target=wrong,
        wrong_beyond_mask=beyond,
    )


def region_recall(region: np.ndarray, mask: np.ndarray) -> float | None:
    """Share of M covered by the predicted edit region; None where M is empty."""
    return float(region[mask].mean()) if mask.any() else None


def region_excess(region: np.ndarray, mask: np.ndarray) -> float | None:
    """Area of the predicted edit region by M's area (1 is exact, 2 twice as large); None where M is empty."""
    return float(region.sum() / mask.sum()) if mask.any() else None
