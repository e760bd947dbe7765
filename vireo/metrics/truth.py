"""An edit against its exact result: the contract's "Scores every report uses".

Everywhere: edited E, source S, target T are uint8 (T, H, W, 3); masks are bool (T, H, W). The mask M of a
pair is dilated first (`dilated`); the functions take the dilated one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import maximum_filter

from vireo.metrics.image_quality import energy, psnr

EDIT_ERROR_LIMIT = 0.35
OUTSIDE_PSNR_LIMIT = 30.0
GLOBAL_SHARE = 0.95
ABSENT_LEVEL, ABSENT_SHARE = 12, 0.03
WRONG_SHARE = 0.10


@dataclass(frozen=True)
class EditScore:
    """How one edited clip compares with the truth. None: not defined for this pair.

    edit_error: 0 perfect, 1 nothing done (None in the family `absent`). outside_psnr: dB (None for global
    edits). changed: share of pixels that change by more than 12/255. wrong_target: the contract's measure
    to the letter; wrong_beyond_mask: the same without the pixels that the exact target changes too (a
    shadow that leaves a neighbour, a watermark that lay over one).
    """

    success: bool
    edit_error: float | None
    outside_psnr: float | None
    changed: float
    wrong_target: bool | None
    wrong_beyond_mask: bool | None


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
    return None if is_global(mask) else psnr(edited, source, ~mask)


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
        return EditScore(changed < ABSENT_SHARE, None, outside, changed, None, None)
    error = edit_error(edited, source, target, grown)
    success = error is not None and error <= EDIT_ERROR_LIMIT and (outside is None or outside >= OUTSIDE_PSNR_LIMIT)
    wrong = beyond = None
    if others is not None and not is_global(grown):
        wrong, beyond = wrong_target(edited, source, others), wrong_target(edited, source, others & ~mask)
    return EditScore(success, error, outside, changed, wrong, beyond)


def region_recall(region: np.ndarray, mask: np.ndarray) -> float | None:
    """Share of M covered by the predicted edit region; None where M is empty."""
    return float(region[mask].mean()) if mask.any() else None


def region_excess(region: np.ndarray, mask: np.ndarray) -> float | None:
    """Area of the predicted edit region by M's area (1 is exact, 2 twice as large); None where M is empty."""
    return float(region.sum() / mask.sum()) if mask.any() else None
