"""Fast motion: a window that the VAE would smear goes through the model in slow motion.

A video VAE squeezes several frames into one latent frame. What moves far between them is smeared, and an editor that
is shown a smear edits the smear: it leaves ghosts beside the object. Where every frame is shown as often as a latent
frame has frames, each latent frame holds one picture, and nothing is smeared. That takes as many times longer, so it is
done where it helps only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.ndimage import gaussian_filter

SMEARED = 10.0
"""What the VAE may lose of a window (1/255) before slow motion is tried."""

WORTH = 0.5
"""Slow motion has to bring the loss below this share of what it was; texture that is lost at any pace does not."""


class Codec(Protocol):
    """The part of `VireoPipeline` that this needs."""

    @property
    def temporal_stride(self) -> int: ...

    def reconstruct(self, video: np.ndarray) -> np.ndarray: ...


@dataclass(frozen=True)
class Takes:
    """What the model is shown of a window of T frames.

    clips: the window, or in slow motion several, uint8 (T, h, w, 3) each. rebuilt: the window through the VAE at that
    pace, float (T, h, w, 3) in 0..1.
    """

    clips: list[np.ndarray]
    rebuilt: np.ndarray


def takes(source: np.ndarray, codec: Codec) -> Takes:
    """A window, uint8 (T, h, w, 3), in the pace at which the model sees it well; T is 1 or a multiple of the VAE's
    temporal stride plus 1."""
    rebuilt = codec.reconstruct(source)
    lost = _lost(source, rebuilt)
    if len(source) > 1 and lost > SMEARED:
        clips = _slowed(source, codec.temporal_stride)
        clear = joined([codec.reconstruct(clip) for clip in clips])
        if _lost(source, clear) < WORTH * lost:
            return Takes(clips, clear)
    return Takes([source], rebuilt)


def _slowed(frames: np.ndarray, stride: int) -> list[np.ndarray]:
    """`stride` clips of T frames. Each begins with the frame before its own, which are repeated `stride` times."""
    own = (len(frames) - 1) // stride
    begins = [number * own for number in range(stride)]
    return [frames[[begin, *np.repeat(np.arange(begin + 1, begin + own + 1), stride)]] for begin in begins]


def joined(results: list[np.ndarray]) -> np.ndarray:
    """The window's result (T, h, w, C), from those of `Takes.clips` in their order."""
    if len(results) == 1:
        return results[0]
    shown = [part[1:].reshape(-1, len(results), *part.shape[1:]).mean(1) for part in results]
    return np.concatenate([results[0][:1], *shown])


def _lost(source: np.ndarray, rebuilt: np.ndarray) -> float:
    """The 99th percentile of the difference (1/255), a pixel of a picture 96 wide taken together."""
    width = source.shape[2] / 96
    difference = gaussian_filter(source / np.float32(255) - rebuilt, (0, width, width, 0), mode="nearest")
    return float(255 * np.quantile(np.abs(difference).max(-1), 0.99))
