"""Small video files made with PyAV directly: vireo's reader and writer meet files they did not make."""

from fractions import Fraction

import av
import numpy as np
import pytest
from moving_ramp import pattern

from vireo.video.io.encoders import open_encoder


@pytest.fixture
def make_video(tmp_path):
    """make_video(name, codec=..., times=..., sound=...): writes a file and returns its path."""

    def make(
        name,
        *,
        codec="libx264",
        pix_fmt="yuv420p",
        count=12,
        size=(48, 64),
        time_base=Fraction(1, 12800),
        times=None,
        sound=None,
        picture=True,
        turn=0,
        flip=False,
        options=None,
        tags=None,
    ):
        path = tmp_path / name
        noise = np.random.default_rng(0)
        with av.open(str(path), "w") as container:
            if picture:
                stream = container.add_stream(codec, rate=25, options=options or {})
                stream.height, stream.width = size
                stream.pix_fmt = pix_fmt
                stream.codec_context.time_base = time_base
                for name_, value in (tags or {}).items():
                    setattr(stream.codec_context, name_, value)
                if turn or flip:
                    stream.set_display_rotation(turn, hflip=flip)
                open_encoder(stream.codec_context)
            if sound:
                voice = container.add_stream(sound, rate=48000)
                voice.layout = "mono"
            for index, pixels in enumerate(pattern(count, *size)):
                if picture:
                    frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
                    frame.pts = times[index] if times else round(index / 25 / time_base)
                    frame.time_base = time_base
                    container.mux(stream.encode(frame))
                if sound:
                    wave = (noise.standard_normal((1, 1920)) * 3000).astype(np.int16)
                    if voice.format.name == "fltp":
                        wave = wave.astype(np.float32) / 32768
                    block = av.AudioFrame.from_ndarray(wave, format=voice.format.name, layout="mono")
                    block.sample_rate, block.pts, block.time_base = 48000, index * 1920, Fraction(1, 48000)
                    container.mux(voice.encode(block))
            if picture:
                container.mux(stream.encode(None))
            if sound:
                container.mux(voice.encode(None))
        return path

    return make


@pytest.fixture
def sound_packets():
    """(time in seconds, bytes) of every audio packet of a file."""

    def packets(path):
        with av.open(str(path)) as container:
            return [
                (packet.pts * packet.time_base, bytes(packet)) for packet in container.demux(audio=0) if packet.size
            ]

    return packets
