"""Videos of more than 8 bits a sample: what is finer than that comes through."""

from dataclasses import replace

import av
import numpy as np
import pytest

from vireo.video.io import Quality, TimedFrame, VideoReader, VideoWriter
from vireo.video.io.encoders import open_encoder


def ramp(height=32, width=512):
    """Grey from 20 % to 45 % in steps much finer than 8 bits; uint16 (H, W, 3)."""
    row = np.linspace(0.2, 0.45, width) * 65535
    return np.repeat(np.rint(row).astype(np.uint16)[None, :, None], height, 0).repeat(3, 2)


def write_deep(path, codec, pix_fmt, options=None, count=3):
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=25, options=options or {})
        stream.height, stream.width = ramp().shape[:2]
        stream.pix_fmt = pix_fmt
        open_encoder(stream.codec_context)
        for k in range(count):
            frame = av.VideoFrame.from_ndarray(ramp(), format="rgb48le").reformat(format=pix_fmt)
            frame.pts = k
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def copied(source, output, quality=Quality(), change=lambda pixels: pixels):
    with VideoReader(source) as reader, VideoWriter(output, reader.info, source, quality=quality) as writer:
        for frame in reader:
            writer.write(frame, change(frame.pixels))
    return writer


def first(path):
    with VideoReader(path) as reader:
        return next(iter(reader)), reader.info


@pytest.mark.parametrize(
    ("name", "codec", "pix_fmt", "most"),
    [
        ("a.mkv", "ffv1", "yuv444p10le", 1),
        ("a.mkv", "ffv1", "gbrp12le", 0),
        ("a.mkv", "ffv1", "gray16le", 2),
        ("a.mp4", "libx265", "yuv420p10le", 3),
        ("a.mkv", "libx264", "yuv420p10le", 3),
        ("a.mp4", "libsvtav1", "yuv420p10le", 3),
        ("a.mov", "prores_ks", "yuv422p10le", 3),
    ],
)
def test_what_is_finer_than_8_bits_comes_through(tmp_path, name, codec, pix_fmt, most):
    """most: steps of 10 bits by which a value may be off."""
    options = {"libx265": {"x265-params": "log-level=none"}, "libsvtav1": {"crf": "5"}}.get(codec)
    source = write_deep(tmp_path / f"in-{name}", codec, pix_fmt, options)
    writer = copied(source, tmp_path / name)
    (before, info), (after, stored) = first(source), first(tmp_path / name)
    assert info.deep
    assert stored.pix_fmt == info.pix_fmt
    assert writer.left_out == ()
    assert len(np.unique(before.pixels)) < 80 < 150 < len(np.unique(after.deep[16]))
    error = np.abs(after.deep.astype(int) - before.deep) / 64
    assert np.median(error) <= most
    assert (before.pixels == np.rint(before.deep / 257)).all()


@pytest.mark.parametrize(("suffix", "pix_fmt"), [(".mkv", "gbrp16le"), (".png", "rgb48be"), (".tiff", "rgb48le")])
def test_lossless_outputs_return_every_bit(tmp_path, suffix, pix_fmt):
    source = write_deep(tmp_path / "in.mkv", "ffv1", "yuv420p10le", count=1)
    copied(source, tmp_path / f"out{suffix}", Quality(lossless=True))
    (before, _), (after, stored) = first(source), first(tmp_path / f"out{suffix}")
    assert stored.pix_fmt == pix_fmt
    assert (after.deep == before.deep).all()


def test_an_edit_of_8_bits_keeps_the_finer_steps(tmp_path):
    """A lighter half is as smooth as it was; the other is what it was."""

    def lighter(pixels):
        result = pixels.copy()
        result[:, 256:] += 20
        return result

    source = write_deep(tmp_path / "in.mkv", "ffv1", "gbrp12le")
    copied(source, tmp_path / "out.mkv", change=lighter)
    before, after = first(source)[0].deep.astype(int), first(tmp_path / "out.mkv")[0].deep.astype(int)
    assert (after[:, :256] == before[:, :256]).all()
    assert np.abs(after[:, 256:] - before[:, 256:] - 20 * 257).max() <= 16, "half a step of 12 bits, each way"


def test_deepened_rounds_to_the_edit_and_is_the_source_where_nothing_changed():
    rng = np.random.default_rng(0)
    deep = rng.integers(0, 65536, (64, 64, 3), dtype=np.uint16)
    own = np.rint(deep / 257).astype(np.uint8)
    frame = TimedFrame(own, 0, 1, 1, deep=deep)
    edited = rng.integers(0, 256, own.shape, dtype=np.uint8)
    edited[:8] = own[:8]
    fine = frame.restore_depth(edited)
    assert (np.rint(fine / 257) == edited).all()
    assert (fine[:8] == deep[:8]).all()


def test_frames_made_by_hand_without_finer_steps_can_be_written(tmp_path):
    source = write_deep(tmp_path / "in.mkv", "ffv1", "gbrp12le", count=1)
    frame, info = first(source)
    with VideoWriter(tmp_path / "out.mkv", info) as writer:
        writer.write(replace(frame, deep=None), frame.pixels)
    assert np.array_equal(first(tmp_path / "out.mkv")[0].pixels, frame.pixels)


def test_an_output_of_8_bits_says_what_it_leaves_out(tmp_path):
    source = write_deep(tmp_path / "in.mkv", "ffv1", "yuv420p10le")
    assert copied(source, tmp_path / "out.mp4", Quality(codec="mpeg4")).left_out == ("shades finer than 8 bits",)
    assert not first(tmp_path / "out.mp4")[1].deep
