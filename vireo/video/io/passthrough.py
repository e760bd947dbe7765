"""What a file holds beside its video stream, copied packet by packet: sound, subtitles, cover art, chapters, tags."""

from fractions import Fraction
from pathlib import Path

import av
from av.container import OutputContainer
from av.stream import Stream

from vireo.errors import VideoError
from vireo.video.io.container import open_source, readable_packets, video_stream
from vireo.video.io.encoders import UNLISTED_CODECS

_FILE_TAGS = {"major_brand", "minor_version", "compatible_brands", "encoder", "duration", "number_of_frames"}
"""Tags that describe the source file, not its content."""

_COVER_ART_CONTAINERS = ("mp4", "mov", "ipod")
"""Containers in which FFmpeg writes a picture stream as cover art."""


class Passthrough:
    """Copies sound, and what else `target` can hold, from `source`: the same packets at the same times.

    left_out: descriptions of streams that are not copied. The source is opened a second time, so that memory stays
    constant however its streams interleave. suffix: of the target, for errors. Raises VideoError where the target
    holds sound but not in the source's codec; containers without any sound leave it out.
    """

    def __init__(self, source: Path, target: OutputContainer, suffix: str) -> None:
        self._target = target
        self._container = open_source(source)
        left, self._copies = [], {}
        try:
            edited = video_stream(self._container, source).index
            for stream in self._container.streams:
                if stream.index == edited:
                    continue
                if self._can_copy(stream, suffix):
                    copy = self._copies[stream.index] = target.add_stream_from_template(stream)
                    copy.metadata.update(_content_tags(stream.metadata))
                    copy.disposition = stream.disposition
                else:
                    left.append(_describe(stream))
        except BaseException:
            self._container.close()
            raise
        target.metadata.update(_content_tags(self._container.metadata))
        if chapters := self._container.chapters():
            target.set_chapters(chapters)
        self.left_out = tuple(left)
        copied = (stream for stream in self._container.streams if stream.index in self._copies)
        self._packets = readable_packets(self._container, *copied)
        self._pending: av.Packet | None = None

    def copy_until(self, seconds: Fraction | None) -> None:
        """Copies packets with decoding times up to `seconds`, None for all that are left."""
        if not self._copies:
            return
        while (packet := self._pending or next(self._packets, None)) is not None:
            self._pending = None
            if not packet.size:
                # The demuxer's end-of-stream mark.
                continue
            if packet.dts is None:
                if packet.stream.type != "video":
                    continue
                packet.pts = packet.dts = 0  # cover art has no time
            if seconds is not None and packet.dts * packet.time_base > seconds:
                self._pending = packet
                return
            packet.stream = self._copies[packet.stream_index]
            self._target.mux_one(packet)

    def close(self) -> None:
        self._container.close()

    def _can_copy(self, stream: Stream, suffix: str) -> bool:
        name, context = self._target.format.name, stream.codec_context
        if context is None:
            return False
        codec = context.codec.canonical_name
        unlisted = name in UNLISTED_CODECS
        if stream.type == "audio":
            if self._target.default_audio_codec == "none":
                return False
            if not unlisted and codec not in self._target.supported_codecs:
                raise VideoError(f"{suffix} files cannot hold {codec} sound", "name the output .mkv")
            return True
        if stream.type == "subtitle":
            return codec in self._target.supported_codecs
        art = stream.type == "video" and bool(stream.disposition & stream.disposition.attached_pic)
        return (
            art
            and any(part in _COVER_ART_CONTAINERS for part in name.split(","))
            and codec in self._target.supported_codecs
        )


def _content_tags(tags: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in tags.items() if key.lower() not in _FILE_TAGS and not key.startswith("_")}


def _describe(stream: Stream) -> str:
    kind = {"video": "picture", "audio": "sound"}.get(stream.type, stream.type)
    codec = f" ({stream.codec_context.codec.canonical_name})" if stream.codec_context is not None else ""
    return f"stream {stream.index}: {kind}{codec}"
