"""Fast motion: a window that the autoencoder would smear is shown to the model in slow motion (decision 10).

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

SMEARED = 25.0
"""Loss of a window (1/255, see `_loss`) above which slow motion is tried; decision 10 has what other values bring."""

WORTH = 0.5
"""Slow motion has to bring the loss below this share of what it was; texture that is lost at any pace does not."""


@dataclass(frozen=True)
class Pace:
    """How a window of T frames is shown to the model.

    clips: the window, uint8 (T, h, w, 3), or in slow motion several such. reconstructions: of each clip; None for a
    model without autoencoder. rebuilt: float32 (T, h, w, 3) in 0..1, the window as the model sees it at that pace.
    """

    clips: list[np.ndarray]
    reconstructions: list[Reconstruction | None]
    rebuilt: np.ndarray


def choose_pace(frames: np.ndarray, editor: Editor) -> Pace:
    """frames: a window, uint8 (T, h, w, 3)."""
    normal = editor.reconstruct(frames)
    if normal is None:
        return Pace([frames], [None], frames / np.float32(255))
    if editor.facts.slow_motion and len(frames) > 1:
        slow = _slow_motion(frames, editor, normal)
        if slow is not None:
            return slow
    return Pace([frames], [normal], normal.frames)


def _slow_motion(frames: np.ndarray, editor: Editor, normal: Reconstruction) -> Pace | None:
    """The window in slow motion, where that is worth it."""
    lost = _loss(frames, normal.frames)
    if lost <= SMEARED:
        return None
    # No pace shows a frame better than alone: where the worst frame is lost as a picture, too, nothing more is tried.
    each = [_loss(frames[[k]], normal.frames[[k]]) for k in range(len(frames))]
    worst = int(np.argmax(each))
    still = editor.reconstruct(frames[[worst]])
    if still is None or _loss(frames[[worst]], still.frames) >= WORTH * each[worst]:
        return None
    clips = _slowed(frames, editor.facts.temporal_stride)
    shown = [editor.reconstruct(clip) for clip in clips]
    rebuilt = real_time([each.frames for each in shown if each is not None])
    return Pace(clips, shown, rebuilt) if _loss(frames, rebuilt) < WORTH * lost else None


def _slowed(frames: np.ndarray, stride: int) -> list[np.ndarray]:
    """`stride` clips of T frames. Each begins with the frame before its own, which are repeated `stride` times."""
    own = (len(frames) - 1) // stride
    begins = [number * own for number in range(stride)]
    return [frames[[begin, *np.repeat(np.arange(begin + 1, begin + own + 1), stride)]] for begin in begins]


def real_time(results: list[np.ndarray]) -> np.ndarray:
    """The window's result (T, h, w, C), from those of `Pace.clips` in their order."""
    if len(results) == 1:
        return results[0]
    shown = [part[1:].reshape(-1, len(results), *part.shape[1:]).mean(1) for part in results]
    return np.concatenate([results[0][:1], *shown])


def _loss(frames: np.ndarray, rebuilt: np.ndarray) -> float:
    """99th percentile of |frames - rebuilt| (1/255), after a blur by a hundredth of the side against single pixels."""
    width = side_of(frames) / 100
    difference = gaussian_filter(frames / np.float32(255) - rebuilt, (0, width, width, 0), mode="nearest")
    return float(255 * np.quantile(np.abs(difference).max(-1), 0.99))
