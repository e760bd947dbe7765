"""Edit regions that the user gives: an image or a video, white where the edit may be."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import numpy as np
from scipy.ndimage import distance_transform_edt, label, maximum

from vireo.errors import InputError
from vireo.video.io import TimedFrame, VideoInfo, VideoReader, count_packets

FEATHER = 1 / 64
"""Width over which the edit fades out inside the mask's border, as a share of the square root of the frame's area; at
most a third of the way to the middle of each white part."""


def read_masks(reader: VideoReader, clip: VideoInfo) -> Iterator[np.ndarray]:
    """Soft masks, float32 (H, W) in 0..1, one for each frame of a clip; above 0 only where the mask is white.

    An image is the mask of all frames; of a video, each frame is that of one, and frames beyond the clip's length are
    not read. White is what is brighter than half, laid over black where it is transparent. Raises InputError where the
    size differs from the clip's, an image is black everywhere, or a video is shorter than the clip (see
    `check_length`).
    """
    path, info = reader.path, reader.info
    if (info.width, info.height) != (clip.width, clip.height):
        raise InputError(
            f"the mask {path} is {info.width}x{info.height}, the clip {clip.width}x{clip.height}",
            "make the mask as large as the clip",
        )
    white = (_white(frame) for frame in reader)
    return _repeated(next(white), path) if info.still else _per_frame(white, path)


def _white(frame: TimedFrame) -> np.ndarray:
    opacity = 1 if frame.alpha is None else frame.alpha / 255
    return frame.pixels.mean(-1) * opacity > 127.5


def check_length(mask: Path, clip: Path) -> None:
    """Raises InputError where a mask's video has fewer frames than a clip. Where it seems so by their packets, which
    may also hold none or be hidden, both are decoded."""
    with VideoReader(mask) as masks, VideoReader(clip) as frames:
        if masks.info.still or count_packets(mask) >= count_packets(clip):
            return
        count, wanted = (sum(1 for _ in reader) for reader in (masks, frames))
        if count < wanted:
            raise _too_short(mask, f"{count} frames, the clip {wanted}")


def _too_short(path: Path, counts: str) -> InputError:
    return InputError(f"the mask {path} has {counts}", "give a mask for every frame, or a picture")


def _repeated(white: np.ndarray, path: Path) -> Iterator[np.ndarray]:
    if not white.any():
        raise InputError(f"the mask {path} is black everywhere", "paint white what the edit may change")
    return itertools.repeat(_feather(white))


def _per_frame(frames: Iterator[np.ndarray], path: Path) -> Iterator[np.ndarray]:
    yield from map(_feather, frames)
    raise _too_short(path, "fewer frames than the clip")


def _feather(white: np.ndarray) -> np.ndarray:
    # A mask that covers the whole frame has no border to fade at.
    if white.all():
        return np.ones(white.shape, np.float32)
    depth = cast(np.ndarray, distance_transform_edt(white))
    parts, count = cast("tuple[np.ndarray, int]", label(white))
    deepest = np.concatenate([[1.0], maximum(depth, parts, np.arange(1, count + 1))])
    width = np.clip(deepest / 3, 1, max(1.0, FEATHER * white.size**0.5))
    return np.clip(depth / width[parts], 0, 1).astype(np.float32)
