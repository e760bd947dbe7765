"""A user's own edit region: a picture or a video, white where the edit may be."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy.ndimage import distance_transform_edt

from vireo.errors import InputError
from vireo.video.io import VideoInfo, VideoReader

FEATHER = 1.5
"""Width over which the edit fades out inside of the mask's border, pixels of a picture 96 wide."""


def read_masks(path: str | Path, clip: VideoInfo) -> Iterator[np.ndarray]:
    """Yields soft masks, float32 (H, W) in 0..1, one for each frame of a clip; above 0 only where the mask is white.

    A picture serves for all frames, a video frame by frame. White is what is brighter than half. Raises InputError
    where the size is not the clip's, nothing is white, or a video of masks ends before the clip.
    """
    with VideoReader(path) as reader:
        info = reader.info
        if (info.width, info.height) != (clip.width, clip.height):
            raise InputError(
                f"the mask {path} is {info.width}x{info.height}, the clip {clip.width}x{clip.height}",
                "make the mask as large as the clip",
            )
        white = (frame.pixels.mean(-1) > 127.5 for frame in reader)
        if info.still:
            mask = _feathered(next(white))
            if not mask.any():
                raise InputError(f"the mask {path} is black everywhere", "paint white what the edit may change")
            while True:
                yield mask
        yield from map(_feathered, white)
        raise InputError(f"the mask {path} has fewer frames than the clip", "give a mask for every frame, or a picture")


def _feathered(white: np.ndarray) -> np.ndarray:
    width = max(1.0, FEATHER * white.shape[1] / 96)
    # A mask that covers the whole frame has no border to fade at.
    if white.all():
        return np.ones(white.shape, np.float32)
    return np.clip(distance_transform_edt(white) / width, 0, 1).astype(np.float32)
