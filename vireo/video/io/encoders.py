"""Encoder, pixel format and quality of an output: those of its source, where they can be written."""

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import av
from av.codec.codec import Codec, UnknownCodecError
from av.container import OutputContainer
from av.video.format import VideoFormat

from vireo.errors import VideoError
from vireo.runtime import preserved_scheduling
from vireo.video.io.decoder import VideoInfo

# SVT-AV1 prints its settings on stderr unless its log level says "errors only".
os.environ.setdefault("SVT_LOG", "1")


@dataclass(frozen=True)
class Encoder:
    """An encoder by FFmpeg's name. options: its settings, visually lossless where it is lossy. even_sizes: whether
    4:2:0 frames need an even width and height. rgb: the encoder of RGB frames where that is another."""

    name: str
    options: dict[str, str]
    even_sizes: bool = False
    rgb: str | None = None

    def name_for(self, pix_fmt: str) -> str:
        """The encoder of frames in a pixel format."""
        return self.rgb if self.rgb and is_rgb(pix_fmt) else self.name


# "veryfast" at crf 13 takes 0.37 to 0.45 of the time of "fast" at crf 14 for as many bytes; PSNR is 0.8 dB lower on a
# panned photograph (49.0 dB) and the same on a noisy one.
# x264's AVX-512 lookahead gives other bytes from run to run on small frames; "cpu-independent" does not.
X264_PARAMS = "cpu-independent=1"
_X264 = {"crf": "13", "preset": "veryfast", "x264-params": X264_PARAMS}

ENCODERS = {
    "h264": Encoder("libx264", _X264, even_sizes=True, rgb="libx264rgb"),
    "hevc": Encoder(
        "libx265", {"crf": "15", "preset": "fast", "forced-idr": "1", "x265-params": "log-level=none"}, even_sizes=True
    ),
    "vp8": Encoder("libvpx", {"crf": "6", "b": "20M", "deadline": "good", "cpu-used": "4"}),
    "vp9": Encoder("libvpx-vp9", {"crf": "16", "b": "0", "deadline": "good", "cpu-used": "5", "row-mt": "1"}),
    "av1": Encoder("libsvtav1", {"crf": "18", "preset": "8", "svtav1-params": "enable-qm=0"}, even_sizes=True),
    "mpeg4": Encoder("mpeg4", {"qmin": "1", "qmax": "2"}),
    "mjpeg": Encoder("mjpeg", {"qmin": "1", "qmax": "2"}),
    "prores": Encoder("prores_ks", {}),
    "ffv1": Encoder("ffv1", {"level": "3", "slicecrc": "1"}),
    "utvideo": Encoder("utvideo", {}),
    "huffyuv": Encoder("huffyuv", {}),
    "qtrle": Encoder("qtrle", {}),
    "rawvideo": Encoder("rawvideo", {}),
    "png": Encoder("png", {}),
    "gif": Encoder("gif", {}),
    "apng": Encoder("apng", {}),
    "webp": Encoder("libwebp_anim", {"quality": "95"}),
    "bmp": Encoder("bmp", {}),
    "tiff": Encoder("tiff", {}),
}
"""By FFmpeg's name of the codec."""

IMAGES = {".png": "png", ".jpg": "mjpeg", ".jpeg": "mjpeg", ".bmp": "bmp", ".tif": "tiff", ".tiff": "tiff"}
"""Suffixes of single pictures, and their codecs."""

LOSSLESS = {
    *("ffv1", "utvideo", "huffyuv", "ffvhuff", "magicyuv", "qtrle", "rawvideo", "png", "apng", "bmp", "tiff"),
    *("lagarith", "zmbv", "cscd", "tscc", "fraps", "dxtory", "mszh", "zlib", "flashsv"),  # of screen recorders
}
"""Lossless codecs; FFV1 replaces one that the container cannot hold."""

UNLISTED_CODECS = {"mpegts": ("h264", "hevc"), "apng": ("apng",), "webp": ("webp",)}
"""Containers whose codecs FFmpeg does not list, or not fully."""

_UNFIT_CODECS = {
    "avi": {"h264", "hevc", "vp9", "av1"},  # AVI cannot store the times of their reordered frames
    "mov": {"vp9"},  # FFmpeg writes it into MP4 alone
    "matroska": {"rawvideo"},  # FFmpeg has no name there for uncompressed RGB
    "ogg": {"vp8"},  # FFmpeg writes it with times that are off by a frame
    "ogv": {"vp8"},
}
"""Containers, and the codecs that FFmpeg lists for them although they do not go there."""

_PREFERRED = ("h264", "vp9", "mpeg4", "vp8", "mjpeg", "gif", "apng", "webp")
"""Codecs to choose from where the container cannot hold the source's, best first."""

