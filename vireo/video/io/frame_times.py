"""When decoded frames are shown, and which frames of a damaged file are missing among them."""

import heapq
import math
from dataclasses import dataclass

from av.packet import Packet
from av.video.frame import VideoFrame


@dataclass(frozen=True, order=True)
class FrameTime:
    """Time and duration (0: not stated) of a frame in units of the stream's time base. damaged: whether its packet is
    damaged."""

    pts: int
    duration: int
    damaged: bool


_ONE_FRAME_A_PACKET = ("h264", "hevc", "vvc", "vp9", "av1", "mpeg2video", "mpeg4", "mjpeg", "prores", "dvvideo")
"""Codecs of which each packet gives one frame, but for second fields and packets of MPEG-4 without a picture."""

_MAX_EMPTY_MPEG4 = 8
"""Bytes of the longest packet of MPEG-4 without a picture: start code, coding type, time, and that nothing is coded."""


class FrameTimes:
    """Compares the packets that a decoder is given with the frames that come out.

    container, codec: FFmpeg's names. reorders: whether frames are shown in another order than they are stored. step:
    how long a frame is shown where nothing says so, in units of the time base.

    AVI stores no presentation times: where its frames are reordered, they take those of the packets in turn, as they
    come in the order in which they are shown. Broadcasts begin anywhere: nothing is missed before their first key
    frame. A frame is missing where its packet failed and, where each packet gives one, where later ones come without
    it: not all decoders report an error.
    """

    def __init__(self, container: str, codec: str, reorders: bool, step: int) -> None:
        self._in_turn = container == "avi" and reorders
        self._in_decoding_order, self._step, self._codec = "mp4" in container, step, codec
        self._broadcast = container in ("mpegts", "mpeg")
        self._one_to_one = codec in _ONE_FRAME_A_PACKET
        self._waiting: list[FrameTime] = []
        self._failed: set[int] = set()
        self._keys: dict[int | None, int] = {}
        self._reordered = False
        self._start: int | None = None
        self._latest: int | None = None
        self._last: int | None = None
        self._next = 0

    def give(self, packet: Packet, failed: bool) -> None:
        """Notes a packet that the decoder was given, and whether it failed to decode that."""
        pts = packet.dts if self._in_turn else packet.pts
        if not packet.size or pts is None:
            return
        if self._start is None and (packet.is_keyframe or not self._broadcast):
            self._start = pts
        if self._start is None or pts < self._start:
            return
        self._one_to_one &= self._codec != "mpeg4" or packet.size > _MAX_EMPTY_MPEG4
        self._reordered |= self._latest is not None and pts < self._latest
        self._latest = pts
        if packet.is_keyframe and self._in_turn:
            self._keys[packet.pts] = pts
        if failed:
            self._failed.add(pts)
        if not packet.is_discard:
            heapq.heappush(self._waiting, FrameTime(pts, packet.duration or 0, packet.is_corrupt))

    def take(self, frame: VideoFrame) -> tuple[list[FrameTime], FrameTime]:
        """The frames that are missing before a decoded one, and the time of that."""
        pts, duration, damaged = frame.pts, frame.duration or 0, frame.is_corrupt
        self._one_to_one &= not frame.interlaced_frame
        if self._in_turn:
            # What is stored before a key frame is shown before it.
            begin = self._keys.pop(frame.pts, -math.inf)
            times = (time.pts for time in self._waiting if time.pts >= begin and time.pts not in self._failed)
            pts = min(times, default=None)
        missing = [] if pts is None else self._missing(pts)
        if self._waiting and self._waiting[0].pts == pts:
            damaged |= heapq.heappop(self._waiting).damaged
        if self._in_decoding_order and self._reordered and pts != self._latest:
            duration = 0  # what MP4 states is the time up to the next frame in decoding order
        if pts is None or (self._last is not None and pts <= self._last):
            pts = self._next
        self._last, self._next = pts, pts + (frame.duration or self._step)
        return missing, FrameTime(pts, duration, damaged)

    def rest(self) -> list[FrameTime]:
        """The frames that are missing at the end."""
        return self._missing(math.inf)

    def _missing(self, until: float) -> list[FrameTime]:
        found = []
        while self._waiting and self._waiting[0].pts < until:
            time = heapq.heappop(self._waiting)
            if time.pts in self._failed or self._one_to_one:
                found.append(time)
        return [time for time in found if self._last is None or time.pts > self._last]
