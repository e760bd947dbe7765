"""Clips that are valid and unusual, one function each; made with PyAV directly."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
from av.codec.context import Flags
from av.stream import Disposition
from moving_ramp import pattern

from vireo.video.io.encoders import open_encoder

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763f8cfc0000003010100c9fe92ef"
    "0000000049454e44ae426082"
)
MS, FINE = Fraction(1, 1000), Fraction(1, 90000)


def write(
    path,
    codec="libx264",
    pix_fmt="yuv420p",
    count=7,
    size=(48, 64),
    rate=25,
    base=None,
    times=None,
    sound=(),
    seconds=None,
    options=None,
    container=None,
    prepare=None,
    second=False,
    cover=False,
    sound_first=0,
    alpha=None,
    patch=None,
    tags=None,
    lasts=None,
):
    """times: pts of the frames in `base` units. sound: names of audio encoders; seconds: how long they sound, from
    `sound_first` on. prepare: is given the stream. second: a second picture stream. cover: cover art, as a
    stream or an attachment. alpha: of the left half; the right is opaque. patch: changes the finished file's bytes.
    tags: of the file. lasts: how long each frame lasts in `base` units."""
    base = base or Fraction(1, round(rate * 512))
    times = times or [round(k / Fraction(rate) / base) for k in range(count)]
    frames = pattern(len(times), *size)
    pictures = []
    with av.open(str(path), "w", options=container or {}) as out:
        out.metadata.update(tags or {})
        for number in range(1 + second):
            stream = out.add_stream(codec, rate=rate, options=options or {})
            stream.height, stream.width, stream.pix_fmt = *size, pix_fmt
            stream.codec_context.time_base = base
            if prepare:
                prepare(stream)
            open_encoder(stream.codec_context)
            pictures.append((stream, frames if number == 0 else 255 - frames))
        art = None
        if cover == "attachment":
            out.add_attachment("cover.png", "image/png", PNG)
        elif cover:
            art = out.add_stream("png", rate=1)
            art.height, art.width, art.pix_fmt = 16, 16, "rgb24"
            art.disposition = Disposition.attached_pic
        voices = []
        for name in sound:
            voice = out.add_stream(name, rate=48000)
            voice.layout = "mono"
            voices.append(voice)
        if art is not None:
            picture = av.VideoFrame.from_ndarray(np.zeros((16, 16, 3), np.uint8), format="rgb24")
            picture.pts, picture.time_base = 0, base
            out.mux(art.encode(picture))
        length = seconds if seconds is not None else float((times[-1] - times[0]) * base) + 1 / float(rate)
        for voice in voices:
            noise = np.random.default_rng(1)
            for block in range(round(length * 50)):
                wave = (noise.standard_normal((1, 960)) * 3000).astype(np.int16)
                if voice.format.name.startswith("s32"):
                    wave = wave.astype(np.int32) << 16
                elif voice.format.name.startswith("flt"):
                    wave = wave.astype(np.float32) / 32768
                heard = av.AudioFrame.from_ndarray(wave, format=voice.format.name, layout="mono")
                heard.sample_rate, heard.time_base = 48000, Fraction(1, 48000)
                heard.pts = block * 960 + round(sound_first * 48000)
                out.mux(voice.encode(heard))
            out.mux(voice.encode(None))
        for stream, pixels in pictures:
            for number, (time, picture) in enumerate(zip(times, pixels, strict=True)):
                shown = picture
                if alpha:
                    opacity = np.where(np.arange(size[1]) < size[1] // 2, alpha, 255)
                    shown = np.dstack([picture, np.broadcast_to(opacity.astype(np.uint8), size)])
                frame = av.VideoFrame.from_ndarray(shown, format="rgba" if alpha else "rgb24")
                frame.pts, frame.time_base, frame.duration = time, base, lasts[number] if lasts else 0
                out.mux(stream.encode(frame))
            out.mux(stream.encode(None))
    if patch:
        path.write_bytes(patch(path.read_bytes()))


def starting_later(data):
    """An MP4 whose edit list skips its first three frames (ISO/IEC 14496-12, 8.6.6): they come at negative times."""
    at = data.index(b"elst") + 16
    return data[:at] + (int.from_bytes(data[at : at + 4], "big") + 3 * 512).to_bytes(4, "big") + data[at + 4 :]


def interlaced(stream):
    stream.codec_context.flags |= Flags.interlaced_dct | Flags.interlaced_me


def turned(degrees, flip=False):
    return lambda stream: stream.set_display_rotation(degrees, hflip=flip)


def tagged(**tags):
    def prepare(stream):
        for name, value in tags.items():
            setattr(stream.codec_context, name, value)

    return prepare


def anamorphic(stream):
    stream.codec_context.sample_aspect_ratio = Fraction(4, 3)


UNEVEN = [0, 31, 40, 200, 201, 1000, 1003]
HDR = tagged(colorspace=9, color_primaries=9, color_trc=16, color_range=1)

ODD = {
    "vfr.mp4": {"times": UNEVEN, "base": MS, "options": {"bf": "2"}},
    "vfr.mkv": {"times": UNEVEN, "base": MS},
    "vfr.webm": {"codec": "libvpx-vp9", "times": UNEVEN, "base": MS, "sound": ["libopus"]},
    "vfr-no-b.mov": {"times": UNEVEN, "base": MS, "options": {"bf": "0"}},
    "one-frame.mp4": {"count": 1},
    "one-frame.mkv": {"codec": "ffv1", "pix_fmt": "bgr0", "count": 1, "sound": ["pcm_s16le"], "seconds": 0.5},
    "turned-90.mp4": {"prepare": turned(90)},
    "turned-180.mp4": {"prepare": turned(180)},
    "turned-270.mov": {"prepare": turned(270), "size": (50, 36)},
    "mirrored.mp4": {"prepare": turned(0, True)},
    "ten-bit.mp4": {"codec": "libx265", "pix_fmt": "yuv420p10le", "options": {"x265-params": "log-level=none"}},
    "ten-bit.mkv": {"pix_fmt": "yuv420p10le"},
    "hdr.mkv": {
        **{"codec": "libx265", "pix_fmt": "yuv420p10le", "prepare": HDR},
        "options": {"x265-params": "log-level=none"},
    },
    "odd-444.mp4": {"pix_fmt": "yuv444p", "size": (47, 63)},
    "odd-vp9.webm": {"codec": "libvpx-vp9", "size": (47, 63)},
    "odd-ffv1.mkv": {"codec": "ffv1", "size": (1, 1), "pix_fmt": "yuv444p"},
    "tiny.mp4": {"size": (2, 2), "pix_fmt": "yuv444p"},
    "wide.mkv": {"codec": "ffv1", "size": (16, 8000), "count": 3, "pix_fmt": "yuv422p"},
    "tall.mp4": {"size": (4000, 16), "count": 3},
    "alpha.webm": {"codec": "libvpx-vp9", "pix_fmt": "yuva420p", "alpha": 128},
    "alpha.mov": {"codec": "prores_ks", "pix_fmt": "yuva444p10le", "options": {"profile": "4"}, "alpha": 128},
    "alpha-png.mov": {"codec": "png", "pix_fmt": "rgba", "alpha": 128},
    "alpha-ffv1.mkv": {"codec": "ffv1", "pix_fmt": "bgra", "alpha": 128},
    "interlaced.mp4": {"prepare": interlaced, "options": {"x264-params": "tff=1"}, "size": (64, 64)},
    "interlaced.ts": {"codec": "mpeg2video", "prepare": interlaced, "size": (64, 64), "base": Fraction(1, 25)},
    "edit-list.mp4": {"patch": starting_later, "count": 20, "sound": ["aac"]},
    "late-start.mp4": {"times": [5000, 5040, 5080, 5120], "base": MS, "sound": ["aac"], "sound_first": 5},
    "a-day-late.mkv": {"times": [86_400_000, 86_400_040, 86_400_080], "base": MS},
    "b-frames.mp4": {"options": {"bf": "4", "refs": "4"}, "count": 20, "sound": ["aac"]},
    "open-gop.mkv": {"options": {"x264-params": "open-gop=1:keyint=4:bframes=3"}, "count": 20},
    "cover.mp4": {"cover": True, "sound": ["aac"]},
    "cover.mkv": {"cover": "attachment"},
    "two-pictures.mp4": {"second": True, "sound": ["aac"]},
    "one-fps.mp4": {"rate": 1, "sound": ["aac"]},
    "240-fps.mp4": {"rate": 240, "count": 30},
    "film-rate.mov": {"rate": Fraction(24000, 1001), "base": Fraction(1, 24000), "sound": ["pcm_s16le"]},
    "long-sound.mp4": {"sound": ["aac"], "seconds": 3},
    "short-sound.mp4": {"sound": ["aac"], "seconds": 0.1, "count": 25},
    "late-sound.mkv": {"sound": ["aac"], "seconds": 0.5, "sound_first": 2},
    "two-sounds.mkv": {"sound": ["aac", "libopus"]},
    "mp3.avi": {"codec": "mpeg4", "sound": ["libmp3lame"], "base": Fraction(1, 25)},
    "transport.ts": {"sound": ["aac"], "base": FINE, "options": {"bf": "2"}},
    "mjpeg.avi": {"codec": "mjpeg", "pix_fmt": "yuvj422p", "base": Fraction(1, 25)},
    "prores.mov": {"codec": "prores_ks", "pix_fmt": "yuv422p10le", "sound": ["pcm_s16le"]},
    "gray.mkv": {"codec": "ffv1", "pix_fmt": "gray"},
    "deep-gray.mkv": {"codec": "ffv1", "pix_fmt": "gray16le"},
    "animation.mov": {"codec": "qtrle", "pix_fmt": "rgb24"},
    "slow.gif": {"codec": "gif", "pix_fmt": "rgb8", "base": Fraction(1, 100), "times": [0, 10, 11, 60, 300]},
    "moving.apng": {"codec": "apng", "pix_fmt": "rgb24", "base": Fraction(1, 25)},
    "fragments.mp4": {"container": {"movflags": "frag_keyframe+empty_moov"}, "sound": ["aac"]},
    "front.mp4": {"container": {"movflags": "faststart"}, "sound": ["aac"]},
    "lossless.mp4": {"pix_fmt": "yuv444p", "options": {"qp": "0"}},
    "anamorphic.mp4": {"prepare": anamorphic},
    "flash.flv": {"options": {"bf": "0"}, "base": MS, "sound": ["aac"]},
    "av1.mp4": {"codec": "libsvtav1", "size": (64, 64), "options": {"preset": "12"}},
    "vp8.webm": {"codec": "libvpx", "base": MS, "sound": ["libopus"]},
}
