"""Small files that claim enormous pictures, lengths or tables are refused at once, in little memory."""

import json
import struct
import subprocess
import sys
import zlib

import pytest
from odd_clips import write

SECONDS, MEMORY = 2.0, 2**30

SCRIPT = """
import json, os, resource, sys
from vireo.errors import VideoError
from vireo.video.io import VideoReader, VideoWriter
path = sys.argv[1]
began, said = sum(os.times()[:4]), None
try:
    with VideoReader(path) as reader, VideoWriter(path + ".mkv", reader.info, source=path) as writer:
        for frame in reader:
            writer.write(frame, frame.pixels)
except VideoError as error:
    said = str(error)
# Of processors, its child's included, so that a busy machine makes no difference.
spent = sum(os.times()[:4]) - began
# What this process was before it became this program does not count, as it would in getrusage.
own = int(open("/proc/self/status").read().split("VmHWM:")[1].split()[0])
peak = 1024 * max(own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
print(json.dumps([said, spent, peak]))
"""


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, rows, extra=b""):
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    # A stream of zeros shrinks a thousandfold.
    data = zlib.compress(bytes(rows * (3 * width + 1)), 9)
    return b"\x89PNG\r\n\x1a\n" + header + extra + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def box(kind, *parts):
    data = b"".join(parts)
    return struct.pack(">I4s", 8 + len(data), kind) + data


def tables(path, kind, count, entries):
    """A valid MP4 in which one sample table claims `count` entries."""
    write(path, count=12)
    data = path.read_bytes()
    at = data.index(kind) + 8 + (4 if kind == b"stsz" and entries is None else 0)
    if kind == b"stsz" and entries is not None:  # all samples of one size: no table at all
        data = data[:at] + struct.pack(">I", entries) + data[at + 4 :]
        at += 4
    return data[:at] + struct.pack(">I", count) + data[at + 4 :]


def element(kind, data, size=None):
    size = len(data) if size is None else size
    return bytes.fromhex(kind) + (size | 1 << 56).to_bytes(8, "big") + data


def matroska(width, height, codec=b"V_UNCOMPRESSED", frame=bytes(64), claimed=None):
    head = element("1a45dfa3", element("4282", b"matroska"))
    video = element("e0", element("b0", width.to_bytes(4, "big")) + element("ba", height.to_bytes(4, "big")))
    track = element("d7", b"\1") + element("73c5", b"\1") + element("83", b"\1") + element("86", codec) + video
    block = element("a3", b"\x81\0\0\x80" + frame, claimed)
    cluster = element("1f43b675", element("e7", b"\0") + block, None if claimed is None else claimed + 64)
    return head + element("18538067", element("1654ae6b", element("ae", track)) + cluster, 2**50)


TIFF = {256: 32_000, 257: 32_000, 258: 8, 273: 8}

BOMBS = {
    "32000.png": lambda path: png(32_000, 32_000, 16),
    "wide.png": lambda path: png(2**31 - 1, 1, 0),
    "many.apng": lambda path: png(64, 64, 64, chunk(b"acTL", struct.pack(">II", 2**31 - 1, 0))),
    "32000.bmp": lambda path: (
        b"BM" + struct.pack("<IIIIiiHHIIiiII", 54, 0, 54, 40, 32_000, 32_000, 1, 24, 0, 0, 1, 1, 0, 0) + bytes(64)
    ),
    "65500.jpg": lambda path: (
        bytes.fromhex("ffd8ffc0001108ffdcffdc03011100021100031100ffda000c03010002000300003f00") + bytes(64)
    ),
    "65535.gif": lambda path: (
        b"GIF89a"
        + struct.pack("<HHBBB", 65535, 65535, 0x80, 0, 0)
        + bytes(6)
        + b","
        + struct.pack("<HHHHB", 0, 0, 65535, 65535, 0)
        + b"\x02\x02\x4c\x01\x00;"
    ),
    "32000.tif": lambda path: (
        b"II*\0"
        + struct.pack("<IH", 8, 4)
        + b"".join(
            struct.pack("<HHII", tag, 4, 1, value) for tag, value in ((256, 32_000), (257, 32_000), (258, 8), (273, 8))
        )
        + bytes(4)
    ),
    "32000.y4m": lambda path: b"YUV4MPEG2 W32000 H32000 F25:1 C420\nFRAME\n" + bytes(4096),
    "32000.mkv": lambda path: matroska(32_000, 32_000),
    "endless-block.mkv": lambda path: matroska(64, 64, claimed=2**40),
    "ten-million.mp4": lambda path: tables(path, b"stsz", 10_000_000, 1),
    "four-billion.mp4": lambda path: tables(path, b"stsz", 2**32 - 1, 1),
    "huge-stts.mp4": lambda path: tables(path, b"stts", 2**32 - 1, None),
}

LIES = {
    "huge-stco.mp4": lambda path: tables(path, b"stco", 2**31, None),
    "sound-tables.mp4": lambda path: sound_table(path),
}
"""Claims that do not keep the picture from being read."""


def sound_table(path):
    """Ten million samples of sound claimed beside an honest picture."""
    write(path, count=12, sound=["aac"])
    data = path.read_bytes()
    at = data.rindex(b"stsz") + 8
    return data[:at] + struct.pack(">II", 1, 2**32 - 1) + data[at + 8 :]


def read(path):
    """What reading said, None where all went well; seconds; bytes of memory of reader or parent, the larger."""
    done = subprocess.run([sys.executable, "-c", SCRIPT, str(path)], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_refused_at_once_in_little_memory(name, tmp_path):
    path = tmp_path / name
    path.write_bytes(BOMBS[name](path))
    assert path.stat().st_size < 4_000_000
    said, seconds, peak = read(path)
    assert said is not None, f"{name} was read"
    assert seconds < SECONDS, said
    assert peak < MEMORY, said


@pytest.mark.parametrize("name", LIES)
def test_other_lies_cost_no_more(name, tmp_path):
    path = tmp_path / name
    path.write_bytes(LIES[name](path))
    _, seconds, peak = read(path)
    assert seconds < SECONDS
    assert peak < MEMORY


def test_a_large_honest_picture_is_no_bomb(tmp_path):
    path = tmp_path / "large.png"
    path.write_bytes(png(8000, 6000, 6000))
    assert read(path)[0] is None


def test_the_tables_are_what_lies(tmp_path):
    """Without the lie the same file is read."""
    path = tmp_path / "honest.mp4"
    write(path, count=12, sound=["aac"])
    assert read(path)[0] is None
