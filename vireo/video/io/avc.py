"""H.264 in MP4 and Matroska (ISO/IEC 14496-15): units after their lengths, parameter sets in a header."""

from __future__ import annotations


def after_lengths(header: bytes) -> bool:
    """Whether a stream of this header has its units after lengths of four bytes."""
    return header[:1] == b"\x01" and header[4] & 3 == 3


def is_idr(picture: bytes) -> bool:
    """Whether an H.264 picture, its units after their lengths, lets the decoder forget all before it (ITU-T H.264,
    7.4.1.2.4)."""
    at = 0
    while at + 4 < len(picture):
        if picture[at + 4] & 31 == 5:
            return True
        at += 4 + int.from_bytes(picture[at : at + 4], "big")
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
