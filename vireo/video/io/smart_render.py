"""Edits of a span: the picture's packets outside of the groups of pictures that it touches are copied as they are.

All packets of a stream share one header, so what is encoded anew has to be readable beside what is copied. Packets of
most codecs in `BESIDE` carry all that they need; for H.264 the header gets parameter sets of a number of their own.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vireo.video.io import avc
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
        if codec == "h264" and not avc.after_lengths(header):
            return None  # the encoder is told to write them so
        times, order, keys, fresh = array("q"), array("q"), bytearray(), bytearray()
        for packet in container.demux(stream):
            if packet.size:
                if packet.pts is None or packet.is_discard:
                    return None
                times.append(packet.pts)
                order.append(_UNTOLD if packet.dts is None else packet.dts)
                keys.append(packet.is_keyframe)
                fresh.append(packet.is_keyframe and (codec != "h264" or avc.is_idr(bytes(packet))))
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
    wanted = pts[np.array([info.within(int(time), start, stop) for time in pts])]
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
