"""Exact targets made worse in one known way, by a known strength: what judges and metrics are compared on.

A corruption takes a pair's clips, the clips of another pair, and a strength in 0..1 (0 is the exact target), and gives
a clip, uint8 (T, H, W, 3), or None where it means nothing for that pair.
"""

from collections.abc import Callable

import numpy as np
from scipy.ndimage import gaussian_filter

from vireo.evaluation.pair_clips import PairClips
from vireo.metrics.image_quality import energy
from vireo.metrics.truth import dilated, is_global

Corruption = Callable[[PairClips, PairClips, float], np.ndarray | None]

STRENGTHS = (0.25, 0.5, 1.0)
BLUR = 1 / 32
"""Deviation of the Gaussian at full strength, as a share of the height."""

CAST = (1.35, 0.8, 0.65)
"""What red, green and blue of the whole picture are multiplied with, at full strength."""


def mixed(first: np.ndarray, second: np.ndarray, share: np.ndarray | float) -> np.ndarray:
    """first and second, which has this share."""
    a, b = first.astype(np.float32), second.astype(np.float32)
    return np.clip(np.round(a + share * (b - a)), 0, 255).astype(np.uint8)


def nothing_done(clips: PairClips, other: PairClips, strength: float) -> np.ndarray:
    """Faded back to the source."""
    return mixed(clips.target, clips.source, strength)


def over_edit(clips: PairClips, other: PairClips, strength: float) -> np.ndarray:
    """The whole picture tinted."""
    gain = 1 + strength * (np.array(CAST, np.float32) - 1)
    return np.clip(np.round(clips.target * gain), 0, 255).astype(np.uint8)


def wrong_object(clips: PairClips, other: PairClips, strength: float) -> np.ndarray | None:
    """The change of colour fades from its object and goes to one that the edit does not concern."""
    concerned, others = clips.concerned, clips.others
    if concerned is None or others is None or not concerned.any() or not others.any():
        return None
    change = clips.target[concerned].mean(0, dtype=np.float64) - clips.source[concerned].mean(0, dtype=np.float64)
    faded = mixed(clips.target, clips.source, strength).astype(np.float64)
    faded[others] += strength * change
    return np.clip(np.round(faded), 0, 255).astype(np.uint8)


def wrong_time(clips: PairClips, other: PairClips, strength: float) -> np.ndarray | None:
    """The last frames are left undone; at full strength all but the first."""
    count = round(strength * (len(clips.target) - 1))
    if not count:
        return None
    return np.concatenate([clips.target[:-count], clips.source[-count:]])


def wrong_side(clips: PairClips, other: PairClips, strength: float) -> np.ndarray | None:
    """The change fades from its place and goes to the mirrored one; local edits."""
    if is_global(dilated(clips.mask)):
        return None
    change = clips.target.astype(np.float32) - clips.source
    moved = clips.source + (1 - strength) * change + strength * change[:, :, ::-1]
    return np.clip(np.round(moved), 0, 255).astype(np.uint8)


def flicker(clips: PairClips, other: PairClips, strength: float) -> np.ndarray | None:
    """Every second frame fades back to the source."""
    if len(clips.target) < 2:
        return None
    odd = (np.arange(len(clips.target)) % 2)[:, None, None, None]
    return mixed(clips.target, clips.source, strength * odd.astype(np.float32))


def blur(clips: PairClips, other: PairClips, strength: float) -> np.ndarray:
    """The whole picture out of focus."""
    sigma = strength * BLUR * clips.target.shape[1]
    soft = gaussian_filter(clips.target.astype(np.float32), (0, sigma, sigma, 0))
    return np.clip(np.round(soft), 0, 255).astype(np.uint8)


def background_swapped(clips: PairClips, other: PairClips, strength: float) -> np.ndarray | None:
    """Where neither the edit nor an object is, another clip shows through."""
    if clips.concerned is None or clips.others is None or other.source.shape != clips.source.shape:
        return None
    behind = ~(clips.mask | clips.concerned | clips.others)
    return mixed(clips.target, other.source, strength * behind[..., None].astype(np.float32))


