"""Which codecs this build of FFmpeg can decode and encode."""

from __future__ import annotations

from typing import Literal

import av

from vireo.video.io.encoders import ENCODERS


def codecs(mode: Literal["r", "w"]) -> list[str]:
    """Names of the codecs vireo writes, as far as they can be decoded ("r") or encoded ("w") here."""
    present = []
    for codec, encoder in ENCODERS.items():
        try:
            av.codec.Codec(encoder.name if mode == "w" else codec, mode)
        except av.codec.codec.UnknownCodecError:
            continue
        present.append(codec)
    return present
