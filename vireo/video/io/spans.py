"""Edits of a span: the picture's packets outside of the groups of pictures that it touches are copied as they are.

All packets of a stream share one header, so what is encoded anew has to be readable beside what is copied. Packets of
most codecs in `BESIDE` carry all that they need; for H.264 the header gets parameter sets of a number of their own.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.codec.context import Flags

from vireo.video.io.container import damage, open_source, picture_stream
from vireo.video.io.decoder import VideoInfo
from vireo.video.io.encoders import X264_PARAMS

BESIDE: dict[str, dict[str, str]] = {
    "h264": {"bf": "0", "x264-params": f"{X264_PARAMS}:sps-id=31:annexb=0"},
    "vp8": {},
    "vp9": {},
    "mjpeg": {},
    "prores": {},
}
"""Codecs of which new packets can stand among old ones, and the encoder's options that this takes."""

_UNTOLD = -(2**63)


def within(seconds: float, start: float | None, stop: float | None) -> bool:
    """Whether a time, counted from the first frame, is from `start` on and before `stop`; None is no bound."""
    return (start is None or start <= seconds) and (stop is None or seconds < stop)


@dataclass(frozen=True)
class Span:
    """Times of the picture, in units of its time base, that are encoded anew: from `begin` up to `end`, None for all
    that follow. dts: decoding times of the packets whose place is taken, ascending. missing: decoding times of the
    first packets, where the file does not say them."""

    begin: int
    end: int | None
    dts: tuple[int, ...]
    missing: tuple[int, ...]

    def touches(self, pts: int) -> bool:
        return self.begin <= pts and (self.end is None or pts < self.end)


def touched_span(
    source: Path, info: VideoInfo, target: str, codec: str, pix_fmt: str, start: float | None, stop: float | None
) -> Span | None:
    """The groups of pictures that hold the frames from `start` up to `stop` (seconds from the first frame); None where
    packets cannot be copied around them.

    target: FFmpeg's name of the output's container. codec, pix_fmt: what would be encoded. The source's packets are
    looked through once; none is decoded.
    """
    alike = codec == info.codec and codec in BESIDE and pix_fmt == info.pix_fmt and not (info.alpha or info.turned)
    # AVI and FLV have no place for decoding times like these; in a transport stream a packet is not a picture.
    if not alike or info.container == "mpegts" or target in ("avi", "flv"):
        return None
    with open_source(source) as container, damage(source):
        stream = picture_stream(container, source)
        header = stream.codec_context.extradata or b""
        if codec == "h264" and (header[:1] != b"\x01" or header[4] & 3 != 3):
            return None  # units after start codes, or after short lengths, which the encoder does not write
        times, order, keys, fresh = array("q"), array("q"), bytearray(), bytearray()
        for packet in container.demux(stream):
            if packet.size:
                if packet.pts is None or packet.is_discard:
                    return None
                times.append(packet.pts)
                order.append(_UNTOLD if packet.dts is None else packet.dts)
                keys.append(packet.is_keyframe)
                fresh.append(packet.is_keyframe and (codec != "h264" or _is_idr(packet)))
    return _around(info, np.array(times), np.array(order), np.array(keys), np.array(fresh), start, stop)


def _around(
    info: VideoInfo,
    pts: np.ndarray,
    dts: np.ndarray,
    keys: np.ndarray,
    fresh: np.ndarray,
    start: float | None,
    stop: float | None,
) -> Span | None:
    """All of the packets in decoding order. keys: whether decoding may begin there. fresh: whether it forgets there
    what was before, too, so that old packets can follow new ones."""
    if not len(pts) or pts.min() != info.first or (missing := _missing(dts)) is None:
        return None
    dts = np.concatenate([missing, dts[len(missing) :]]).astype(np.int64)
    if (np.diff(dts) <= 0).any() or (dts > pts).any():
        return None
    seconds = [within(float(int(t - info.first) * info.time_base), start, stop) for t in pts]
    wanted = pts[np.array(seconds)]
    if not len(wanted):
        return None
    # Before a cut nothing later is decoded, and after it nothing that is shown earlier.
    later = np.minimum.accumulate(pts[::-1])[::-1]
    earlier = np.concatenate([[_UNTOLD], np.maximum.accumulate(pts)[:-1]])
    closed = (later == pts) & (earlier < pts)
    begins = pts[closed & (keys > 0) & (pts <= wanted.min())]
    ends = pts[closed & (fresh > 0) & (pts > wanted.max())]
    if not len(begins) or (begins.max() == info.first and not len(ends)):
        return None
    begin, end = int(begins.max()), int(ends.min()) if len(ends) else None
    replaced = dts[(pts >= begin) & ((pts < end) if end is not None else True)]
    return Span(begin, end, tuple(replaced.tolist()), tuple(missing))


def _missing(dts: np.ndarray) -> list[int] | None:
    """Decoding times for the first packets, to which Matroska gives none; None where others lack theirs."""
    known = np.flatnonzero(dts != _UNTOLD)
    count = int(known[0]) if len(known) else 0
    if len(known) != len(dts) - count or (count and len(known) < 2):
        return None
    step = int(dts[count + 1] - dts[count]) if count else 0
    return [int(dts[count]) - (count - k) * step for k in range(count)]


def _is_idr(packet: av.Packet) -> bool:
    """Whether an H.264 picture, its units after their lengths, lets the decoder forget all before it (ITU-T H.264,
    7.4.1.2.4)."""
    data, at = bytes(packet), 0
    while at + 4 < len(data):
        if data[at + 4] & 31 == 5:
            return True
        at += 4 + int.from_bytes(data[at : at + 4], "big")
    return False


def joined_headers(old: bytes, new: bytes) -> bytes:
    """An H.264 header (AVCDecoderConfigurationRecord, ISO/IEC 14496-15) with the parameter sets of both."""
    (first, old_pictures), (second, new_pictures) = _sets(old, 5), _sets(new, 5)
    (third, rest), (fourth, _) = _sets(old, old_pictures), _sets(new, new_pictures)
    sequence, picture = [*first, *second], [*third, *fourth]
    parts = [bytes([0xE0 | len(sequence)]), *sequence, bytes([len(picture)]), *picture]
    return old[:5] + b"".join(parts) + old[rest:]


def _sets(header: bytes, at: int) -> tuple[list[bytes], int]:
    """The parameter sets, each after its length, whose number stands at a place; and the place after them."""
    count, at, found = header[at] & 31, at + 1, []
    for _ in range(count):
        end = at + 2 + int.from_bytes(header[at : at + 2], "big")
        found.append(header[at:end])
        at = end
    return found, at


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
        if self.encoder.codec.canonical_name == "h264":
            self.encoder.flags |= Flags.global_header
            self.encoder.open()
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
        """The first frame does it."""

    def wants(self, pts: int) -> bool:
        return True

    def encode(self, frame: av.VideoFrame) -> None:
        self._before(frame.pts * frame.time_base)
        self._target.mux(self._stream.encode(frame))

    def finish(self) -> None:
        self._target.mux(self._stream.encode(None))

    def close(self) -> None:
        """There is nothing to close."""