def shadow_left(clips: PairClips, other: PairClips, strength: float) -> np.ndarray | None:
    """What the edit changes beside its object, its shadow and reflection, fades back to the source."""
    if clips.concerned is None or not clips.concerned.any():
        return None
    beside = clips.mask & ~dilated(clips.concerned)
    if beside.mean() < 0.002:
        return None
    return mixed(clips.target, clips.source, strength * beside[..., None].astype(np.float32))


def blur_inside(clips: PairClips, other: PairClips, strength: float) -> np.ndarray:
    """The right edit out of focus inside its mask; the deviation is 2 px at 96 px height at full strength."""
    sigma = strength * clips.target.shape[1] / 48
    soft = gaussian_filter(clips.target.astype(np.float32), (0, sigma, sigma, 0))
    return mixed(clips.target, soft, dilated(clips.mask)[..., None].astype(np.float32))


def grainy_blur(clips: PairClips, other: PairClips, strength: float) -> np.ndarray:
    """The same under grain of deviation 8, which brings its gradients back."""
    grain = np.random.default_rng(0).normal(0, 8 * strength, (*clips.mask.shape, 1)) * dilated(clips.mask)[..., None]
    return np.clip(np.round(blur_inside(clips, other, strength) + grain), 0, 255).astype(np.uint8)


def brighter_of_both(clips: PairClips, other: PairClips, strength: float) -> np.ndarray | None:
    """Old and new at once: the source fades back in where it is the brighter of both."""
    return _ghost(clips, np.maximum(clips.source, clips.target), strength)


def darker_of_both(clips: PairClips, other: PairClips, strength: float) -> np.ndarray | None:
    """The same where it is the darker."""
    return _ghost(clips, np.minimum(clips.source, clips.target), strength)


def old_shines_through(clips: PairClips, other: PairClips, strength: float) -> np.ndarray | None:
    """The object of the source is half seen where it was, all else is right."""
    if clips.concerned is None:
        return None
    return _ghost(clips, mixed(clips.target, clips.source, 0.5 * clips.concerned[..., None]), strength)


def _ghost(clips: PairClips, ghost: np.ndarray, strength: float) -> np.ndarray | None:
    """None where a ghost hardly differs from the target: by less than 1 % of the energy of the change."""
    shown = energy(ghost, clips.target) >= 0.01 * energy(clips.source, clips.target)
    return mixed(clips.target, ghost, strength) if shown else None


def one_frame(clips: PairClips, other: PairClips, strength: float) -> np.ndarray:
    """The frame in the middle fades back to the source."""
    middle = np.zeros((len(clips.target), 1, 1, 1), np.float32)
    middle[len(clips.target) // 2] = strength
    return mixed(clips.target, clips.source, middle)


_ALL = (nothing_done, over_edit, wrong_object, wrong_time, wrong_side, flicker, blur, background_swapped, shadow_left)

CORRUPTIONS: dict[str, Corruption] = {corruption.__name__: corruption for corruption in _ALL}

OF_REMOVALS = ("shadow_left",)
"""Corruptions of removals alone; elsewhere what lies beside an object may be part of the new one."""

DECEPTIONS: dict[str, tuple[Corruption, float]] = {
    "blurred inside the mask": (blur_inside, 1.0),
    "blurred under grain": (grainy_blur, 1.0),
    "cross-faded by half": (nothing_done, 0.5),
    "shadow kept (removals)": (shadow_left, 1.0),
    "the brighter of old and new": (brighter_of_both, 1.0),
    "the darker of old and new": (darker_of_both, 1.0),
    "old object half seen": (old_shines_through, 1.0),
    "second half undone": (wrong_time, 0.5),
    "one frame undone": (one_frame, 1.0),
}
"""Edits that no person would accept and the contract's `success` must not: corruption and strength by name. The limits
were chosen on them; `examples/score_limits.py` shows how many pass."""
