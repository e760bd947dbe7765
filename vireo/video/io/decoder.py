"""Decoding in this process: frames of a video as a stream, with exact times."""

import errno
import itertools
import mmap
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.codec.context import ThreadType
from av.error import FFmpegError
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.format import VideoFormat
from av.video.frame import VideoFrame

from vireo.errors import VideoError
from vireo.runtime import available_cores
from vireo.video.io.colour import Colour, has_alpha, is_deep, is_rotated, swaps_axes, to_rgb
from vireo.video.io.container import open_source, read_errors, video_stream
from vireo.video.io.fields import Field, first_field
from vireo.video.io.frame_times import FrameTime, FrameTimes
from vireo.video.io.side_data import SideData

DEFAULT_FPS = Fraction(8)
"""For files that state no rate."""

MAX_THREADS = 4
"""Each decoding thread holds frames of its own; more cost memory and gain little."""


@dataclass(frozen=True, kw_only=True)
class VideoInfo:
    """Properties of a file's video stream.

    width, height: display size, after rotation. aspect: of one pixel, width / height. fps: average rate.
    frames: count stated by the file or estimated from its duration, None where neither is known.
    codec, pix_fmt, container: FFmpeg's names. alpha: pixels may be transparent. deep: samples have more than 8 bits.
    rotated: frames are stored rotated or flipped, with a display matrix. first_field: of two interlaced ones, as the
    first frame has them; None where that is progressive. first_pts: of the first frame. still: an image file.
    side_data: of the first frame. plays: how often an animation (GIF, APNG) plays, 0 for ever; None for other files.
    """

    width: int
    height: int
    aspect: Fraction
    fps: Fraction
    frames: int | None
    time_base: Fraction
    codec: str
    pix_fmt: str
    container: str
    colour: Colour
    alpha: bool
    deep: bool
    rotated: bool
    first_field: Field | None
    first_pts: int
    still: bool
    side_data: SideData
    plays: int | None

    @property
    def bits(self) -> int:
        """Bits of a sample."""
        return max(component.bits for component in VideoFormat(self.pix_fmt).components)

    def within(self, pts: int, start: float | None, stop: float | None) -> bool:
        """Whether a frame is shown from `start` on and before `stop`, seconds from the first; None is no bound."""
        seconds = float((pts - self.first_pts) * self.time_base)
        return (start is None or start <= seconds) and (stop is None or seconds < stop)


@dataclass(frozen=True)
class TimedFrame:
    """A decoded frame in display orientation.

    pixels: RGB, uint8 (H, W, 3), full range. pts, duration: presentation time and duration in units of `time_base`
    seconds; the duration is 0 where the file does not state it. alpha: uint8 (H, W), 255 where opaque; None where the
    file has none. deep: the pixels before rounding to 8 bits, uint16 (H, W, 3), where 65535 is 255; None where the
    file has no more than 8 bits. damaged: the frame could not, or not wholly, be decoded; where there is none of its
    own, the pixels are those of the frame before.
    """

    pixels: np.ndarray
    pts: int
    duration: int
    time_base: Fraction
    alpha: np.ndarray | None = None
    deep: np.ndarray | None = None
    damaged: bool = False

    @property
    def seconds(self) -> float:
        return float(self.pts * self.time_base)

    def restore_depth(self, pixels: np.ndarray) -> np.ndarray:
        """Adds to an edit of this frame, uint8 (H, W, 3), what `deep` has beyond 8 bits: uint16 (H, W, 3).

        Rounded to 8 bits the result is `pixels`; where these are unchanged it is `deep`. So gradients stay smooth.
        """
        assert self.deep is not None, "the source has no more than 8 bits"
        if pixels is self.pixels:
            return self.deep
        restored = self.deep + 257 * (pixels.astype(np.int32) - self.pixels)
        return restored.clip(0, 65535).astype(np.uint16)


