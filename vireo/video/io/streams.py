"""The video stream of an output: encoded from end to end, or encoded within a span and copied around it."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

from av import Packet
from av.codec.context import Flags
from av.container import OutputContainer
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType, VideoFrame
from av.video.stream import VideoStream

from vireo.video.io.avc import merge_headers
from vireo.video.io.container import open_source, readable_packets, video_stream
from vireo.video.io.encoders import open_encoder
from vireo.video.io.smart_render import ReencodedSpan


class EncodedStream:
    """A stream all of whose frames are encoded.

    encoder: to be configured before `open`. before_packet: called with the time of each packet, in seconds, before it
    is written.
    """

    def __init__(self, target: OutputContainer, stream: VideoStream, before_packet: Callable[[Fraction], None]) -> None:
        self._target, self._stream, self._before_packet = target, stream, before_packet
        self.encoder = stream.codec_context
        self._held: VideoFrame | None = None
        self._gap = 0

    def open(self) -> None:
        open_encoder(self.encoder)

    def reencodes(self, pts: int) -> bool:
        """Whether the frame with this time has to be handed to `encode`."""
        return True

    def encode(self, frame: VideoFrame) -> None:
        """Encodes a frame; frames come in display order. Each is held back until the next one comes."""
        assert frame.pts is not None
        if self._held is not None:
            assert self._held.pts is not None
            self._gap = frame.pts - self._held.pts
            self._mux_encoded(self._encoded(self._held))
        self._held = frame

    def finish(self) -> None:
        last = self._held
        if last is None:
            return
        if last.duration > self._gap:
            # Containers state how long the packet lasts that is decoded last: that has to be this one.
            last.pict_type = PictureType.I
        packets = [*self._encoded(last), *self.encoder.encode(None)]
        for packet in packets:
            if last.duration and packet.pts == last.pts:
                packet.duration = last.duration
        self._mux_encoded(packets)

    def close(self) -> None:
        """There is nothing to close."""

    def _encoded(self, frame: VideoFrame) -> list[Packet]:
        """The packets that a frame completes; its times are then in the encoder's time base."""
        assert frame.pts is not None
        assert frame.time_base is not None
        self._before_packet(frame.pts * frame.time_base)
        return self.encoder.encode(frame)

    def _mux_encoded(self, packets: list[Packet]) -> None:
        for packet in packets:
            packet.stream = self._stream
            self._target.mux_one(packet)


class SmartRenderedStream(EncodedStream):
    """Packets of `source` around the span, and between them those that `encoder` makes of the span's frames."""

    def __init__(
        self,
        source: Path,
        span: ReencodedSpan,
        target: OutputContainer,
        encoder: VideoCodecContext,
        before_packet: Callable[[Fraction], None],
    ) -> None:
        self._container, self._span = open_source(source), span
        stream = video_stream(self._container, source)
        super().__init__(target, target.add_stream_from_template(stream), before_packet)
        self.encoder = encoder
        self._source_packets = (packet for packet in readable_packets(self._container, stream) if packet.size)
        self._times, self._missing = iter(span.dts), iter(span.missing)
        self._began = False

    def open(self) -> None:
        """For H.264 adds the encoder's parameter sets to the header of the source."""
        h264 = self.encoder.codec.canonical_name == "h264"
        if h264:
            self.encoder.flags |= Flags.global_header
        super().open()
        if h264:
            context = self._stream.codec_context
            context.extradata = merge_headers(context.extradata or b"", self.encoder.extradata or b"")

    def reencodes(self, pts: int) -> bool:
        return self._span.touches(pts)

    def encode(self, frame: VideoFrame) -> None:
        if not self._began:
            self._copy(lambda pts: pts < self._span.begin)
            self._began = True
        super().encode(frame)

    def finish(self) -> None:
        super().finish()
        self._copy(lambda pts: True)

    def close(self) -> None:
        self._container.close()

    def _copy(self, wanted: Callable[[int], bool]) -> None:
        """Copies packets as long as their times are wanted; those of the span are passed over."""
        while (packet := self._next()) is not None:
            assert packet.pts is not None, "`find_reencoded_span` refuses such files"
            if not wanted(packet.pts):  # the span's first, which is not needed
                return
            if not self._span.touches(packet.pts):
                self._mux(packet)

    def _next(self) -> Packet | None:
        packet = next(self._source_packets, None)
        if packet is not None and packet.dts is None:
            packet.dts = next(self._missing)
        return packet

    def _mux_encoded(self, packets: list[Packet]) -> None:
        for packet in packets:
            # Without B-frames packets come in display order, so they take the replaced decoding times in turn.
            packet.dts = next(self._times, packet.pts)
            self._mux(packet)

    def _mux(self, packet: Packet) -> None:
        assert packet.dts is not None, "given by `_next` or `_mux_encoded`"
        self._before_packet(packet.dts * packet.time_base)
        packet.stream = self._stream
        self._target.mux_one(packet)