_WITH_ALPHA = ("vp9", "prores", "apng", "webp", "gif")
"""The same for frames with transparency."""


_ANIMATIONS = ("gif", "apng", "webp")

_CRF = {"h264": (0, 51), "hevc": (0, 51), "vp8": (4, 63), "vp9": (0, 63), "av1": (1, 63)}
"""Codecs with a constant rate factor: the best and the worst."""

_DEEP_RGB_FORMATS = ("gbrp16le", "rgb48le", "rgb48be")
_DEEP_RGBA_FORMATS = ("gbrap16le", "rgba64le", "rgba64be")
_RGB_FORMATS = ("bgr0", "gbrp", "rgb24", "bgr24", "bgra")
_RGB_CODECS = ("apng", "webp", "png", "bmp", "tiff", "qtrle")
_RGBA_FORMATS = ("bgra", "rgba", "argb", "gbrap")
_YUVA_FORMATS = ("yuva420p", "yuva444p10le", "yuva444p")


@dataclass(frozen=True)
class Quality:
    """Codec and quality that the user asks for; None and False leave them as in the source.

    codec: a key of `ENCODERS`. crf: constant rate factor. lossless: decoding returns every pixel as it was written.
    """

    codec: str | None = None
    crf: int | None = None
    lossless: bool = False

    def check(self) -> None:
        """Raises VideoError for combinations that no encoder has."""
        if self.codec is not None and self.codec not in ENCODERS:
            raise VideoError(f"there is no codec {self.codec!r}", f"choose one of {', '.join(ENCODERS)}")
        if self.lossless and self.codec is not None and self.codec not in LOSSLESS:
            lossless = ", ".join(sorted(LOSSLESS & ENCODERS.keys()))
            raise VideoError(f"{self.codec} loses detail", f"choose one of {lossless}")
        if self.lossless and self.crf is not None:
            raise VideoError("lossless video has no crf", "leave out one of them")

    def options(self, codec: str) -> dict[str, str]:
        """The encoder's options. Raises VideoError where the codec has no such crf."""
        options = dict(ENCODERS[codec].options)
        if self.crf is not None:
            if codec not in _CRF:
                raise VideoError(f"{codec} has no crf", f"choose a codec that has: {', '.join(_CRF)}")
            best, worst = _CRF[codec]
            if not best <= self.crf <= worst:
                raise VideoError(f"crf {self.crf} is out of range", f"{codec} takes {best} (best) to {worst}")
            options["crf"] = str(self.crf)
        return options


def supported_codecs(mode: Literal["r", "w"]) -> list[str]:
    """Those keys of `ENCODERS` that this build of FFmpeg can decode ("r") or encode ("w")."""
    found = []
    for codec, encoder in ENCODERS.items():
        with contextlib.suppress(UnknownCodecError):
            Codec(encoder.name if mode == "w" else codec, mode)
            found.append(codec)
    return found


def choose_codec(container: OutputContainer, path: Path, source: VideoInfo, quality: Quality = Quality()) -> str:
    """A key of `ENCODERS`. Raises VideoError where the container takes none, or not the one asked for."""
    allowed, refusal = _container_codecs(container, path), f"{path.suffix or path.name} files cannot hold"
    if quality.lossless:
        wanted = (quality.codec,) if quality.codec else (source.codec, "ffv1", "png", "apng", "tiff", "bmp")
        for codec in wanted:
            if codec in allowed & LOSSLESS:
                return codec
        raise VideoError(f"{refusal} such lossless video here", "name the output .mkv")
    if quality.codec is not None:
        if quality.codec not in allowed:
            others = ", ".join(sorted(allowed)) or "another container"
            raise VideoError(f"{refusal} {quality.codec} here", f"choose one of {others}")
        return quality.codec
    if path.suffix.lower() in IMAGES:
        return IMAGES[path.suffix.lower()]
    name = container.format.name
    moving = not source.still and source.codec not in _ANIMATIONS
    if source.codec in allowed and (moving or name == source.codec):
        return source.codec
    if moving and source.codec in LOSSLESS and "ffv1" in allowed:
        return "ffv1"
    for codec in _WITH_ALPHA if source.alpha else ():
        if codec in allowed and choose_alpha_format(codec, name, source):
            return codec
    for codec in _PREFERRED:
        if codec in allowed:
            return codec
    raise VideoError(f"{refusal} video here", "name the output .mp4 or .mkv")


def _container_codecs(container: OutputContainer, path: Path) -> set[str]:
    """Keys of `ENCODERS` that the container can hold."""
    if path.suffix.lower() in IMAGES:
        return {IMAGES[path.suffix.lower()]}
    name = container.format.name
    listed = container.supported_codecs & ENCODERS.keys()
    return listed.union(UNLISTED_CODECS.get(name, ())) - _UNFIT_CODECS.get(name, set())


