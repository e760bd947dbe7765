"""Audio packets of a source, copied as they are."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av

from vireo.errors import VideoError
from vireo.video.io.container import damage, open_source
from vireo.video.io.encoders import UNLISTED


class SoundCopy:
    """Copies all audio streams of `source` into `target`, packet by packet, bit-equal and with their times.

    The source is opened a second time, so that memory stays constant however its streams interleave.
    Raises VideoError where the target's container cannot hold the source's audio codec.
    """

    def __init__(self, source: Path, target: av.container.OutputContainer, suffix: str) -> None:
        self._path = source
        self._container = open_source(source)
        self._target = target
        streams = list(self._container.streams.audio)
        allowed = set() if target.format.name in UNLISTED else target.supported_codecs
        for stream in streams:
            codec = stream.codec_context.codec.canonical_name
            if allowed and codec not in allowed:
                self._container.close()
                raise VideoError(f"{suffix} files cannot hold {codec} sound", "name the output .mkv")
        self._copies = {stream.index: target.add_stream_from_template(stream) for stream in streams}
        self._packets = self._container.demux(streams)
        self._held: av.Packet | None = None

    def copy_until(self, seconds: Fraction | None) -> None:
        """Writes the packets that are due up to a time, or all that are left."""
        with damage(self._path):
            while (packet := self._held or next(self._packets, None)) is not None:
                self._held = None
                if packet.dts is None:
                    # The demuxer's end-of-stream mark holds no data.
                    continue
                if seconds is not None and packet.dts * packet.time_base > seconds:
                    self._held = packet
                    return
                packet.stream = self._copies[packet.stream_index]
                self._target.mux_one(packet)

    def close(self) -> None:
        self._container.close()
