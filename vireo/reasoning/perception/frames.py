"""The frames of a clip as they are given to a perception."""

from collections.abc import Iterable, Iterator

import numpy as np

from vireo.errors import InputError


def checked_frames(frames: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """The same frames; raises InputError at the first that is not uint8 (h, w, 3), or of another size than the rest."""
    shape = None
    for frame in frames:
        shape = shape or frame.shape
        if frame.shape != shape or frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3:
            what = f"a frame is {frame.dtype} {frame.shape}, the first one {shape}"
            raise InputError(what, "give frames uint8 (height, width, 3) of one size")
        yield frame
