"""What a file holds beside its video stream, copied packet by packet: sound, subtitles, cover art, attachments,
chapters, tags."""

from fractions import Fraction
from pathlib import Path

import av
from av.container import OutputContainer
from av.container.core import Container
from av.stream import AttachmentStream, Discard, Stream

from vireo.errors import VideoError
from vireo.video.io.container import open_source, readable_packets, video_stream
from vireo.video.io.encoders import UNLISTED_CODECS

_FILE_TAGS = {
    *("major_brand", "minor_version", "compatible_brands", "encoder", "vendor_id", "alpha_mode", "rotate"),
    *("duration", "bps", "number_of_frames", "number_of_bytes", "software"),
}
"""Tags that describe the source file, not its content."""

_COMMON_TAGS = {"title", "artist", "album", "date", "comment", "genre", "copyright", "location", "creation_time"}
_MP4_TAGS = _COMMON_TAGS | {
    *("album_artist", "composer", "description", "synopsis", "lyrics", "keywords", "grouping", "show", "network"),
    *("episode_id", "episode_sort", "season_number", "track", "disc", "compilation", "media_type", "hd_video"),
    "gapless_playback",
}
_PLAIN_TAGS = {"mp4": _MP4_TAGS, "ipod": _MP4_TAGS, "mov": _COMMON_TAGS | {"make", "model"}}
"""By FFmpeg's name of the container: tags that have a place of their own. Others are written as QuickTime's keys, which
are written instead of these places and of cover art."""

_TRACK_TAGS = ("handler_name", "creation_time")
"""Tags of tracks that say nothing of their own."""

_MAX_TIMECODE_RATE = 255
"""Frames a second above which FFmpeg refuses a whole file for its timecode."""

_COVER_ART_CONTAINERS = ("mp4", "mov", "ipod")
"""Containers in which FFmpeg writes a picture stream as cover art."""


class Passthrough:
    """Copies sound, and what else `target` can hold, from `source`: the same packets at the same times.

    left_out: descriptions of streams that are not copied, but for those that follow from tags and chapters. The source
    is opened a second time, so that memory stays constant however its streams interleave. suffix: of the target, for
    errors. Raises VideoError where the target holds sound but not in the source's codec; containers without any sound
    leave it out.
    """

    def __init__(self, source: Path, target: OutputContainer, suffix: str) -> None:
        self._path, self._target = source, target
        self._container = open_source(source)
        left, self._copies = [], {}
        try:
            edited = video_stream(self._container, source)
            attached = []
            # FFmpeg counts timecodes by the stated rate, which copied packets (smart rendering) come without.
            self._timed = 0 < (target.streams.video[0].average_rate or 0) <= _MAX_TIMECODE_RATE
            target.streams[0].metadata.update(self._content_tags(edited.metadata))
            target.metadata.update(self._content_tags(self._container.metadata))
            if not self._timed and any(
                "timecode" in key.lower() for key in {**edited.metadata, **self._container.metadata}
            ):
                left.append("timecode")
            for stream in self._container.streams:
                if stream.index == edited.index or _is_rewritten(stream):
                    continue
                if target.format.name == "matroska" and _is_attached(stream):
                    attached.append(stream)
                elif self._can_copy(stream, suffix):
                    copy = self._copies[stream.index] = target.add_stream_from_template(stream)
                    copy.metadata.update(self._content_tags(stream.metadata))
                    copy.disposition = stream.disposition
                else:
                    left.append(_describe(stream))
            for stream in attached:  # after all tracks, as in the file
                self._attach(stream)
        except BaseException:
            self._container.close()
            raise
        self._wanted = [dict(tags) for tags in (target.metadata, *_stream_tags(target))]
        name, with_art = target.format.name, any(copy.type == "video" for copy in self._copies.values())
        if name in _PLAIN_TAGS and not with_art and not {key.lower() for key in target.metadata} <= _PLAIN_TAGS[name]:
            target.options["movflags"] = target.options.get("movflags", "") + "+use_metadata_tags"
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

    def _content_tags(self, tags: dict[str, str]) -> dict[str, str]:
        """Of tags those that speak of the content and can be written."""
        passed = _FILE_TAGS if self._timed else _FILE_TAGS | {"timecode"}
        return {
            "title" if key == "name" else key: value  # QuickTime calls the title of a track its name
            for key, value in tags.items()
            # Matroska has BPS-eng and such; QuickTime's are given a second time with their language.
            if (base := key.partition("-")[0]).lower() not in passed and not key.startswith("_")
            if key == base or tags.get(base) != value
        }

    def lost_tags(self, path: Path) -> tuple[str, ...]:
        """Says which tags the finished target at `path` does not hold, as (), or one line for all."""
        if not any(self._wanted):
            return ()
        try:
            with open_source(path) as made:
                held = [made.metadata, *_stream_tags(made)]
        except VideoError:  # a format that is written here and not read
            return ("perhaps tags",)
        lost: dict[str, None] = {}
        for wanted, found in zip(self._wanted, held, strict=False):
            values = {key.lower(): value for key, value in found.items()}
            for key, value in wanted.items():
                if not _is_held(key.lower(), value, values):
                    lost[key] = None
        return (f"tags: {', '.join(lost)}",) if lost else ()

    def _attach(self, stream: Stream) -> None:
        """Writes a file or a picture of the source as an attachment of Matroska."""
        if isinstance(stream, AttachmentStream):
            data = stream.data
        else:
            with open_source(self._path) as container:
                packets = readable_packets(container, container.streams[stream.index])
                data = next((bytes(packet) for packet in packets if packet.size), b"")
        kind = "jpeg" if stream.codec_context is None else stream.codec_context.codec.canonical_name
        kind = {"mjpeg": "jpeg"}.get(kind, kind)
        name = stream.metadata.get("filename", f"cover.{'jpg' if kind == 'jpeg' else kind}")
        self._target.add_attachment(name, stream.metadata.get("mimetype", f"image/{kind}"), data)

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
        return (
            stream.type == "video"
            and _is_attached(stream)
            and any(part in _COVER_ART_CONTAINERS for part in name.split(","))
            and codec in self._target.supported_codecs
        )


def _is_attached(stream: Stream) -> bool:
    """Whether a stream is one file or picture that goes with the whole clip."""
    return stream.type == "attachment" or bool(
        stream.type == "video" and stream.disposition & stream.disposition.attached_pic
    )


def _is_rewritten(stream: Stream) -> bool:
    """Whether a stream is one of QuickTime's for timecodes or titles of chapters, which are written from the tags of
    the picture and the chapters."""
    return stream.type == "data" and ("timecode" in stream.metadata or stream.discard == Discard.all)


def _stream_tags(container: Container) -> list[dict[str, str]]:
    """Of each track, in order."""
    return [
        {key: value for key, value in stream.metadata.items() if key.lower() not in _TRACK_TAGS}
        for stream in container.streams
        if stream.type in ("video", "audio", "subtitle") and not _is_attached(stream)
    ]


def _is_held(key: str, value: str, tags: dict[str, str]) -> bool:
    """Whether the tags of a file, with small letters, hold one; languages and times are spelt in several ways."""
    if key in ("language", "creation_time"):
        return key in tags or value == "und"
    return value == tags.get(key) or (key == "title" and value == tags.get("name"))


def _describe(stream: Stream) -> str:
    kind = {"video": "picture", "audio": "sound"}.get(stream.type, stream.type)
    name = getattr(stream, "name", None) if stream.codec_context is None else stream.codec_context.codec.canonical_name
    return f"stream {stream.index}: {kind}" + (f" ({name})" if name else "")
