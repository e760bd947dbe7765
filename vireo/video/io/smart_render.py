"""Smart rendering: only the groups of pictures that an edited span touches are encoded, other packets are copied.

All packets of a stream share one header, which has to fit copied and new packets alike. Packets of most codecs in
`MIXABLE_CODECS` are self-contained; for H.264, parameter sets with an identifier of their own are added to the header.
"""

from array import array
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vireo.video.io import avc
from vireo.video.io.container import open_source, readable_packets, video_stream
from vireo.video.io.decoder import VideoInfo
from vireo.video.io.encoders import X264_PARAMS

MIXABLE_CODECS: dict[str, dict[str, str]] = {
    "h264": {"bf": "0", "x264-params": f"{X264_PARAMS}:sps-id=31:annexb=0"},
    "vp8": {},
    "vp9": {},
    "mjpeg": {},
    "prores": {},
}
"""Codecs whose new packets can stand among copied ones, and the options that the encoder needs for it."""

_NO_TIME = -(2**63)


@dataclass(frozen=True)
class ReencodedSpan:
    """What is encoded: frames with presentation times from `begin` up to `end` (excluded; None: to the last frame).

    All times in units of the stream's time base. dts: decoding times of the replaced packets, ascending. missing:
    decoding times of the first packets of the file, where it does not state them.
    """

    begin: int
    end: int | None
    dts: tuple[int, ...]
    missing: tuple[int, ...]

    def touches(self, pts: int) -> bool:
        return self.begin <= pts and (self.end is None or pts < self.end)


def find_reencoded_span(
    source: Path, info: VideoInfo, target: str, codec: str, pix_fmt: str, start: float | None, stop: float | None
) -> ReencodedSpan | None:
    """The groups of pictures that hold the frames from `start` up to `stop` (seconds from the first frame); None where
    the packets around them cannot be copied.

    target: FFmpeg's name of the output's container. codec, pix_fmt: of the output. Reads all packets of the source
    and decodes none.
    """
    alike = (
        codec == info.codec and codec in MIXABLE_CODECS and pix_fmt == info.pix_fmt and not (info.alpha or info.rotated)
    )
    # AVI and FLV have no place for decoding times like these; in a transport stream a packet is not a picture.
    if not alike or info.container == "mpegts" or target in ("avi", "flv"):
        return None
    with open_source(source) as container:
        stream = video_stream(container, source)
        header = stream.codec_context.extradata or b""
        if codec == "h264" and not avc.has_length_prefixes(header):
            return None  # the encoder is told to write them so
        times, order, keys, clean = array("q"), array("q"), bytearray(), bytearray()
        for packet in readable_packets(container, stream):
            if packet.size:
                if packet.pts is None or packet.is_discard:
                    return None
                times.append(packet.pts)
                order.append(_NO_TIME if packet.dts is None else packet.dts)
                keys.append(packet.is_keyframe)
                clean.append(packet.is_keyframe and (codec != "h264" or avc.is_idr(bytes(packet))))
    return _span_around(info, np.array(times), np.array(order), np.array(keys), np.array(clean), start, stop)


def _span_around(
    info: VideoInfo,
    pts: np.ndarray,
    dts: np.ndarray,
    keys: np.ndarray,
    clean: np.ndarray,
    start: float | None,
    stop: float | None,
) -> ReencodedSpan | None:
    """Arrays have one entry a packet, in decoding order. keys: whether decoding can begin there. clean: whether, too,
    no later packet refers to an earlier one, so that copied packets can follow new ones."""
    if not len(pts) or pts.min() != info.first_pts or (missing := _missing_dts(dts)) is None:
        return None
    dts = np.concatenate([missing, dts[len(missing) :]]).astype(np.int64)
    if (np.diff(dts) <= 0).any() or (dts > pts).any():
        return None
    wanted = pts[np.array([info.within(int(time), start, stop) for time in pts])]
    if not len(wanted):
        return None
    # A cut is clean where all that is decoded before it is also shown before it, and the rest after it.
    later = np.minimum.accumulate(pts[::-1])[::-1]
    earlier = np.concatenate([[_NO_TIME], np.maximum.accumulate(pts)[:-1]])
    closed = (later == pts) & (earlier < pts)
    begins = pts[closed & (keys > 0) & (pts <= wanted.min())]
    ends = pts[closed & (clean > 0) & (pts > wanted.max())]
    if not len(begins) or (begins.max() == info.first_pts and not len(ends)):
        return None
    begin, end = int(begins.max()), int(ends.min()) if len(ends) else None
    replaced = dts[(pts >= begin) & ((pts < end) if end is not None else True)]
    return ReencodedSpan(begin, end, tuple(replaced.tolist()), tuple(missing))


def _missing_dts(dts: np.ndarray) -> list[int] | None:
    """Decoding times for the first packets, which Matroska does not store; None where later ones lack theirs, too."""
    known = np.flatnonzero(dts != _NO_TIME)
    count = int(known[0]) if len(known) else 0
    if len(known) != len(dts) - count or (count and len(known) < 2):
        return None
    step = int(dts[count + 1] - dts[count]) if count else 0
    return [int(dts[count]) - (count - k) * step for k in range(count)]
