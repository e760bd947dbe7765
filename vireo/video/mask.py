"""A user's own edit region: a picture or a video, white where the edit may be."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy.ndimage import distance_transform_edt, label, maximum

from vireo.errors import InputError
from vireo.video.io import VideoInfo, VideoReader

FEATHER = 1.5
"""Width over which the edit fades out inside of the mask's border, pixels of a picture 96 wide; at most a third of the
way to the middle of each white part."""


@contextlib.contextmanager
def open_masks(path: str | Path, clip: VideoInfo) -> Iterator[Iterator[np.ndarray]]:
    """Gives soft masks, float32 (H, W) in 0..1, one for each frame of a clip; above 0 only where the mask is white.

    A picture serves for all frames; a video frame by frame, what it has beyond the clip's length is not read. White is
    what is brighter than half. Raises InputError where the size is not the clip's, a picture is black everywhere, or a
    video of masks ends before the clip.
    """
    with VideoReader(path) as reader:
        info = reader.info
        if (info.width, info.height) != (clip.width, clip.height):
            raise InputError(
                f"the mask {path} is {info.width}x{info.height}, the clip {clip.width}x{clip.height}",
                "make the mask as large as the clip",
            )
        white = (frame.pixels.mean(-1) > 127.5 for frame in reader)
        yield _same(next(white), path) if info.still else _each(white, path)


def _same(white: np.ndarray, path: str | Path) -> Iterator[np.ndarray]:
    if not white.any():
        raise InputError(f"the mask {path} is black everywhere", "paint white what the edit may change")
    mask = _feathered(white)
    return itertools.repeat(mask)


def _each(frames: Iterator[np.ndarray], path: str | Path) -> Iterator[np.ndarray]:
    yield from map(_feathered, frames)
    raise InputError(f"the mask {path} has fewer frames than the clip", "give a mask for every frame, or a picture")


def _feathered(white: np.ndarray) -> np.ndarray:
    # A mask that covers the whole frame has no border to fade at.
    if white.all():
        return np.ones(white.shape, np.float32)
    depth = distance_transform_edt(white)
    parts, count = label(white)
    deepest = np.concatenate([[1.0], maximum(depth, parts, np.arange(1, count + 1))])
    width = np.clip(deepest / 3, 1, max(1.0, FEATHER * white.shape[1] / 96))
    return np.clip(depth / width[parts], 0, 1).astype(np.float32)
