"""The outermost parts of MP4 and Matroska files: where they end, and whether the index or the media come first."""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_FIRST_BOXES = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip")
_EBML, _SEGMENT, _CLUSTER, _CUES = (bytes.fromhex(name) for name in ("1a45dfa3", "18538067", "1f43b675", "1c53bb6b"))
_INDICES, _MEDIA = (b"moov", _CUES), (b"mdat", b"moof", _CLUSTER)


def is_truncated(path: Path) -> bool:
    """Whether an MP4, QuickTime or Matroska file ends before its index or its media do.

    FFmpeg reads such a file as far as it can and may lose its sound without an error. What follows the last box and is
    none (cameras and phones write notes of their own there) says nothing, and neither does media without a stated size.
    """
    length = path.stat().st_size
    return any(end > length for kind, end in _parts(path) if kind in (*_INDICES, *_MEDIA, _SEGMENT))


def has_index_first(path: Path) -> bool:
    """Whether an MP4, QuickTime or Matroska file can be played while it loads: its index stands before its media."""
    found = (kind for kind, _ in _parts(path) if kind in (*_INDICES, *_MEDIA))
    return next(found, None) in _INDICES


def _parts(path: Path) -> Iterator[tuple[bytes, int]]:
    """Kind and end of each outermost part, up to where the file says no more; nothing for other formats."""
    with path.open("rb") as file:
        start = file.read(8)
        if start[4:] in _FIRST_BOXES:
            yield from _boxes(file)
        elif start.startswith(_EBML):
            yield from _elements(file)


def _boxes(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """Boxes of ISO/IEC 14496-12, 4.2."""
    at = 0
    while len(head := _read(file, at, 16)) >= 8:
        size, kind = struct.unpack(">I4s", head[:8])
        if size == 1:
            size = int.from_bytes(head[8:], "big")
        if size < 8:  # 0: up to the end of the file
            return
        at += size
        yield kind, at


def _elements(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """The segment of a Matroska file (RFC 8794, 4 to 6; RFC 9559, 5.1) and its elements up to the first of media."""
    at, kind = 0, b""
    while kind != _CLUSTER and len(head := _read(file, at, 12)) == 12:
        # The leading zeros of the first byte are the length of an identifier, and of a size, less one.
        name = _width(head[0])
        width = _width(head[name]) if name <= 4 else 0
        if not 1 <= width <= 8:
            return
        kind, size = head[:name], int.from_bytes(head[name : name + width], "big") - (1 << 7 * width)
        stated = size < (1 << 7 * width) - 1
        at += name + width
        if kind != _SEGMENT:  # whose elements follow
            at += size
        if stated:
            yield kind, at + size if kind == _SEGMENT else at
        elif kind != _SEGMENT:
            yield kind, 0
            return


def _width(first: int) -> int:
    return 1 + 8 - first.bit_length()


def _read(file: BinaryIO, at: int, count: int) -> bytes:
    file.seek(at)
    return file.read(count)
