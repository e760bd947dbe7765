"""What of a model's result is the edit, and putting that on the source.

A result differs from its source by the edit, by what the VAE loses, and by the model's own noise. Only the first is
wanted. Where the result still shows what the source shows, it is given back the detail that the VAE has lost; where
other things are seen than before, it stays as it is; the faintest changes are noise, and large ones never are.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter

FAINT, FAINT_PART, FAINT_LEAST = 24.0, 0.35, 4.0
"""Smoothed changes (1/255) above the first are certain; of an edit that changes little, as of a pale watermark, those
above the second's share of its strong changes, but none below the third. What is under a third of that is noise, what
lies between counts in part."""

WIDE, FAINT_SHARE, FAINT_MOST = 0.35, 0.15, 16.0
"""Where the region covers more than the first of the picture, an edit may be faint everywhere, as the loss of colour of
a pale picture is: there the noise ends at this share of the median change, at most at the third (1/255)."""

LARGE = (10.0, 40.0)
"""A change of a single pixel (1/255) above the second is the edit, whatever is around it; below the first its
surroundings decide, `certainty`."""

DETAIL, DETAIL_LEAST = 1.5, 2.0
"""Detail is what a Gaussian of the first deviation (pixels of a picture 96 wide) takes off; what lies below the second
(1/255) counts as kept."""

SMOOTH, SMOOTH_TIME = 1.0, 0.7
"""Deviation of the Gaussian that averages changes before they are judged: pixels of a picture 96 wide, and frames."""


def certainty(edited: np.ndarray, rebuilt: np.ndarray, soft: np.ndarray) -> np.ndarray:
    """Share of the change in each pixel that is taken for the edit, float32 (T, H, W) in 0..1.

    edited, rebuilt: float (T, H, W, 3) in 0..1, the model's result, and the source through the VAE. soft: the predicted
    region (T, H, W).
    """
    width = SMOOTH * edited.shape[2] / 96
    change = gaussian_filter(edited - rebuilt, (SMOOTH_TIME, width, width, 0), mode="nearest")
    size, region = 255 * np.abs(change).max(-1), soft > 0
    if region.mean() > WIDE:
        certain = 3 * min(FAINT_SHARE * float(np.median(size[region])), FAINT_MOST) + 1e-3
    else:
        strong = float(np.quantile(size[region], 0.95)) if region.any() else 0.0
        certain = float(np.clip(FAINT_PART * strong, FAINT_LEAST, FAINT))
    return _between(size, (certain / 3, certain))


def settled(source: np.ndarray, edited: np.ndarray, rebuilt: np.ndarray, sure: np.ndarray) -> np.ndarray:
    """The edit on the source, float32 (..., 3) about 0..1.

    source: uint8 (..., 3). edited, rebuilt: float (..., 3) in 0..1. sure: (...), see `certainty`.
    """
    lost = source / np.float32(255) - rebuilt
    # To the fourth: of a letter that is gone but for a trace, hardly a trace of the sharp edges comes back.
    result = edited + np.clip(_kept_detail(edited, rebuilt), 0, 1)[..., None] ** 4 * lost
    share = np.maximum(sure, _between(255 * np.abs(edited - rebuilt).max(-1), LARGE))[..., None]
    return source / np.float32(255) + share * (result - source / np.float32(255))


def _kept_detail(edited: np.ndarray, rebuilt: np.ndarray) -> np.ndarray:
    """Slope, (..., H, W), of the detail of one picture over that of the other around each pixel."""
    width = DETAIL * edited.shape[-2] / 96

    def smooth(picture: np.ndarray, channels: int) -> np.ndarray:
        around = (width, width) + (0,) * channels
        return gaussian_filter(picture, (0,) * (picture.ndim - len(around)) + around)

    after, before = (picture - smooth(picture, 1) for picture in (edited, rebuilt))
    both, own = (smooth((before * each).sum(-1), 0) for each in (after, before))
    least = np.float32((DETAIL_LEAST / 255) ** 2)
    return (both + least) / (own + least)


def _between(values: np.ndarray, ends: tuple[float, float]) -> np.ndarray:
    return np.clip((values - ends[0]) / (ends[1] - ends[0]), 0, 1).astype(np.float32)