def choose_alpha_format(codec: str, container: str, source: VideoInfo, quality: Quality = Quality()) -> str | None:
    """The pixel format that keeps transparency best, or None where codec or container (FFmpeg's name) has none."""
    if codec == "gif":
        return "pal8"
    if codec == "hevc" or (codec in ("vp8", "vp9") and container not in ("webm", "matroska")):
        return None  # the encoder of HEVC lists such a format but refuses it, as that of VP9 does "gbrap"
    formats = set(_pix_fmts(codec)) - ({"gbrap"} if codec == "vp9" else set())
    wanted = [*_RGBA_FORMATS, *_YUVA_FORMATS] if is_rgb(source.pix_fmt) else [*_YUVA_FORMATS, *_RGBA_FORMATS]
    if quality.lossless or codec in _RGB_CODECS:
        wanted = [*(_DEEP_RGBA_FORMATS if source.deep else ()), *_RGBA_FORMATS]
    elif source.pix_fmt.startswith("yuva") or source.pix_fmt in _RGBA_FORMATS:
        wanted.insert(0, source.pix_fmt)
    return next((name for name in wanted if name in formats), None)


def _pix_fmts(codec: str) -> list[str]:
    return [f.name for f in Codec(ENCODERS[codec].name, "w").video_formats or []]


def choose_pix_fmt(codec: str, source: VideoInfo, quality: Quality = Quality()) -> str:
    """The source's pixel format where the encoder takes it, else one that loses least; without transparency."""
    encoder, formats = ENCODERS[codec], _pix_fmts(codec)
    if encoder.rgb is not None and source.codec == codec:  # few players take it, so only where they took the source
        with contextlib.suppress(UnknownCodecError):
            formats += [f.name for f in Codec(encoder.rgb, "w").video_formats or []]
    deep_rgb = _DEEP_RGB_FORMATS if source.deep else ()
    if quality.lossless and codec != "rawvideo":
        return next(name for name in (*deep_rgb, *_RGB_FORMATS) if name in formats)
    odd = source.width % 2 or source.height % 2
    # The layout of colour samples stays, too: in recordings of screens, fewer blur coloured text.
    as_rgb = is_rgb(source.pix_fmt)
    layout = next((layout for layout in ("444", "422") if layout in source.pix_fmt), "420")
    if as_rgb and not source.still and source.codec not in _ANIMATIONS:
        layout = "444"
    by_depth = [f"yuv{layout}p", f"yuv{layout}p10le"][:: -1 if source.deep else 1]
    if as_rgb and codec in (source.codec, "ffv1", "utvideo", "huffyuv"):
        by_depth = [*deep_rgb, "bgr0", "gbrp", "rgb24", *by_depth]
    if codec == "gif":
        wanted = ["pal8"]
    elif codec in _RGB_CODECS:
        wanted = [*deep_rgb, "rgb24", "bgr24", "bgra"]
    elif codec == "rawvideo":
        return "bgr24"
    elif codec == "mjpeg":
        # JPEG's luma takes the full range.
        wanted = [f"yuvj{'444' if source.still and as_rgb else layout}p"]
    elif encoder.even_sizes and odd:
        # 4:2:0 of these codecs has even sizes only.
        wanted = [*(by_depth if as_rgb else ()), "yuv444p10le" if source.deep else "yuv444p", "yuv444p"]
    else:
        dense = ["yuv420p10le"] if source.deep else []
        wanted = [source.pix_fmt, source.pix_fmt.replace("yuva", "yuv"), *by_depth, *dense, "yuv420p", "yuv422p10le"]
    opaque = [f for f in wanted if f in formats]
    if not opaque:
        raise VideoError(f"{codec} cannot hold {source.width}x{source.height} pictures", "name the output .mkv or .mp4")
    return opaque[0]


def loses_colour(stored: str, source: str) -> bool:
    """Whether one pixel format has fewer colour samples a picture than another."""
    fewer, more = VideoFormat(stored, 16, 16), VideoFormat(source, 16, 16)
    samples = [kind.chroma_width() * kind.chroma_height() for kind in (fewer, more)]
    return samples[0] < samples[1] and len(more.components) >= 3


def open_encoder(context: av.VideoCodecContext) -> None:
    """Opens a configured encoder, without letting it raise the priority of this process's threads."""
    with preserved_scheduling():
        context.open()


def is_rgb(pix_fmt: str) -> bool:
    return pix_fmt.startswith(("rgb", "bgr", "gbr", "argb", "abgr", "pal8", "0rgb", "0bgr"))
