"""What frames carry beside their pixels: HDR10's metadata, as encoders take it, and words for what none takes."""

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self, cast

from av.sidedata.sidedata import SideDataContainer
from av.video.frame import VideoFrame

_OTHER_KINDS = {
    "SPHERICAL": "360° projection",
    "STEREO3D": "stereoscopic layout",
    "DOVI_METADATA": "Dolby Vision",
    "DOVI_RPU_BUFFER": "Dolby Vision",
    "DYNAMIC_HDR_PLUS": "HDR10+",
    "DYNAMIC_HDR_VIVID": "HDR Vivid",
    "AMBIENT_VIEWING_ENVIRONMENT": "ambient viewing environment",
    "A53_CC": "closed captions",
    "AFD": "active format description",
    "S12M_TIMECODE": "timecodes of frames",
    "ICC_PROFILE": "ICC profile",
}
"""What PyAV cannot hand to an encoder, by its name. Other kinds are carried otherwise (the display matrix) or say
nothing about the picture (settings of the encoder)."""

_HDR_OPTIONS = {
    "hevc": ("x265-params", "master-display", "max-cll"),
    "h264": ("x264-params", "mastering-display", "cll"),
    "av1": ("svtav1-params", "mastering-display", "content-light"),
}
"""By codec: the encoder's option that takes parameters, and the names of HDR10's among them."""

_CHROMATICITIES, _LUMINANCE = 50000, 10000


@dataclass(frozen=True)
class SideData:
    """Of a clip's first frame.

    display: the mastering display (SMPTE ST 2086) as x and y of green, blue, red and white in units of 0.00002, then
    the highest and the lowest luminance in 0.0001 cd/m²; empty where not stated in full. light: MaxCLL and MaxFALL
    (CTA-861.3) in cd/m², or empty. other: words for what no encoder is given.
    """

    display: tuple[int, ...] = ()
    light: tuple[int, ...] = ()
    other: tuple[str, ...] = ()

    @classmethod
    def of(cls, frame: VideoFrame) -> Self:
        try:
            found = {data.type.name: bytes(data) for data in cast(SideDataContainer, frame.side_data)}
        except ValueError:  # a kind that PyAV does not know
            return cls(other=("further data of frames",))
        light = found.get("CONTENT_LIGHT_LEVEL", b"")
        return cls(
            _read_display(found.get("MASTERING_DISPLAY_METADATA", b"")),
            struct.unpack("=2I", light[:8]) if light else (),
            tuple(dict.fromkeys(words for kind, words in _OTHER_KINDS.items() if kind in found)),
        )

    def encoder_options(self, options: dict[str, str], codec: str) -> dict[str, str]:
        """An encoder's options (`ENCODERS`) with HDR10's metadata."""
        if codec not in _HDR_OPTIONS:
            return options
        option, display, light = _HDR_OPTIONS[codec]
        parameters = [options[option]]
        if self.display:
            numbers: Iterable[object] = self.display
            if codec == "av1":
                units = [_CHROMATICITIES] * 8 + [_LUMINANCE] * 2
                numbers = (f"{number / unit:g}" for number, unit in zip(self.display, units, strict=True))
            parameters.append(f"{display}=" + "G({},{})B({},{})R({},{})WP({},{})L({},{})".format(*numbers))
        if self.light:
            parameters.append(f"{light}={self.light[0]},{self.light[1]}")
        return options | {option: ":".join(parameters)}

    def left_out(self, codec: str) -> tuple[str, ...]:
        """Words for what an output of this codec does not carry."""
        hdr = () if codec in _HDR_OPTIONS or not (self.display or self.light) else ("HDR10 metadata",)
        return (*hdr, *self.other)


def _read_display(data: bytes) -> tuple[int, ...]:
    """FFmpeg's AVMasteringDisplayMetadata in the order and units of `SideData.display`."""
    if not data:
        return ()
    *fractions, has_primaries, has_luminance = struct.unpack("=22i", data[:88])
    if not (has_primaries and has_luminance and all(fractions[1::2])):
        return ()
    pairs = zip(fractions[::2], fractions[1::2], [_CHROMATICITIES] * 8 + [_LUMINANCE] * 2, strict=True)
    *places, darkest, brightest = [round(unit * top / bottom) for top, bottom, unit in pairs]
    red, green, blue, white = places[:2], places[2:4], places[4:6], places[6:]
    return (*green, *blue, *red, *white, brightest, darkest)
