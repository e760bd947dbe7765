"""Valid but unusual files: an edit keeps the number of frames, their times, the size and the sound of each."""

from pathlib import Path

import av
import numpy as np
import pytest
from av.codec.context import Flags
from odd_clips import MS, ODD, interlaced, write
from PIL import Image
from rule_editor import RuleEditor

from vireo.pipeline.edit import edit_video
from vireo.receipt.verify import verify
from vireo.video.io import Quality, VideoReader, VideoWriter


def picture(path):
    """(time, height, width) of every frame of the first stream that is no cover art, the display turned upright."""
    with av.open(str(path)) as container:
        stream = next(s for s in container.streams.video if not s.disposition & s.disposition.attached_pic)
        found = []
        for frame in container.decode(stream):
            size = (frame.height, frame.width)
            found.append((frame.pts * frame.time_base, *(size[::-1] if frame.rotation % 180 else size)))
        return found


def sounds(path):
    """(time, bytes) of every packet of every audio stream; of PCM, which has no packets of its own, in one piece."""
    found = []
    with av.open(str(path)) as container:
        for number in range(len(container.streams.audio)):
            container.seek(0)
            stream = container.streams.audio[number]
            packets = [(p.pts * p.time_base, bytes(p)) for p in container.demux(stream) if p.size]
            if stream.codec_context.name.startswith("pcm"):
                packets = [(packets[0][0], b"".join(data for _, data in packets))]
            found.append(packets)
    return found


@pytest.mark.parametrize("name", [name for name in ODD if name.startswith("alpha")])
@pytest.mark.parametrize("suffix", [None, ".mkv", ".mov", ".webm", ".gif"])
def test_transparency_is_kept_where_the_container_has_it(name, suffix, tmp_path):
    source, output = tmp_path / name, tmp_path / f"out{suffix or Path(name).suffix}"
    write(source, **ODD[name] | {"alpha": 150})
    result = edit_video(source, "darker", output, model=RuleEditor(), look=False, receipt=tmp_path / "receipt.json")
    assert "transparency" not in result.left_out
    with VideoReader(source) as before, VideoReader(output) as after:
        for old, new in zip(before, after, strict=True):
            assert set(np.unique(old.alpha)) <= {*range(145, 156), *range(253, 256)}
            assert len(np.unique(old.alpha > 200)) == 2
            if suffix == ".gif":  # where all is more opaque than not
                assert new.alpha is None
            else:
                assert np.abs(new.alpha.astype(int) - old.alpha).max() <= 6
    assert verify(source, output, tmp_path / "receipt.json").holds


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_transparency_that_has_no_place_is_told(tmp_path, codec):
    write(tmp_path / "a.mov", **ODD["alpha.mov"])
    result = edit_video(
        tmp_path / "a.mov", "darker", tmp_path / "b.mp4", model=RuleEditor(), quality=Quality(codec=codec)
    )
    assert "transparency" in result.left_out


@pytest.mark.parametrize("mode", ["LA", "P", "RGBA"])
@pytest.mark.parametrize("suffix", [".png", ".tiff", ".apng", ".mkv"])
def test_pictures_keep_transparency_and_take_colour(tmp_path, mode, suffix):
    alpha = np.zeros((20, 30), np.uint8)
    alpha[5:15, 5:20] = 255
    rgba = np.dstack([np.full((20, 30), 200, np.uint8)] * 3 + [alpha])
    picture = Image.fromarray(rgba).convert(mode)
    picture.save(tmp_path / "a.png")
    with (
        VideoReader(tmp_path / "a.png") as reader,
        VideoWriter(tmp_path / f"b{suffix}", reader.info, tmp_path / "a.png", quality=Quality(lossless=True)) as writer,
    ):
        for frame in reader:
            assert np.array_equal(frame.alpha, alpha)
            writer.write(frame, np.full_like(frame.pixels, [255, 0, 10]))
    with VideoReader(tmp_path / f"b{suffix}") as reader:
        (frame,) = reader
    assert np.array_equal(frame.alpha, alpha)
    assert (frame.pixels[alpha > 0] == [255, 0, 10]).all()


def test_an_unused_channel_is_not_missed(tmp_path):
    Image.fromarray(np.full((20, 30, 4), 255, np.uint8)).save(tmp_path / "a.png")
    result = edit_video(tmp_path / "a.png", "darker", tmp_path / "b.jpg", model=RuleEditor(), look=False)
    assert result.left_out == ()


