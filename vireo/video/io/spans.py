"""Edits of a span: the picture's packets outside of the groups of pictures that it touches are copied as they are.

All packets of a stream share one header, so what is encoded anew has to be readable beside what is copied. The packets
of most of `BESIDE` carry all that they need; for H.264 the new ones bring parameter sets of their own number along.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av

from vireo.video.io.container import damage, open_source, picture_stream
from vireo.video.io.encoders import X264_PARAMS

BESIDE: dict[str, dict[str, str]] = {
    "h264": {"bf": "0", "x264-params": f"{X264_PARAMS}:sps-id=31"},
    "vp8": {},
    "vp9": {},
    "mjpeg": {},
    "prores": {},
}
"""Codecs of which new packets can stand among old ones, and the encoder's options that this takes."""


@dataclass(frozen=True)
class Span:
    """Times of the picture, in units of its time base, that are encoded anew: from `begin` up to `end`, None for all
    that follow. dts: decoding times of the packets whose place is taken, ascending. lengths: H.264 units come after
    their lengths (ISO/IEC 14496-15), not after start codes. missing: decoding times of the first packets, where the
    file does not say them."""

    begin: int
    end: int | None
    dts: tuple[int, ...]
    lengths: bool
    missing: tuple[int, ...]

    def options(self, codec: str) -> dict[str, str]:
        """Of the encoder."""
        options = dict(BESIDE[codec])
        if self.lengths:
            options["x264-params"] += ":annexb=0"
        return options

    def touches(self, pts: int) -> bool:
        return self.begin <= pts and (self.end is None or pts < self.end)


def touched_span(source: Path, start: float | None, stop: float | None) -> Span | None:
    """The groups of pictures that hold the frames from `start` up to `stop` (seconds from the first frame), or None
    where packets cannot be copied around them: there are none, or their times do not tell."""
    with open_source(source) as container, damage(source):
        stream = picture_stream(container, source)
        h264 = stream.codec_context.codec.canonical_name == "h264"
        header = stream.codec_context.extradata or b""
        lengths = h264 and header[:1] == b"\x01"
        if lengths and header[4] & 3 != 3:  # lengths of less than four bytes, which the encoder does not write
            return None
        found = []
        for packet in container.demux(stream):
            if packet.size:
                if packet.pts is None or packet.is_discard:
                    return None
                begins = packet.is_keyframe and (not h264 or _is_idr(packet, lengths))
                found.append((packet.pts, packet.dts, packet.is_keyframe, begins))
        times, missing = [packet[0] for packet in found], _missing([packet[1] for packet in found])
        if not found or missing is None:
            return None
        dts = [*missing, *(packet[1] for packet in found[len(missing) :])]
        unit, first = Fraction(stream.time_base), min(times)
        wanted = [t for t in times if _within(float((t - first) * unit), start, stop)]
        if not wanted:
            return None
        closed = set(_closed(times))
        begin = max((t for t, _, key, _ in found if key and t in closed and t <= min(wanted)), default=None)
        end = min((t for t, _, _, begins in found if begins and t in closed and t > max(wanted)), default=None)
        if begin is None or (begin == first and end is None):
            return None
        replaced = (at for at, pts in zip(dts, times, strict=True) if begin <= pts and (end is None or pts < end))
        return Span(begin, end, tuple(sorted(replaced)), lengths, tuple(missing))


def _within(seconds: float, start: float | None, stop: float | None) -> bool:
    return (start is None or start <= seconds) and (stop is None or seconds < stop)


def _is_idr(packet: av.Packet, lengths: bool) -> bool:
    """Whether an H.264 picture lets the decoder forget all before it (ITU-T H.264, 7.4.1.2.4), parameter sets too."""
    data = bytes(packet)
    if not lengths:
        return any(unit[:1] and unit[0] & 31 == 5 for unit in data.split(b"\0\0\1"))
    at = 0
    while at + 4 < len(data):
        if data[at + 4] & 31 == 5:
            return True
        at += 4 + int.from_bytes(data[at : at + 4], "big")
    return False


def _missing(dts: list[int | None]) -> list[int] | None:
    """Decoding times for the first packets, to which Matroska gives none; None where others lack theirs."""
    count = next((k for k, at in enumerate(dts) if at is not None), len(dts))
    known = dts[count:]
    if None in known or (count and len(known) < 2):
        return None
    return [known[0] - (count - k) * (known[1] - known[0]) for k in range(count)] if count else []


def _closed(times: list[int]) -> Iterator[int]:
    """Times before which nothing later is decoded, and after which nothing earlier; times: in decoding order."""
    least, following = times[-1], []
    for time in reversed(times):
        least = min(least, time)
        following.append(least)
    latest = None
    for time, least in zip(times, reversed(following), strict=True):
        if least == time and (latest is None or latest < time):
            yield time
        latest = time if latest is None else max(latest, time)


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
        with damage(self._source):
            for packet in self._old:
                if packet.dts is None:
                    packet.dts = next(self._missing)
                if not wanted(packet):
                    return  # the span's first, which is not needed
                if not self._span.touches(packet.pts):
                    self._mux(packet)

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

    def __init__(self, target: av.container.OutputContainer, stream: av.VideoStream) -> None:
        self._target, self._stream, self.encoder = target, stream, stream.codec_context

    def wants(self, pts: int) -> bool:
        return True

    def encode(self, frame: av.VideoFrame) -> None:
        self._target.mux(self._stream.encode(frame))

    def finish(self) -> None:
        self._target.mux(self._stream.encode(None))

    def close(self) -> None:
        """There is nothing to close."""
