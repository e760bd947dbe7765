"""Opening video files, with one clear `VideoError` for each thing that can be wrong with them."""

import contextlib
import errno
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
from av import logging
from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.stream import Stream

from vireo.errors import VideoError
from vireo.video.io.layout import is_truncated

logging.set_level(logging.PANIC)

MAX_PIXELS = 2**27
"""Largest frame that is decoded; a header that claims more is refused before any memory is spent."""

FORMATS = (
    *("mov", "mp4", "matroska", "webm", "avi", "mpegts", "mpeg", "mpegvideo", "ogg", "flv", "asf", "mxf", "nut", "dv"),
    *("ivf", "yuv4mpegpipe", "h264", "hevc", "vvc", "av1", "obu", "m4v", "mjpeg", "rm", "wav", "mp3", "flac", "aac"),
    *("gif", "apng", "png_pipe", "jpeg_pipe", "bmp_pipe", "tiff_pipe", "webp_pipe", "qoi_pipe", "exr_pipe", "dpx_pipe"),
    *("pbm_pipe", "pgm_pipe", "ppm_pipe", "j2k_pipe", "jpegls_pipe", "jpegxl_pipe"),
)
"""FFmpeg's names of the demuxers that may open a file. Those that open further files or connections (playlists, concat
scripts, picture sequences, stream descriptions) are left out."""

_IMAGE_DEMUXERS = {
    b"\xff\xd8\xff": "jpeg_pipe",
    b"BM": "bmp_pipe",
    b"II*\x00": "tiff_pipe",
    b"MM\x00*": "tiff_pipe",
}
"""Demuxers of single images by their first bytes. Left to itself, FFmpeg takes some names for image sequences."""

_LIMITS = {"protocol_whitelist": "file", "format_whitelist": ",".join(FORMATS)}


def open_source(path: Path) -> InputContainer:
    """Opens a file for reading, without following references to others. Raises VideoError where it is missing, a
    folder, empty, unreadable, or of a format that is not in FORMATS."""
    try:
        if path.is_dir():
            raise VideoError(f"{path} is a folder", "name a video file")
        if path.exists() and not path.is_file():
            raise VideoError(f"{path} is no regular file", "name a video file")
        if path.stat().st_size == 0:
            raise VideoError(f"{path} is empty", "give a video file")
        if is_truncated(path):
            raise VideoError(f"{path} is truncated: it ends early", "give an undamaged file")
        name, demuxer = str(path.absolute()), _image_demuxer(path)
        # Tags may be in any encoding.
        return av.open(name, format=demuxer, options=dict(_LIMITS), metadata_errors="replace")
    except FileNotFoundError:
        raise VideoError(f"{path} does not exist", "check the path") from None
    except PermissionError:
        raise VideoError(f"{path} may not be read", "check its permissions") from None
    except (FFmpegError, OSError, ValueError) as error:
        _refuse_size(path, error)
        if "not on whitelist" in str(error):
            hint = "give the video itself: playlists, scripts and picture sequences are not followed"
            raise VideoError(f"{path} is no video file", hint) from None
        raise VideoError(
            f"{path} cannot be read as a video: {error_text(error)}", "give an undamaged video file"
        ) from None


def _image_demuxer(path: Path) -> str | None:
    """The demuxer of a single image; None where FFmpeg may probe for it."""
    with path.open("rb") as file:
        start = file.read(4096)
    if path.suffix.lower() in (".mjpg", ".mjpeg"):
        return None
    if start.startswith(b"\x89PNG"):
        return "apng" if b"acTL" in start else "png_pipe"
    return next((name for begin, name in _IMAGE_DEMUXERS.items() if start.startswith(begin)), None)


def video_stream(container: InputContainer, path: Path) -> av.VideoStream:
    """The first video stream that is not cover art. Raises VideoError where none is usable."""
    streams = [stream for stream in container.streams.video if stream.codec_context is not None]
    moving = [stream for stream in streams if not stream.disposition & stream.disposition.attached_pic]
    if not moving and container.streams.audio:
        raise VideoError(f"{path} holds sound but no video", "give a file with a picture")
    if not moving:
        raise VideoError(f"{path} holds no video", "give a file with a picture")
    context = moving[0].codec_context
    if context.width <= 0 or context.height <= 0:
        raise VideoError(f"{path} is truncated or damaged: its picture has no size", "give an undamaged file")
    if context.width * context.height > MAX_PIXELS:
        size = f"{context.width}x{context.height}"
        raise VideoError(f"{path} claims frames of {size} pixels", f"give frames of up to {MAX_PIXELS} pixels")
    return moving[0]


def readable_packets(container: InputContainer, *streams: Stream) -> Iterator[Packet]:
    """The packets of streams up to where reading fails; that a file breaks off is told by what decodes it."""
    with contextlib.suppress(FFmpegError):
        yield from container.demux(streams)


def count_packets(path: Path) -> int:
    """How many packets a video has for its picture: as many as frames, or more. Decodes none."""
    with open_source(path) as container:
        packets = readable_packets(container, video_stream(container, path))
        return sum(packet.size > 0 and not packet.is_discard for packet in packets)


def last_duration(path: Path) -> Fraction:
    """Seconds for which the last frame of a video is shown; 0 where the file does not say. Decodes none."""
    with open_source(path) as container:
        stream = video_stream(container, path)
        times = ((packet.pts, packet.duration or 0) for packet in readable_packets(container, stream))
        return max((time for time in times if time[0] is not None), default=(0, 0))[1] * Fraction(stream.time_base or 1)


@contextlib.contextmanager
def read_errors(path: Path) -> Iterator[None]:
    """Turns FFmpeg's errors while reading `path` into a VideoError: the file is damaged."""
    try:
        yield
    except FFmpegError as error:
        _refuse_size(path, error)
        raise VideoError(f"{path} is truncated or damaged: {error_text(error)}", "give an undamaged file") from None


def _refuse_size(path: Path, error: Exception) -> None:
    if getattr(error, "errno", None) == errno.ENOMEM:
        what = f"{path} takes more memory to decode than is granted"
        raise VideoError(what, "give a smaller or an undamaged file") from None


def error_text(error: Exception) -> str:
    """The message of FFmpeg or the system, without the class and number that Python adds."""
    return (getattr(error, "strerror", None) or str(error)).lower()


@contextlib.contextmanager
def write_errors(path: Path) -> Iterator[None]:
    """Turns FFmpeg's and the system's errors while writing `path` into a VideoError."""
    try:
        yield
    except (FFmpegError, OSError) as error:
        raise VideoError(f"{path} cannot be written: {error_text(error)}", "choose another place or format") from None
