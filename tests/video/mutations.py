"""Damaged copies of small files: bits flipped, cut anywhere, headers wiped, pieces moved."""

from __future__ import annotations

import av
import numpy as np
from odd_clips import MS, write

CLIPS = {
    "h264.mp4": {"count": 12, "sound": ["aac"], "options": {"bf": "2"}},
    "hevc.mkv": {"codec": "libx265", "options": {"x265-params": "log-level=none"}, "sound": ["libopus"], "base": MS},
    "vp9.webm": {"codec": "libvpx-vp9", "sound": ["libopus"], "base": MS},
    "av1.mp4": {"codec": "libsvtav1", "size": (64, 64), "options": {"preset": "11"}},
    "mjpeg.mov": {"codec": "mjpeg", "pix_fmt": "yuvj422p", "sound": ["pcm_s16le"]},
    "mpeg4.avi": {"codec": "mpeg4", "base": 40 * MS, "sound": ["libmp3lame"]},
    "prores.mov": {"codec": "prores_ks", "pix_fmt": "yuv422p10le", "count": 3},
    "ffv1.mkv": {"codec": "ffv1", "pix_fmt": "bgr0", "count": 3},
    "slow.gif": {"codec": "gif", "pix_fmt": "rgb8", "base": 10 * MS, "times": [0, 10, 11]},
    "transport.ts": {"sound": ["aac"]},
}


def make_all(folder):
    """The undamaged files, by name."""
    folder.mkdir(exist_ok=True)
    for name, what in CLIPS.items():
        write(folder / name, **what)
    return {name: (folder / name).read_bytes() for name in CLIPS}


def mutated(data: bytes, rng: np.random.Generator) -> bytes:
    out = np.frombuffer(data, np.uint8).copy()
    kind, size = rng.integers(6), len(out)
    # Headers are where damage does most; half of all damage goes there.
    reach = min(size, 2000) if rng.random() < 0.5 else size
    if kind == 0:
        for _ in range(int(2 ** rng.uniform(0, 7))):
            out[rng.integers(reach)] ^= 1 << rng.integers(8)
    elif kind == 1:
        out = out[: rng.integers(1, size)]
    elif kind == 2:
        start = rng.integers(reach)
        out[start : start + int(2 ** rng.uniform(1, 9))] = rng.choice([0, 255])
    elif kind == 3:
        start, length = rng.integers(reach), int(2 ** rng.uniform(1, 10))
        out[start : start + length] = rng.integers(0, 256, len(out[start : start + length]))
    elif kind == 4:
        start, length, to = rng.integers(size), int(2 ** rng.uniform(2, 11)), rng.integers(size)
        out = np.concatenate([out[:to], out[start : start + length], out[to:]])
    else:
        start = rng.integers(reach)
        out = np.concatenate([out[:start], out[start + int(2 ** rng.uniform(0, 10)) :]])
    return out.tobytes()


def spoil(path, number, first=5, count=115):
    """Spoils `count` bytes of a packet, counted in decoding order, from its byte `first` on; returns its number among
    those shown."""
    with av.open(str(path)) as file:
        packets = [(p.pos, p.size, p.pts, bytes(p)) for p in file.demux(file.streams.video[0]) if p.size]
    position, size, time, content = packets[number]
    data = bytearray(path.read_bytes())
    position = data.index(content[:100], max(0, position - 8))
    for at in range(position + first, position + min(size, first + count)):
        data[at] ^= 0x5A
    path.write_bytes(data)
    return sorted(packet[2] for packet in packets).index(time)
