import os
from fractions import Fraction
from itertools import islice

import numpy as np
import pytest
from moving_ramp import pattern
from probing import probe

from vireo.errors import VideoError
from vireo.video.io import Quality, VideoReader, VideoWriter, read_clip, refuse_output, write_lossless


def copy(source, output):
    with VideoReader(source) as reader, VideoWriter(output, reader.info, source=source) as writer:
        for frame in reader:
            writer.write(frame, frame.pixels)
    return output


def times(path):
    with VideoReader(path) as reader:
        return [frame.pts * frame.time_base for frame in reader]


def psnr(a, b):
    return 10 * np.log10(255**2 / max(np.mean((a.astype(float) - b) ** 2), 1e-9))


VFR = [0, 200, 900, 1000, 4000, 4100, 4300, 9000, 9100, 9777, 12000, 20000]


@pytest.mark.parametrize("output", ["o.mp4", "o.mov"])
def test_times_and_sound_are_kept(make_video, sound_packets, tmp_path, output):
    source = make_video("a.mp4", times=VFR, sound="aac", options={"bf": "2"})
    copied = copy(source, tmp_path / output)
    assert times(copied) == times(source) == [Fraction(time, 12800) for time in VFR]
    assert sound_packets(copied) == sound_packets(source)
    assert len(sound_packets(source)) > 10
    assert probe(copied).codec == "h264"


def test_matroska_rounds_times_to_its_milliseconds_and_keeps_the_sound_bytes(make_video, sound_packets, tmp_path):
    source = make_video("a.mp4", times=VFR, sound="aac")
    copied = copy(source, tmp_path / "o.mkv")
    assert all(abs(a - b) <= Fraction(1, 2000) for a, b in zip(times(source), times(copied), strict=True))
    assert [data for _, data in sound_packets(copied)] == [data for _, data in sound_packets(source)]


def test_a_late_start_is_kept(make_video, tmp_path):
    source = make_video("a.mp4", times=[12800 + 512 * t for t in range(12)])
    assert times(source)[0] == 1
    assert times(copy(source, tmp_path / "o.mp4")) == times(source)


@pytest.mark.parametrize(
    ("name", "codec", "pix_fmt", "size"),
    [
        ("a.mp4", "libx264", "yuv420p", (48, 64)),
        ("b.mp4", "libx264", "yuv444p", (47, 63)),
        ("c.mp4", "libx265", "yuv420p10le", (48, 64)),
        ("d.webm", "libvpx-vp9", "yuv420p", (47, 63)),
        ("e.mkv", "libsvtav1", "yuv420p", (64, 80)),
        ("f.mov", "prores_ks", "yuv422p10le", (48, 64)),
        ("g.mov", "mjpeg", "yuvj420p", (47, 63)),
        ("h.mkv", "ffv1", "yuv420p", (47, 63)),
        ("i.webm", "libvpx", "yuv420p", (48, 64)),
    ],
)
def test_codec_format_and_size_follow_the_source(make_video, tmp_path, name, codec, pix_fmt, size):
    options = {"x265-params": "log-level=none"} if codec == "libx265" else {}
    source = make_video(name, codec=codec, pix_fmt=pix_fmt, size=size, count=5, options=options)
    copied = copy(source, tmp_path / f"out{source.suffix}")
    before, after = probe(source), probe(copied)
    assert (before.codec, before.pix_fmt) == (after.codec, after.pix_fmt)
    assert (after.height, after.width) == size
    assert times(source) == times(copied)
    assert psnr(read_clip(source).frames, read_clip(copied).frames) > 36


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="SVT-AV1 asks for real time only as root")
def test_no_thread_gets_real_time_priority(tmp_path):
    write_lossless(tmp_path / "s.mkv", pattern(3, 64, 64), 8)
    before = os.listdir("/proc/self/task")
    with (
        VideoReader(tmp_path / "s.mkv") as reader,
        VideoWriter(tmp_path / "o.mkv", reader.info, quality=Quality("av1")) as writer,
    ):
        for frame in reader:
            writer.write(frame, frame.pixels)
        threads = os.listdir("/proc/self/task")
        assert len(threads) > len(before) + 4, "the encoder has its own"
        assert {os.sched_getscheduler(int(thread)) for thread in threads} <= {os.SCHED_OTHER, os.SCHED_BATCH}


