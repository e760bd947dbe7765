"""Where an edit is, and putting source and edit together there (issue 2, point 6: strict, soft, off).

Pure numpy and scipy, and shared by `vireo edit` and `vireo eval`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.ndimage import (
    binary_fill_holes,
    distance_transform_edt,
    gaussian_filter,
    label,
    uniform_filter,
)

Preserve = Literal["strict", "soft", "off"]
"""What becomes of the picture outside the region: every pixel kept | blended softly | taken as made."""


@dataclass(frozen=True)
class RegionSettings:
    """How a region is predicted. Lengths are in pixels of a picture 96 wide, levels in 1/255 of colour.

    smooth, smooth_time: deviation of the Gaussian that averages the change before it is judged (pixels,
        frames): model noise averages out, faint wide shadows stay.
    seed: an edit must somewhere change by this much. reach: from there it extends over all connected
        pixels that change by this much. Both are raised to the clip's own noise, times `seed_noise` and
        `reach_noise`, where that is higher.
    saturate: where the reach is judged, larger changes count as this, so that smoothing does not carry a
        strong change into its surroundings or into the frames before and after.
    rough: what the VAE cannot reproduce, the editor cannot either: this share of the local |S - R| is
        taken off the change.
    least: a connected part of fewer pixels (summed over all frames, in frames of 96x96) is a speck.
    grow: the region is widened by so much; feather: and falls from 1 to 0 over the outermost part of that.
    wide: where more than this share changes, little is left to measure noise in: `seed` and `reach` decide.
    whole: where more than this share of the picture changes, all of it is the region.
    """

    smooth: float = 1.2
    smooth_time: float = 0.7
    seed: float = 20.0
    reach: float = 4.0
    seed_noise: float = 6.0
    reach_noise: float = 2.25
    saturate: float = 24.0
    rough: float = 0.4
    least: int = 60
    grow: float = 4.0
    feather: float = 1.5
    wide: float = 0.35
    whole: float = 0.8


@dataclass(frozen=True)
class Region:
    """soft: float32 (T, H, W) in 0..1, the share of the edit in each pixel; exactly 0 outside."""

    soft: np.ndarray

    @property
    def support(self) -> np.ndarray:
        """bool (T, H, W): the pixels that the edit concerns."""
        return self.soft > 0

    def share(self, preserve: Preserve) -> np.ndarray:
        """Share of the edit in each pixel of the result, float32 (T, H, W) in 0..1; 0 where the source stays.

        strict: the region. soft: the region with its edge blurred once more. off: 1 everywhere.
        """
        if preserve == "off":
            return np.ones_like(self.soft)
        if preserve == "strict":
            return self.soft
        width = 2 * self.soft.shape[2] / 96
        return np.maximum(self.soft, gaussian_filter(self.soft, (0, width, width), mode="nearest"))


def predict_region(
    source: np.ndarray,
    edited: np.ndarray,
    rebuilt: np.ndarray,
    settings: RegionSettings = RegionSettings(),
) -> Region:
    """The pixels that an edit concerns, its shadow and reflection with it.

    source, edited, rebuilt: (T, H, W, 3), uint8 or float in 0..1: the clip, the model's result, and the clip
    through the VAE and back. Edited is compared with rebuilt, so that what the VAE loses is no change.
    All ones for an edit of the whole picture, all zeros where nothing but noise changed.
    """
    source, edited, rebuilt = (_levels(video) for video in (source, edited, rebuilt))
    scale = source.shape[2] / 96
    change = edited - rebuilt
    strong = _smoothed(change, settings.smooth * scale, 0) - settings.rough * _local_error(source - rebuilt, scale)
    size = np.abs(change).max(-1, keepdims=True)
    faint = change * np.minimum(1, settings.saturate / np.maximum(size, 1e-6))
    faint = _smoothed(faint, settings.smooth * scale, settings.smooth_time)
    # Most of the picture is unchanged in a local edit, so its quieter part is noise.
    noise = float(np.quantile(faint, 0.4))
    core = _core(faint, strong, noise, settings)
    if core.mean() > settings.wide:
        core = _core(faint, strong, 0.0, settings)
    if core.mean() > settings.whole:
        return Region(np.ones(core.shape, np.float32))
    return Region(_widened(core, settings.grow * scale, settings.feather * scale))


def composite(source: np.ndarray, edited: np.ndarray, region: Region, preserve: Preserve) -> np.ndarray:
    """Source and edit mixed as `Region.share` says; all of (T, H, W, 3), edited uint8 or float in 0..1.

    Returns uint8, bit-equal to the source wherever the share is 0.
    """
    assert source.dtype == np.uint8, source.dtype
    if preserve == "off":
        return to_uint8(edited)
    share = region.share(preserve)
    result = source.copy()
    for out, before, after, part in zip(result, source, edited, share, strict=True):
        rows, columns = np.flatnonzero(part.any(1)), np.flatnonzero(part.any(0))
        if not len(rows):
            continue
        box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
        weight = part[box][..., None]
        if weight.min() == 1:
            out[box] = to_uint8(after[box])
            continue
        mixed = before[box] + weight * (_levels(after[box]) - before[box])
        np.copyto(out[box], to_uint8(mixed / np.float32(255)), where=weight > 0)
    return result


def to_uint8(video: np.ndarray) -> np.ndarray:
    """Float in 0..1 to the nearest of 0..255; uint8 as it is."""
    if video.dtype == np.uint8:
        return video
    return np.clip(np.rint(video * 255), 0, 255).astype(np.uint8)


def _levels(video: np.ndarray) -> np.ndarray:
    return video.astype(np.float32) * (1 if video.dtype == np.uint8 else 255)


def _core(faint: np.ndarray, strong: np.ndarray, noise: float, settings: RegionSettings) -> np.ndarray:
    """bool (T, H, W): what changed for certain, and all that hangs together with it."""
    reach = min(max(settings.reach, settings.reach_noise * noise), settings.saturate / 2)
    seed = min(max(settings.seed, settings.seed_noise * noise), 2 * settings.seed)
    reached = (faint > reach) & (strong > reach)
    return _connected(reached, reached & (strong > seed), settings.least * (faint.shape[2] / 96) ** 2)


def _smoothed(change: np.ndarray, width: float, frames: float) -> np.ndarray:
    """Size of the locally averaged change, (T, H, W): of the colour channel where it is largest."""
    return np.abs(gaussian_filter(change, (frames, width, width, 0), mode="nearest")).max(-1)


def _local_error(error: np.ndarray, scale: float) -> np.ndarray:
    """Root mean square of an error over 5x5 pixels (at width 96) and 3 frames, (T, H, W)."""
    window = 2 * round(2 * scale) + 1
    mean = uniform_filter((error**2).mean(-1), (3, window, window), mode="nearest")
    # The running sums of the filter may fall below zero by rounding.
    return np.sqrt(np.maximum(mean, 0))


def _connected(reached: np.ndarray, seeds: np.ndarray, least: float) -> np.ndarray:
    """The parts of `reached`, connected in space and time, that hold a seed and are no specks; filled."""
    parts, count = label(reached, np.ones((3, 3, 3)))
    if count == 0:
        return reached
    sizes = np.bincount(parts.ravel(), minlength=count + 1)
    hit = np.bincount(parts[seeds], minlength=count + 1) > 0
    keep = hit & (sizes >= least)
    keep[0] = False
    return np.stack([binary_fill_holes(frame) for frame in keep[parts]])


def _widened(core: np.ndarray, grow: float, feather: float) -> np.ndarray:
    """1 in the core and up to `grow - feather` around it, then falling to 0 at `grow`; float32 (T, H, W)."""
    if not core.any():
        return np.zeros(core.shape, np.float32)
    soft = np.zeros(core.shape, np.float32)
    for frame, inside in zip(soft, core, strict=True):
        if inside.any():
            frame[:] = np.clip((grow - distance_transform_edt(~inside)) / feather, 0, 1)
    return soft
