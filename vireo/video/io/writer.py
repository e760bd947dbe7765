"""A video file with the times and size of its source, and with what that holds beside the picture."""

import contextlib
import os
import tempfile
from fractions import Fraction
from pathlib import Path
from typing import Any, Self, cast

import av
import numpy as np
from av.codec.context import Flags
from av.container import OutputContainer
from av.error import FFmpegError
from av.video.codeccontext import VideoCodecContext
from av.video.format import VideoFormat
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange
from av.video.stream import VideoStream
from PIL import Image

from vireo.errors import VideoError
from vireo.runtime import whole_file
from vireo.video.io.background import WriteBehind, queue_depth
from vireo.video.io.colour import from_rgb, is_deep
from vireo.video.io.container import last_duration, write_errors
from vireo.video.io.decoder import TimedFrame, VideoInfo
from vireo.video.io.encoders import (
    ENCODERS,
    IMAGES,
    Quality,
    choose_alpha_format,
    choose_codec,
    choose_pix_fmt,
    loses_colour,
)
from vireo.video.io.fields import MARKABLE_CODECS, FieldMarker
from vireo.video.io.layout import has_index_first
from vireo.video.io.passthrough import Passthrough
from vireo.video.io.smart_render import MIXABLE_CODECS, find_reencoded_span
from vireo.video.io.streams import EncodedStream, SmartRenderedStream

_INDEX_FIRST = {
    suffix: {option: value}
    for option, value, suffixes in (
        ("movflags", "+faststart", (".mp4", ".m4v", ".mov")),
        ("cues_to_front", "1", (".mkv", ".webm")),
    )
    for suffix in suffixes
}
"""Muxers' options, by suffix, with which a file can be played while it loads."""


def refuse_output(output: str | Path, source: str | Path | None = None, overwrite: bool = False) -> None:
    """Raises VideoError where `output` must not or cannot be written: a folder, the source or another file that is
    read, an existing file unless `overwrite`, a missing or read-only folder, an impossible name."""
    output = Path(output)
    with write_errors(output):
        if output.is_dir():
            raise VideoError(f"{output} is a folder", "name a file, such as out.mp4")
        if not output.parent.is_dir():
            raise VideoError(f"the folder {output.parent} does not exist", "make it first")
        with contextlib.suppress(FileNotFoundError):
            found = output.stat()
            if source is not None and Path(source).exists() and os.path.samestat(found, Path(source).stat()):
                raise VideoError(f"{output} is read by the edit itself", "name another output")
            if not overwrite:
                raise VideoError(f"{output} exists", "name another output, or overwrite it with -y")
        with tempfile.TemporaryFile(dir=output.parent):
            pass


