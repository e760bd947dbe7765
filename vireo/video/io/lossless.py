"""Lossless clips for the studio and for tests."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.codec.context import Flags
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange

from vireo.runtime import whole_file


def write_lossless(path: str | Path, frames: np.ndarray, fps: Fraction | float, gray: bool = False) -> None:
    """Writes a clip bit-exactly as FFV1 level 3 in Matroska; the same frames give the same bytes.

    frames: uint8 (T, H, W, 3) RGB, or (T, H, W) where `gray`. The file appears whole or not at all and
    replaces an older one.
    """
    frames = np.asarray(frames)
    assert frames.dtype == np.uint8, frames.dtype
    assert frames.ndim == (3 if gray else 4), frames.shape
    assert len(frames), "a clip has at least one frame"
    rate = Fraction(fps).limit_denominator(1001)
    options = {"level": "3", "coder": "1", "context": "0", "g": "1", "slicecrc": "1"}
    with (
        whole_file(Path(path)) as temporary,
        # Matroska draws random identifiers unless it is told to be bit-exact.
        av.open(str(temporary), "w", format="matroska", options={"fflags": "+bitexact"}) as container,
    ):
        stream = container.add_stream("ffv1", rate=rate, options=options)
        stream.width, stream.height = frames.shape[2], frames.shape[1]
        stream.pix_fmt = "gray" if gray else "bgr0"
        context = stream.codec_context
        # The number of slices, and so the bytes, follow the number of threads.
        context.thread_count = 1
        context.flags |= Flags.bitexact
        context.color_range = ColorRange.JPEG
        for index, pixels in enumerate(frames):
            frame = VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="gray" if gray else "rgb24")
            if not gray:
                frame = frame.reformat(format="bgr0", threads=1)
            frame.color_range = ColorRange.JPEG
            frame.pts, frame.time_base = index, 1 / rate
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
