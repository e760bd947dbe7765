"""H.264 as MP4 and Matroska store it (ISO/IEC 14496-15): length-prefixed NAL units, parameter sets in the header."""


def has_length_prefixes(header: bytes) -> bool:
    """Whether a stream with this AVCDecoderConfigurationRecord prefixes its NAL units with four-byte lengths."""
    return header[:1] == b"\x01" and header[4] & 3 == 3


def is_idr(picture: bytes) -> bool:
    """Whether length-prefixed NAL units hold an IDR picture, after which nothing refers to what came before (ITU-T
    H.264, 7.4.1.2.4)."""
    at = 0
    while at + 4 < len(picture):
        if picture[at + 4] & 31 == 5:
            return True
        at += 4 + int.from_bytes(picture[at : at + 4], "big")
    return False


def merge_headers(old: bytes, new: bytes) -> bytes:
    """One AVCDecoderConfigurationRecord with the sequence and picture parameter sets of both."""
    (first, old_pictures), (second, new_pictures) = _parameter_sets(old, 5), _parameter_sets(new, 5)
    (third, rest), (fourth, _) = _parameter_sets(old, old_pictures), _parameter_sets(new, new_pictures)
    sequence, picture = [*first, *second], [*third, *fourth]
    parts = [bytes([0xE0 | len(sequence)]), *sequence, bytes([len(picture)]), *picture]
    return old[:5] + b"".join(parts) + old[rest:]


def _parameter_sets(header: bytes, at: int) -> tuple[list[bytes], int]:
    """Reads a count at `at` and so many length-prefixed parameter sets; returns these, with their lengths, and the
    position after them."""
    count, at, found = header[at] & 31, at + 1, []
    for _ in range(count):
        end = at + 2 + int.from_bytes(header[at : at + 2], "big")
        found.append(header[at:end])
        at = end
    return found, at