class VideoWriter:
    """Writes frames at the times of the source's, and copies its sound, subtitles, cover art, chapters and tags.

    left_out: descriptions of what does not come along; whole once the block has ended.

        with VideoReader(source) as reader, VideoWriter(output, reader.info, source=source) as writer:
            for frame in reader:
                writer.write(frame, edited_pixels)

    quality: where it leaves something open, the output follows the source as far as the container, chosen by the
    suffix of `path`, and this build of FFmpeg allow. span: bounds of the edit in seconds from the first frame, None for
    no bound; frames outside must be those of the source. Where the output has the source's codec, packets outside of
    the groups of pictures that the span touches are then copied. The file appears whole when the block ends, or, after
    an error, not at all.

    Raises VideoError where the output exists and not `overwrite`, or cannot be written.
    """

    def __init__(
        self,
        path: str | Path,
        info: VideoInfo,
        source: str | Path | None = None,
        overwrite: bool = False,
        quality: Quality = Quality(),
        span: tuple[float | None, float | None] = (None, None),
    ) -> None:
        self.path, self._info, self._quality = Path(path), info, quality
        quality.check()
        refuse_output(self.path, source, overwrite)
        self._image = self.path.suffix.lower() in IMAGES
        self._written, self._finished = 0, False
        self._passthrough: Passthrough | None = None
        self.left_out: tuple[str, ...] = ()
        self._alpha = self._deep = False
        with contextlib.ExitStack() as stack, write_errors(self.path):
            temporary = stack.enter_context(whole_file(self.path))
            self._container = self._open(temporary, None if source is None else Path(source))
            stack.callback(self._close)
            self._video = self._add_video(None if source is None else Path(source), span)
            stack.callback(self._video.close)
            if source is not None and not info.still and not self._image:
                self._passthrough = Passthrough(Path(source), self._container, self.path.suffix)
                self.left_out += self._passthrough.left_out
                stack.callback(self._passthrough.close)
            # A waiting frame is two: the source's and the edited one.
            self._encoding = WriteBehind(queue_depth(2 * 3 * info.height * info.width))
            stack.callback(self._encoding.close)
            self._stack = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        with self._stack:
            if error is not None:
                raise error
            if not self._written:
                raise VideoError(f"{self.path}: there is no frame to write", "give a clip with frames")
            self._encoding.finish()
            with write_errors(self.path):
                self._video.finish()
                if self._passthrough is not None:
                    self._passthrough.copy_until(None)
                self._container.close()
                self._finished = True
                if self._passthrough is not None:
                    self.left_out += self._passthrough.lost_tags(Path(self._container.name))

    @property
    def deep(self) -> bool:
        """Whether source and output have more than 8 bits a sample."""
        return self._deep

    def write(self, timing: TimedFrame, pixels: np.ndarray) -> None:
        """Appends a frame, uint8 RGB (height, width, 3), with the times and transparency of `timing` and, where source
        and output have more than 8 bits, its finer shades.

        It is encoded in a thread: it must not be changed afterwards, and an error of encoding is raised by a later call
        or at the end of the block."""
        assert pixels.shape == (self._info.height, self._info.width, 3), pixels.shape
        if self._image and self._written:
            raise VideoError(f"{self.path} holds one picture, the clip has more", "name the output .mp4")
        self._written += 1
        if not self._video.reencodes(timing.pts):
            assert pixels is timing.pixels or np.array_equal(pixels, timing.pixels), "a frame outside the span differs"
            return
        self._encoding.submit(self._encode, timing, pixels)

    def _encode(self, timing: TimedFrame, pixels: np.ndarray) -> None:
        pix_fmt = self._pix_fmt
        alpha = timing.alpha if self._alpha else None
        if pix_fmt == "pal8":
            frame = _palette_frame(pixels, alpha)
        else:
            if self._deep and timing.deep is not None:
                pixels, alpha = timing.restore_depth(pixels), None if alpha is None else np.uint16(257) * alpha
            frame = from_rgb(pixels if alpha is None else np.dstack([pixels, alpha]), pix_fmt, self._info.colour)
        frame.pts, frame.time_base, frame.duration = timing.pts, timing.time_base, timing.duration
        if self._mark_fields is not None:
            frame = self._mark_fields(frame)
        with write_errors(self.path):
            self._video.encode(frame)

    def _copy_passthrough(self, seconds: Fraction) -> None:
        """Copies the packets of other streams up to a time."""
        if self._passthrough is not None:
            self._passthrough.copy_until(seconds)

    def _close(self) -> None:
        """Closes an unfinished file, which is about to be removed; the error that led here is already raised."""
        if not self._finished:
            with contextlib.suppress(FFmpegError, OSError):
                self._container.close()

    def _open(self, temporary: Path, source: Path | None) -> OutputContainer:
        # Sound that starts before the picture (an AAC encoder's delay) must not push the picture later.
        options = {"fflags": "+bitexact", "avoid_negative_ts": "disabled"}
        suffix = self.path.suffix.lower()
        if source is not None and has_index_first(source):
            options |= _INDEX_FIRST.get(suffix, {})
        if source is not None and suffix in (".gif", ".apng") and (lasts := last_duration(source)):
            options |= {"last_delay": str(round(100 * lasts))} if suffix == ".gif" else {"final_delay": str(lasts)}
        if self._image:
            return av.open(str(temporary), "w", format="image2", options=options | {"update": "1"})
        try:
            return av.open(str(temporary), "w", options=options)
        except ValueError:
            raise VideoError(f"{self.path} has no suffix of a video format", "name the output .mp4 or .mkv") from None

    def _add_video(self, source: Path | None, bounds: tuple[float | None, float | None]) -> EncodedStream:
        info, container = self._info, self._container
        codec = choose_codec(container, self.path, info, self._quality)
        options = self._quality.options(codec)
        with_alpha = choose_alpha_format(codec, container.format.name, info, self._quality) if info.alpha else None
        self._alpha = with_alpha is not None
        if info.alpha and not self._alpha:
            self.left_out = ("transparency",)
        pix_fmt = with_alpha or choose_pix_fmt(codec, info, self._quality)
        self._pix_fmt, self._deep = pix_fmt, info.deep and is_deep(pix_fmt)
        if info.deep and not self._deep:
            self.left_out += ("shades finer than 8 bits",)
        if loses_colour(pix_fmt, info.pix_fmt):
            self.left_out += (f"colour samples ({info.pix_fmt} becomes {pix_fmt})",)
        self.left_out += info.side_data.left_out(codec)
        self._set_plays()
        self._mark_fields = None
        if info.first_field is not None:
            # H.264 codes a field of 4:2:0 in pairs of lines.
            if codec in MARKABLE_CODECS and (codec != "h264" or info.height % 4 == 0):
                self._mark_fields = FieldMarker(info.first_field)
                options["field_order"] = {"top": "tb", "bottom": "bt"}[info.first_field]
            else:
                self.left_out += ("interlacing",)
        span = None
        if source is not None and bounds != (None, None) and self._quality == Quality():
            span = find_reencoded_span(source, info, container.format.name, codec, pix_fmt, *bounds)
        encoder_name = ENCODERS[codec].name_for(pix_fmt)
        if source is None or span is None:
            options = info.side_data.encoder_options(options, codec)
            stream = cast(VideoStream, container.add_stream(encoder_name, rate=info.fps, options=options))
            video = EncodedStream(container, stream, self._copy_passthrough)
        else:
            encoder = cast(VideoCodecContext, av.CodecContext.create(encoder_name, "w"))
            options = info.side_data.encoder_options(options | MIXABLE_CODECS[codec], codec)
            encoder.framerate, encoder.options = info.fps, options
            video = SmartRenderedStream(source, span, container, encoder, self._copy_passthrough)
        self._configure(video.encoder, codec, pix_fmt)
        video.open()
        return video

    def _set_plays(self) -> None:
        """Has an animation play as often as the source."""
        plays, name = self._info.plays, self._container.format.name
        if plays is None or self._image:
            return
        if name not in ("gif", "apng", "webp"):
            self.left_out += ("how often it plays",) if plays != 1 else ()
            return
        if name == "gif":  # counts repetitions; -1 is none
            plays = plays and (plays - 1 or -1)
        self._container.container_options["plays" if name == "apng" else "loop"] = str(min(plays, 65535))

    def _configure(self, context: VideoCodecContext, codec: str, pix_fmt: str) -> None:
        info, container = self._info, self._container
        context.width, context.height, context.pix_fmt = info.width, info.height, pix_fmt
        context.flags |= Flags.bitexact
        if codec == "hevc" and container.format.name in ("mp4", "mov"):
            context.codec_tag = "hvc1"  # Apple's players refuse FFmpeg's default, hev1
        # AVI and MPEG-4 part 2 count frames at a fixed rate and cannot take fine time bases.
        fixed = container.format.name == "avi" or (codec == "mpeg4" and info.time_base.denominator > 65535)
        context.time_base = 1 / info.fps if fixed else info.time_base
        if container.format.name == "flv":
            # Its times are not negative, as those of reordered frames begin.
            context.max_b_frames = 0
        if self._mark_fields is not None:
            context.flags |= Flags.interlaced_dct | Flags.interlaced_me
        if info.aspect != 1:
            context.sample_aspect_ratio = info.aspect
        if not VideoFormat(pix_fmt).is_rgb and pix_fmt != "pal8":
            full = info.colour.full or pix_fmt.startswith("yuvj")
            context.color_range = ColorRange.JPEG if full else ColorRange.MPEG
            context.colorspace = info.colour.matrix
        context.color_primaries, context.color_trc = info.colour.primaries, info.colour.transfer


def _palette_frame(pixels: np.ndarray, alpha: np.ndarray | None) -> VideoFrame:
    """A frame of at most 256 colours: exact where it has no more, else by median cut. With alpha, one of them stands
    for transparent, since GIF has no partial transparency."""
    most = 256 if alpha is None else 255
    colours, indices = np.unique(pixels.reshape(-1, 3), axis=0, return_inverse=True)
    if len(colours) > most:
        image = Image.fromarray(pixels).quantize(most)
        colours = np.array(image.getpalette(), np.uint8).reshape(-1, 3)
        indices = np.asarray(image)
    palette = np.zeros((256, 4), np.uint8)
    palette[:most, 0] = 255
    palette[: len(colours), 1:] = colours
    indices = np.ascontiguousarray(indices.reshape(pixels.shape[:2]).astype(np.uint8))
    if alpha is not None:
        indices[alpha < 128] = 255
    # PyAV takes such a pair, though its types do not say so.
    return VideoFrame.from_ndarray(cast(Any, (indices, palette)), format="pal8")
