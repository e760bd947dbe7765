"""Reading videos: frames as a stream, decoded apart from this process."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Self

import numpy as np

from vireo.video.io.decoder import Decoder, TimedFrame, VideoInfo
from vireo.video.io.sandbox import Sandbox


class VideoReader:
    """Iterates once over the `TimedFrame`s of a file's first video stream (cover art is passed over).

        with VideoReader(path) as reader:
            for frame in reader: ...

    A child process opens and decodes the file, with limits on its memory and on the time of each frame, so that a
    damaged or hostile file ends in an error and not in a crash. trusted: decode in this process, which starts at
    once; for files that this program wrote itself. strict: damage is an error, and not passed over.

    damaged: numbers (from 0) of the frames so far that could not, or not wholly, be decoded. Where there is nothing of
    one, it repeats the frame before, so that count and times stay.

    Raises VideoError on opening where the file is missing, a folder, empty, truncated, no video or has no picture, and
    while iterating where decoding takes too long or too much memory, the size changes or, if `strict`, data is damaged.
    """

    def __init__(self, path: str | Path, *, trusted: bool = False, strict: bool = False) -> None:
        self.path = Path(path)
        self._source = Decoder(self.path, strict) if trusted else Sandbox(self.path, strict)
        self._count, self.damaged = 0, list[int]()

    @property
    def info(self) -> VideoInfo:
        return self._source.info

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._source.close()

    @property
    def ends_early(self) -> bool:
        """Whether reading broke off, as it turned out at the end of iterating, before the end of the file."""
        return self._source.ends_early

    def __iter__(self) -> Iterator[TimedFrame]:
        for frame in self._source:
            if frame.damaged:
                self.damaged.append(self._count)
            self._count += 1
            yield frame


@dataclass(frozen=True)
class Clip:
    """A whole video: frames, uint8 RGB (T, H, W, 3), full range, in display orientation, and their average rate."""

    frames: np.ndarray
    fps: Fraction


def read_clip(path: str | Path, max_frames: int | None = None, *, trusted: bool = False) -> Clip:
    """All frames of a video, or its first `max_frames`, in memory; an image file is a clip of one frame.

    trusted: as in `VideoReader`. Raises VideoError for everything that is not a readable video.
    """
    with VideoReader(path, trusted=trusted) as reader:
        frames = []
        for frame in reader:
            frames.append(frame.pixels)
            if len(frames) == max_frames:
                break
        return Clip(np.stack(frames), reader.info.fps)
