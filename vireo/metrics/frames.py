"""Full-reference picture quality: PSNR and SSIM of uint8 videos."""

from __future__ import annotations

import math

import numpy as np
from scipy.ndimage import correlate1d

PSNR_CAP = 100.0
"""dB given to identical pictures, so that medians and JSON stay finite."""


def psnr(video: np.ndarray, reference: np.ndarray, where: np.ndarray | None = None) -> float | None:
    """Peak signal-to-noise ratio over all pixels and frames together, dB, at most PSNR_CAP.

    video, reference: uint8 (T, H, W, 3). where: bool (T, H, W), the pixels that count (all if None).
    Returns None where no pixel counts. Not to be confused with the mean of the frames' PSNRs.
    """
    assert video.shape == reference.shape, (video.shape, reference.shape)
    squared = (video.astype(np.float64) - reference.astype(np.float64)) ** 2
    if where is not None:
        squared = squared[where]
    if squared.size == 0:
        return None
    error = squared.mean()
    return PSNR_CAP if error == 0 else min(PSNR_CAP, 10 * math.log10(255.0**2 / error))


def ssim(video: np.ndarray, reference: np.ndarray) -> float:
    """Structural similarity (Wang et al. 2004), -1..1, the mean over frames, channels and pixels.

    uint8 (T, H, W, 3), at least 6 pixels high and wide. The usual setting: Gaussian window of 11 pixels
    and sigma 1.5, K1 = 0.01, K2 = 0.03, the picture mirrored at its borders as torchmetrics does.
    """
    assert video.shape == reference.shape, (video.shape, reference.shape)
    offsets = np.arange(-5, 6)
    window = np.exp(-((offsets / 1.5) ** 2) / 2)
    window /= window.sum()

    def local_mean(values: np.ndarray) -> np.ndarray:
        return correlate1d(correlate1d(values, window, axis=1, mode="mirror"), window, axis=2, mode="mirror")

    x, y = video.astype(np.float64), reference.astype(np.float64)
    mean_x, mean_y = local_mean(x), local_mean(y)
    variance_x = local_mean(x * x) - mean_x**2
    variance_y = local_mean(y * y) - mean_y**2
    covariance = local_mean(x * y) - mean_x * mean_y
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    luminance = (2 * mean_x * mean_y + c1) / (mean_x**2 + mean_y**2 + c1)
    structure = (2 * covariance + c2) / (variance_x + variance_y + c2)
    return float((luminance * structure).mean())