def test_odd_sizes_go_into_any_container(tmp_path):
    frames = pattern(4, 33, 47)
    write_lossless(tmp_path / "s.mkv", frames, 8)
    for name in ("a.mp4", "b.mkv", "c.webm", "d.gif"):
        clip = read_clip(copy(tmp_path / "s.mkv", tmp_path / name))
        assert clip.frames.shape == frames.shape


def test_lossless_sources_stay_bit_exact_in_matroska(tmp_path):
    frames = np.random.default_rng(0).integers(0, 256, (3, 33, 47, 3), dtype=np.uint8)
    write_lossless(tmp_path / "s.mkv", frames, 8)
    assert (read_clip(copy(tmp_path / "s.mkv", tmp_path / "o.mkv")).frames == frames).all()


def test_a_turned_clip_comes_out_upright(make_video, tmp_path):
    source = make_video("t.mp4", turn=90)
    copied = copy(source, tmp_path / "o.mp4")
    assert read_clip(copied).frames.shape == read_clip(source).frames.shape == (12, 64, 48, 3)
    assert psnr(read_clip(source).frames, read_clip(copied).frames) > 36


def test_a_gif_with_few_colours_is_exact(tmp_path):
    frames = np.random.default_rng(0).choice(np.uint8([0, 90, 255]), (4, 30, 40, 3))
    write_lossless(tmp_path / "s.mkv", frames, 10)
    assert (read_clip(copy(tmp_path / "s.mkv", tmp_path / "o.gif")).frames == frames).all()


def test_one_picture_can_be_written_as_an_image_but_not_two(tmp_path):
    write_lossless(tmp_path / "one.mkv", pattern(1, 20, 30), 8)
    write_lossless(tmp_path / "two.mkv", pattern(2, 20, 30), 8)
    assert (read_clip(copy(tmp_path / "one.mkv", tmp_path / "o.png")).frames == pattern(1, 20, 30)).all()
    assert probe(copy(tmp_path / "one.mkv", tmp_path / "o.jpg")).codec == "mjpeg"
    with pytest.raises(VideoError, match="holds one picture"):
        copy(tmp_path / "two.mkv", tmp_path / "p.png")
    assert not (tmp_path / "p.png").exists()


def test_the_same_frames_give_the_same_bytes(make_video, tmp_path):
    source = make_video("a.mp4", sound="aac")
    for suffix in (".mp4", ".mkv"):
        copies = [copy(source, tmp_path / f"{name}{suffix}").read_bytes() for name in "uvwxyz"]
        assert len(set(copies)) == 1


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_whatever_breaks_off_leaves_no_file(make_video, tmp_path, error):
    source = make_video("a.mp4", sound="aac")
    before = sorted(os.listdir(tmp_path))

    def break_off():
        with (
            VideoReader(source) as reader,
            VideoWriter(tmp_path / "o.mp4", reader.info, source=source) as writer,
        ):
            for frame in islice(reader, 5):
                writer.write(frame, frame.pixels)
            raise error

    with pytest.raises(error):
        break_off()
    assert sorted(os.listdir(tmp_path)) == before


def test_outputs_that_must_not_be_written_are_refused(make_video, tmp_path):
    source = make_video("a.mp4")
    (tmp_path / "there.mp4").write_bytes(b"precious")
    os.link(source, tmp_path / "same.mp4")
    for output, overwrite, words in [
        (tmp_path / "there.mp4", False, "exists"),
        (tmp_path, True, "is a folder"),
        (source, True, "is read by the edit itself"),
        (tmp_path / "same.mp4", True, "is read by the edit itself"),
        (tmp_path / "no" / "o.mp4", False, "does not exist"),
        (tmp_path / ("x" * 300 + ".mp4"), False, "cannot be written"),
    ]:
        with pytest.raises(VideoError, match=words):
            refuse_output(output, source, overwrite)
    assert (tmp_path / "there.mp4").read_bytes() == b"precious"
    refuse_output(tmp_path / "there.mp4", source, overwrite=True)
    refuse_output(tmp_path / "new.mp4", source)
    assert not (tmp_path / "new.mp4").exists()


