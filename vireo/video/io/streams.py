"""The picture stream of an output: all of it encoded, or a span of it among copied packets."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
from av.codec.context import Flags

from vireo.video.io.avc import joined_headers
from vireo.video.io.container import damage, open_source, picture_stream
from vireo.video.io.encoders import open_encoder
from vireo.video.io.smart_render import Span


class SpanStream:
    """The picture stream of an output: the packets of `source` up to the span, what is encoded, the packets after it.

    encoder: for the span. before: is called with the time, in seconds, of each packet before that is written.
    """

    def __init__(
        self,
        source: Path,
        span: Span,
        target: av.container.OutputContainer,
        encoder: av.VideoCodecContext,
        before: Callable[[Fraction], None],
    ) -> None:
        self._span, self._target, self.encoder, self._before = span, target, encoder, before
        self._source, self._container = source, open_source(source)
        stream = picture_stream(self._container, source)
        self._stream = target.add_stream_from_template(stream)
        self._old = (packet for packet in self._container.demux(stream) if packet.size)
        self._times, self._missing = iter(span.dts), iter(span.missing)
        self._began = False

    def open(self) -> None:
        """Opens the encoder, all of whose settings are made, and writes its header beside the old one."""
        h264 = self.encoder.codec.canonical_name == "h264"
        if h264:
            self.encoder.flags |= Flags.global_header
        open_encoder(self.encoder)
        if h264:
            context = self._stream.codec_context
            context.extradata = joined_headers(context.extradata, self.encoder.extradata)

    def wants(self, pts: int) -> bool:
        """Whether the frame of this time is to be encoded."""
        return self._span.touches(pts)

    def encode(self, frame: av.VideoFrame) -> None:
        """Appends a frame of the span; frames come in the order of their times."""
        if not self._began:
            self._copy(lambda packet: packet.pts < self._span.begin)
            self._began = True
        self._put(self.encoder.encode(frame))

    def finish(self) -> None:
        self._put(self.encoder.encode(None))
        self._copy(lambda packet: True)

    def close(self) -> None:
        self._container.close()

    def _copy(self, wanted: Callable[[av.Packet], bool]) -> None:
        """Copies packets as long as they are wanted; those of the span are passed over."""
        while (packet := self._next()) is not None and wanted(packet):  # the span's first is not needed
            if not self._span.touches(packet.pts):
                self._mux(packet)

    def _next(self) -> av.Packet | None:
        with damage(self._source):
            packet = next(self._old, None)
        if packet is not None and packet.dts is None:
            packet.dts = next(self._missing)
        return packet

    def _put(self, packets: list[av.Packet]) -> None:
        for packet in packets:
            # The encoder keeps the order of the frames, so the old decoding times, in order, fit the new packets.
            packet.dts = next(self._times, packet.pts)
            self._mux(packet)

    def _mux(self, packet: av.Packet) -> None:
        self._before(packet.dts * packet.time_base)
        packet.stream = self._stream
        self._target.mux_one(packet)


class WholeStream:
    """The picture stream of an output all of which is encoded; the same surface as `SpanStream`."""

    def __init__(
        self, target: av.container.OutputContainer, stream: av.VideoStream, before: Callable[[Fraction], None]
    ) -> None:
        self._target, self._stream, self._before = target, stream, before
        self.encoder = stream.codec_context

    def open(self) -> None:
        """Opens the encoder, all of whose settings are made."""
        open_encoder(self.encoder)

    def wants(self, pts: int) -> bool:
        return True

    def encode(self, frame: av.VideoFrame) -> None:
        self._before(frame.pts * frame.time_base)
        self._target.mux(self._stream.encode(frame))

    def finish(self) -> None:
        self._target.mux(self._stream.encode(None))

    def close(self) -> None:
        """There is nothing to close."""
