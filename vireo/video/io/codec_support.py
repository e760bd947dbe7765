"""Which codecs this build of FFmpeg can decode and encode."""

from __future__ import annotations

from typing import Literal

from av.codec.codec import Codec, UnknownCodecError

from vireo.video.io.encoders import ENCODERS


def supported_codecs(mode: Literal["r", "w"]) -> list[str]:
    """Those keys of `ENCODERS` that can be decoded ("r") or encoded ("w") here."""
    found = []
    for codec, encoder in ENCODERS.items():
        try:
            Codec(encoder.name if mode == "w" else codec, mode)
        except UnknownCodecError:
            continue
        found.append(codec)
    return found
