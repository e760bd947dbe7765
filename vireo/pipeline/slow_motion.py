"""Fast motion: what the autoencoder smears where the edit is, is edited once more in slow motion (decision 10).

A video autoencoder squeezes several frames into one latent frame. What moves far between them is smeared, and an
editor that is shown a smear edits the smear: it leaves ghosts beside the object. Where every frame is shown as often as
a latent frame has frames, each latent frame holds one picture, and nothing is smeared. That takes as many times longer,
so it is done where it helps only.
"""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter

from vireo.models.editors.protocol import Editor, Reconstruction
from vireo.video.geometry import side_of

SMEARED = 15.0
"""Loss of a window where the edit is (1/255, see `_loss`) above which slow motion is tried; decision 10 has what other
values bring."""

WORTH = 0.5
"""Slow motion has to bring the loss below this share of what it was; texture that is lost at any pace does not."""


@dataclass(frozen=True)
class SlowMotion:
    """A window of T frames as it is shown in slow motion.

    clips: uint8 (T, h, w, 3) each. reconstructions: of each clip. rebuilt: float32 (T, h, w, 3) in 0..1, the window as
    the model sees it at that pace.
    """

    clips: list[np.ndarray]
    reconstructions: list[Reconstruction]
    rebuilt: np.ndarray


def in_slow_motion(frames: np.ndarray, rebuilt: np.ndarray, alpha: np.ndarray, editor: Editor) -> SlowMotion | None:
    """The window in slow motion; None where it is as good at its own pace.

    frames: uint8 (T, h, w, 3), rebuilt: float (T, h, w, 3) in 0..1, a window and the same through the autoencoder.
    alpha: float (T, h, w) in 0..1, where it was edited; where nothing was, the whole window counts.
    """
    if not editor.facts.slow_motion or len(frames) == 1:
        return None
    region = alpha > 0.5 if (alpha > 0.5).any() else np.ones(alpha.shape, bool)
    lost = _loss(frames, rebuilt, region)
    if lost <= SMEARED:
        return None
    # No pace shows a frame better than alone: where the worst frame is lost as a picture, too, nothing more is tried.
    each = [_loss(frames[[k]], rebuilt[[k]], region[[k]]) for k in range(len(frames))]
    worst = [int(np.argmax(each))]
    still = editor.reconstruct(frames[worst])
    if still is None or _loss(frames[worst], still.frames, region[worst]) >= WORTH * max(each):
        return None
    clips = _slowed(frames, editor.facts.temporal_stride)
    shown = [made for clip in clips if (made := editor.reconstruct(clip)) is not None]
    slowly = real_time([made.frames for made in shown])
    return SlowMotion(clips, shown, slowly) if _loss(frames, slowly, region) < WORTH * lost else None


def _slowed(frames: np.ndarray, stride: int) -> list[np.ndarray]:
    """`stride` clips of T frames. Each begins with the frame before its own, which are repeated `stride` times."""
    own = (len(frames) - 1) // stride
    begins = [number * own for number in range(stride)]
    return [frames[[begin, *np.repeat(np.arange(begin + 1, begin + own + 1), stride)]] for begin in begins]


def real_time(results: list[np.ndarray]) -> np.ndarray:
    """The window's result (T, h, w, C), from those of `SlowMotion.clips` in their order."""
    shown = [part[1:].reshape(-1, len(results), *part.shape[1:]).mean(1) for part in results]
    return np.concatenate([results[0][:1], *shown])


def _loss(frames: np.ndarray, rebuilt: np.ndarray, region: np.ndarray) -> float:
    """99th percentile of |frames - rebuilt| (1/255) in a region, after a blur by a hundredth of the side against single
    pixels; 0 where there is no region."""
    if not region.any():
        return 0.0
    width = side_of(frames) / 100
    difference = gaussian_filter(frames / np.float32(255) - rebuilt, (0, width, width, 0), mode="nearest")
    return float(255 * np.quantile(np.abs(difference).max(-1)[region], 0.99))