_TO_8_BITS = ((np.arange(65536) + 128) // 257).astype(np.uint8)
"""Lookup table from 16 bits, rounded."""


def timed_frame(pixels: np.ndarray, time: FrameTime, time_base: Fraction) -> TimedFrame:
    """The frame of uint8 or uint16 RGB or RGBA pixels (H, W, 3 or 4)."""
    deep = None
    if pixels.dtype == np.uint16:
        deep, pixels = pixels[..., :3], _TO_8_BITS[pixels]
    alpha = pixels[..., 3] if pixels.shape[2] == 4 else None
    shown = np.ascontiguousarray(pixels[..., :3])
    return TimedFrame(shown, time.pts, time.duration, time_base, alpha, deep, time.damaged)


class Decoder:
    """Iterates once over the `TimedFrame`s of a file's first video stream; errors as `VideoReader` says.

    ends_early: whether reading broke off before the end.
    """

    def __init__(self, path: Path, strict: bool = False) -> None:
        self.path, self._strict, self.ends_early = path, strict, False
        self._container = open_source(self.path)
        try:
            self._stream = video_stream(self._container, self.path)
            self._time_base = Fraction(self._stream.time_base or 1)
            # With threads for frames an error would come some packets later, and frames after it might be lost.
            self._stream.codec_context.thread_type = ThreadType.SLICE
            self._stream.codec_context.thread_count = min(available_cores(), MAX_THREADS)
            self._decoding_context = self._open_alpha_decoder() or self._stream.codec_context
            frames = self._decode()
            first = next(frames, None)
            if first is None:
                raise VideoError(f"{self.path} has no frame that can be decoded", "give an undamaged file")
            self._frames = itertools.chain([first], frames)
        except BaseException:
            self._container.close()
            raise

    def close(self) -> None:
        self._container.close()

    def __iter__(self) -> Iterator[TimedFrame]:
        for pixels, time in self.raw_frames():
            yield timed_frame(pixels, time, self.info.time_base)

    def raw_frames(self) -> Iterator[tuple[np.ndarray, FrameTime]]:
        """Pixels and time of each frame. Pixels are RGB, or RGBA with `VideoInfo.alpha`, (H, W, 3 or 4), uint8, or
        uint16 with `VideoInfo.deep`. A frame that cannot be decoded has those of the one before (at the beginning: of
        the one after) it."""
        return self._frames

    def _decode(self) -> Iterator[tuple[np.ndarray, FrameTime]]:
        stream, pixels = self._stream, None
        step = max(1, round(1 / (Fraction(stream.average_rate or DEFAULT_FPS) * self._time_base)))
        context = stream.codec_context
        reorders = bool(context.has_b_frames)
        times = FrameTimes(self._container.format.name, context.codec.canonical_name, reorders, step)
        with read_errors(self.path):
            for packet in self._packets():
                frames = self._decoded(packet)
                times.give(packet, failed=frames is None)
                for frame in frames or ():
                    missing, time = times.take(frame)
                    if pixels is None:
                        self.info = self._describe(frame, (*missing, time)[0].pts)
                    made = to_rgb(frame, self.info.alpha, self.info.deep)
                    if made.shape[:2] != (self.info.height, self.info.width):
                        raise VideoError(f"{self.path} changes its size on the way", "give a video of one size")
                    self._refuse_damage(time.damaged or bool(missing))
                    for lost in missing:
                        yield made if pixels is None else pixels, replace(lost, damaged=True)
                    yield made, time
                    pixels = made
        if pixels is not None and (missing := times.rest()):
            self._refuse_damage(True)
            for lost in missing:
                yield pixels, replace(lost, damaged=True)

    def _packets(self) -> Iterator[Packet]:
        """The packets of the stream, the last of them empty; where reading fails, those before."""
        expected = len(self._stream.index_entries) if "mp4" in self._container.format.name else 0
        count = 0
        try:
            for packet in self._container.demux(self._stream):
                count += packet.size > 0
                if packet.size or packet.dts is None:  # AVI has empty ones for frames that were not recorded
                    yield packet
            self.ends_early = count < expected
        except FFmpegError:
            if self._strict or not count:
                raise
            self.ends_early = True
            yield Packet()
        self._refuse_damage(self.ends_early)

    def _decoded(self, packet: Packet) -> list[VideoFrame] | None:
        """The frames that a packet completes; None where it cannot be decoded."""
        self._refuse_damage(packet.is_corrupt)
        try:
            return self._decoding_context.decode(packet)
        except FFmpegError as error:
            if self._strict or error.errno == errno.ENOMEM:
                raise
            return None

    def _refuse_damage(self, found: bool) -> None:
        if found and self._strict:
            raise VideoError(f"{self.path} is truncated or damaged", "give an undamaged file")

    def _open_alpha_decoder(self) -> VideoCodecContext | None:
        """For VP8 and VP9 with transparency in WebM, which FFmpeg's native decoders drop; None for others."""
        names = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
        codec = self._stream.codec_context.codec.canonical_name
        if self._stream.metadata.get("alpha_mode") != "1" or codec not in names:
            return None
        return cast(VideoCodecContext, av.CodecContext.create(names[codec], "r"))

    @staticmethod
    def _is_transparent(frame: VideoFrame, sure: bool) -> bool:
        """Whether frames may be transparent. sure: an alpha channel means that they are. Else, and with palettes, the
        first frame's pixels decide, since images often have an alpha channel that is opaque everywhere."""
        palette = frame.format.name == "pal8"
        if not palette and (sure or not has_alpha(frame)):
            return has_alpha(frame)
        return bool((to_rgb(frame, alpha=True)[..., 3] < 255).any())

    def _describe(self, frame: VideoFrame, first_pts: int) -> VideoInfo:
        stream, context = self._stream, self._stream.codec_context
        fps = Fraction(stream.average_rate or stream.guessed_rate or DEFAULT_FPS)
        frames = stream.frames or None
        if frames and "mp4" in self._container.format.name:
            frames = sum(not entry.is_discard for entry in stream.index_entries)  # without those that edit lists hide
        if frames is None and stream.duration:
            frames = max(1, round(stream.duration * self._time_base * fps))
        elif frames is None and self._container.duration:
            frames = max(1, round(Fraction(self._container.duration, av.time_base) * fps))
        swap, aspect = swaps_axes(frame), Fraction(stream.sample_aspect_ratio or 1)
        decoded = context is not self._decoding_context
        pix_fmt = frame.format.name if decoded else context.pix_fmt or frame.format.name
        name = self._container.format.name
        still = name == "image2" or name.endswith("_pipe")
        return VideoInfo(
            width=frame.height if swap else frame.width,
            height=frame.width if swap else frame.height,
            aspect=1 / aspect if swap else aspect,
            fps=fps,
            frames=frames,
            time_base=self._time_base,
            codec=context.codec.canonical_name,
            pix_fmt=pix_fmt,
            container=name,
            colour=Colour.of(frame),
            alpha=self._is_transparent(frame, sure=not (still or name == "gif")),
            deep=is_deep(pix_fmt),
            rotated=is_rotated(frame),
            first_field=None if is_rotated(frame) else first_field(frame),
            first_pts=first_pts,
            still=still,
            side_data=SideData.of(frame),
            plays=_count_plays(self.path, name),
        )


def _count_plays(path: Path, demuxer: str) -> int | None:
    """How often an animation plays, which FFmpeg does not tell."""
    if demuxer not in ("gif", "apng"):
        return None
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if demuxer == "apng":
            at = data.find(b"acTL")
            return int.from_bytes(data[at + 8 : at + 12], "big")
        # The extension of GIF says how often it is repeated; without one it plays once.
        at = max(data.find(name + b"\x03\x01") for name in (b"NETSCAPE2.0", b"ANIMEXTS1.0"))
        repeats = int.from_bytes(data[at + 13 : at + 15], "little")
        return 1 if at < 0 else repeats and repeats + 1