def test_a_gif_keeps_its_holes(tmp_path):
    rgba = np.dstack([np.full((20, 30), 200, np.uint8)] * 3 + [np.zeros((20, 30), np.uint8)])
    rgba[5:15, 5:20, 3] = 255
    Image.fromarray(rgba).save(tmp_path / "a.gif", save_all=True, append_images=[Image.fromarray(rgba[:, ::-1])])
    edit_video(tmp_path / "a.gif", "darker", tmp_path / "b.gif", model=RuleEditor(), look=False)
    with VideoReader(tmp_path / "a.gif") as before, VideoReader(tmp_path / "b.gif") as after:
        for old, new in zip(before, after, strict=True):
            assert 0 < (old.alpha == 0).mean() < 1
            assert np.array_equal(old.alpha, new.alpha)


@pytest.mark.parametrize("name", ODD)
def test_count_times_size_and_sound_are_kept(name, tmp_path):
    source, output = tmp_path / name, tmp_path / f"out{Path(name).suffix}"
    write(source, **ODD[name])
    edit_video(source, "darker", output, model=RuleEditor(), look=False)
    before, after = picture(source), picture(output)
    assert after == before
    assert sounds(output) == sounds(source)


def length(path):
    """Seconds up to the end of the last frame."""
    with av.open(str(path)) as file:
        packets = [packet for packet in file.demux(video=0) if packet.size]
        return float(max((packet.pts + (packet.duration or 0)) * packet.time_base for packet in packets))


LASTING = {
    "a.mp4": {"options": {"bf": "0"}},
    "a.mkv": {"options": {"bf": "2"}},
    "a.mov": {"codec": "prores_ks", "pix_fmt": "yuv422p10le"},
    "a.webm": {"codec": "libvpx-vp9"},
    "h.mp4": {"codec": "libx265", "options": {"x265-params": "log-level=none:bframes=0"}},
    "a.gif": {"codec": "gif", "pix_fmt": "rgb8", "container": {"last_delay": "200"}},
}


@pytest.mark.parametrize(
    ("name", "suffix"),
    [*((name, Path(name).suffix) for name in LASTING), *(("a.mkv", other) for other in (".mp4", ".gif", ".apng"))],
)
def test_the_last_frame_stays_as_long(name, suffix, tmp_path):
    def lasting(stream):
        stream.codec_context.flags |= Flags.frame_duration

    source, output = tmp_path / name, tmp_path / f"out{suffix}"
    times = [40 * k for k in range(9)]
    write(source, times=times, base=MS, lasts=[40] * 8 + [2000], prepare=lasting, **LASTING[name])
    assert length(source) == pytest.approx(2.32, abs=0.02)
    edit_video(source, "darker", output, model=RuleEditor(), look=False)
    if suffix == ".apng":  # FFmpeg's reader takes the last frame's length from the one before
        data = output.read_bytes()
        numerator, denominator = (int.from_bytes(data[data.rindex(b"fcTL") + k :][:2], "big") for k in (24, 26))
        assert numerator / denominator == pytest.approx(2, abs=0.01)
    else:
        assert length(output) == pytest.approx(2.32, abs=0.02)


@pytest.mark.parametrize("order", ["tff=1", "bff=1"])
@pytest.mark.parametrize(
    ("suffix", "codec"),
    [(".mp4", None), (".mkv", None), (".ts", None), (".mkv", "mpeg4"), (".mkv", "ffv1"), (".mkv", "vp9")],
)
def test_fields_stay_fields(order, suffix, codec, tmp_path):
    source, output = tmp_path / "a.mp4", tmp_path / f"b{suffix}"
    write(source, size=(64, 64), prepare=interlaced, options={"x264-params": order})
    with VideoReader(source, trusted=True) as reader:
        first = reader.info.first_field
    quality = Quality(codec=codec)
    result = edit_video(source, "darker", output, model=RuleEditor(), look=False, quality=quality)
    with VideoReader(output, trusted=True) as reader:
        assert reader.info.first_field == (None if codec == "vp9" else first)
    assert ("interlacing" in result.left_out) == (codec == "vp9")
    with av.open(str(output)) as file:
        assert {frame.interlaced_frame for frame in file.decode(video=0)} == {codec != "vp9"}


@pytest.mark.parametrize("suffix", [".avi", ".mp4", ".mkv"])
@pytest.mark.parametrize("codec", ["libx264", "mpeg4"])
def test_reordered_frames_of_avi_come_at_their_times(suffix, codec, tmp_path):
    source, output = tmp_path / "a.avi", tmp_path / f"b{suffix}"
    write(source, codec=codec, count=20, base=40 * MS, options={"bf": "2"}, sound=["libmp3lame"])
    edit_video(source, "darker", output, model=RuleEditor(), look=False)
    times = [time for time, _, _ in picture(output)]
    assert len(times) == 20
    assert np.diff(times).astype(float) == pytest.approx(0.04, abs=0.0011)