def test_a_name_without_a_video_suffix_is_refused(make_video, tmp_path):
    source = make_video("a.mp4")
    for name in ("o.docx", "o"):
        with pytest.raises(VideoError, match=r"mp4 or \.mkv"):
            copy(source, tmp_path / name)
        assert not (tmp_path / name).exists()


def test_sound_that_the_container_cannot_hold_is_refused(make_video, tmp_path):
    source = make_video("a.mp4", sound="aac")
    with pytest.raises(VideoError, match="cannot hold aac"):
        copy(source, tmp_path / "o.webm")
    assert not (tmp_path / "o.webm").exists()


def stored(source, output, quality):
    with VideoReader(source) as reader, VideoWriter(output, reader.info, quality=quality) as writer:
        for frame in reader:
            writer.write(frame, frame.pixels)
    return probe(output)


@pytest.mark.parametrize(
    ("suffix", "codec"),
    [
        *((suffix, None) for suffix in (".mkv", ".mp4", ".mov", ".avi", ".apng")),
        (".mkv", "ffv1"),
        *((".avi", codec) for codec in ("utvideo", "huffyuv", "rawvideo")),
        *((".mov", codec) for codec in ("png", "qtrle")),
    ],
)
def test_lossless_outputs_return_every_pixel(make_video, tmp_path, suffix, codec):
    source = make_video("in.mp4")
    stored(source, tmp_path / f"out{suffix}", Quality(codec, lossless=True))
    assert (read_clip(tmp_path / f"out{suffix}").frames == read_clip(source).frames).all()


@pytest.mark.parametrize(("codec", "suffix"), [("hevc", ".mp4"), ("vp9", ".webm"), ("h264", ".mkv"), ("mjpeg", ".avi")])
def test_the_codec_is_as_asked(make_video, tmp_path, codec, suffix):
    assert stored(make_video("in.mp4"), tmp_path / f"out{suffix}", Quality(codec)).codec == codec


def test_a_higher_crf_makes_smaller_files(make_video, tmp_path):
    sizes = []
    for crf in (5, 25, 45):
        path = tmp_path / f"{crf}.mp4"
        stored(make_video("in.mp4", size=(96, 128)), path, Quality(crf=crf))
        sizes.append(path.stat().st_size)
    assert sizes[0] > sizes[1] > sizes[2]


@pytest.mark.parametrize(
    ("quality", "suffix", "words"),
    [
        (Quality("xvid9"), ".mp4", "no codec 'xvid9'"),
        (Quality("h264", lossless=True), ".mp4", "h264 loses detail"),
        (Quality(crf=20, lossless=True), ".mkv", "lossless video has no crf"),
        (Quality("vp9"), ".avi", "cannot hold vp9"),
        (Quality(lossless=True), ".webm", "cannot hold such lossless video"),
        (Quality("ffv1", crf=3), ".mkv", "ffv1 has no crf"),
        (Quality(crf=60), ".mp4", "crf 60 is out of range"),
        (Quality("vp8", crf=2), ".webm", "crf 2 is out of range"),
        (Quality("av1", crf=0), ".mkv", "crf 0 is out of range"),
    ],
)
def test_what_cannot_be_is_refused(make_video, tmp_path, quality, suffix, words):
    with pytest.raises(VideoError, match=words):
        stored(make_video("in.mp4"), tmp_path / f"out{suffix}", quality)
    assert not list(tmp_path.glob("*out*"))


@pytest.mark.parametrize("suffix", [".flv", ".ts", ".mov", ".mkv", ".webm"])
def test_times_of_reordered_frames_stay_in_every_container(make_video, tmp_path, suffix):
    source = make_video("in.mp4", options={"bf": "2"})
    stored(source, tmp_path / f"out{suffix}", Quality())
    assert [float(t) for t in times(tmp_path / f"out{suffix}")] == pytest.approx(
        [float(t) for t in times(source)], abs=6e-4
    )


def test_containers_without_exact_times_are_refused(make_video, tmp_path):
    with pytest.raises(VideoError, match="cannot hold video here"):
        stored(make_video("in.mp4"), tmp_path / "out.ogv", Quality())
