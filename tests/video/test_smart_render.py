"""An edit of a span leaves the packets around it as they are."""

import av
import numpy as np
import pytest
from odd_clips import FINE, MS, turned, write

from vireo.video.io import Quality, VideoReader, VideoWriter, read_clip
from vireo.video.io.smart_render import find_reencoded_span

X264 = {"x264-params": "keyint=10:min-keyint=10:scenecut=0"}
OPEN = {"x264-params": "open-gop=1:keyint=10:min-keyint=10:scenecut=0:bframes=3"}
CLIPS = {
    "plain.mp4": {"options": X264, "sound": ["aac"]},
    "reordered.mp4": {"options": X264 | {"bf": "3"}},
    "reordered.mov": {"options": X264 | {"bf": "2"}, "base": MS, "sound": ["pcm_s16le"]},
    "reordered.mkv": {"options": X264 | {"bf": "3"}, "sound": ["aac"]},
    "full.mp4": {"options": X264, "pix_fmt": "yuv444p", "size": (47, 63)},
    "vp9.webm": {"codec": "libvpx-vp9", "options": {"g": "10"}, "base": MS, "sound": ["libopus"]},
    "vp8.webm": {"codec": "libvpx", "options": {"g": "10"}, "base": MS},
    "prores.mov": {"codec": "prores_ks", "pix_fmt": "yuv422p10le"},
    "mjpeg.mov": {"codec": "mjpeg", "pix_fmt": "yuvj422p"},
}
START, STOP = 0.92, 1.03  # frames 23 to 25 of 50, at 25 a second


def packets(path):
    with av.open(str(path)) as file:
        stream = next(s for s in file.streams.video)
        return [(p.pts, p.dts, bytes(p)) for p in file.demux(stream) if p.size]


def edited(source, output, **options):
    """Inverts the frames of the span."""
    with (
        VideoReader(source, trusted=True) as reader,
        VideoWriter(output, reader.info, source, span=(START, STOP), **options) as writer,
    ):
        for frame in reader:
            inside = START <= frame.seconds < STOP
            writer.write(frame, 255 - frame.pixels if inside else frame.pixels)


@pytest.fixture(params=CLIPS)
def clip(request, tmp_path):
    path = tmp_path / request.param
    write(path, count=50, **CLIPS[request.param])
    return path


def test_packets_around_the_span_are_copied(clip, tmp_path):
    output = tmp_path / f"edited{clip.suffix}"
    edited(clip, output)
    before, after = packets(clip), packets(output)
    assert sorted(p[0] for p in after) == sorted(p[0] for p in before)
    assert [p[1] for p in after][10:] == [p[1] for p in before][10:]  # Matroska says none of the first
    kept = {old[0] for old in before} & {new[0] for new in after if new in before}
    changed = [k for k, time in enumerate(sorted(p[0] for p in before)) if time not in kept]
    intra = clip.name.startswith(("prores", "mjpeg"))
    assert changed == list(range(23, 26) if intra else range(20, 30)), changed


def test_the_whole_file_plays(clip, tmp_path):
    output = tmp_path / f"edited{clip.suffix}"
    edited(clip, output)
    before, after = read_clip(clip).frames, read_clip(output).frames
    error = np.abs(after.astype(int) - before).mean((1, 2, 3))
    assert len(after) == 50
    assert (error[:20] == 0).all()
    assert (error[30:] == 0).all()
    assert (error[[*range(20, 23), *range(26, 30)]] < 12).all()
    inverted = np.abs(after.astype(int) - (255 - before)).mean((1, 2, 3))
    assert (inverted[23:26] < 12).all()
    assert (error[23:26] > 40).all()


@pytest.mark.parametrize("suffix", [".mkv", ".ts", ".mov"])
def test_other_containers_copy_too(tmp_path, suffix):
    source, output = tmp_path / "a.mp4", tmp_path / f"b{suffix}"
    write(source, count=50, options=X264 | {"bf": "2"}, base=FINE)
    edited(source, output)
    before, after = read_clip(source).frames, read_clip(output).frames
    outside = np.r_[0:20, 30:50]
    assert np.array_equal(before[outside], after[outside])
    assert np.abs(after[23:26].astype(int) - (255 - before[23:26])).mean() < 12


@pytest.mark.parametrize(
    "how",
    [{"options": OPEN}, {"codec": "libx265", "options": {"x265-params": "log-level=none"}}, {"prepare": turned(90)}],
)
def test_what_cannot_be_copied_is_encoded(tmp_path, how):
    write(tmp_path / "a.mp4", count=50, **how)
    edited(tmp_path / "a.mp4", tmp_path / "b.mp4")
    before, after = read_clip(tmp_path / "a.mp4").frames, read_clip(tmp_path / "b.mp4").frames
    assert np.abs(after[:20].astype(int) - before[:20]).mean() < 12
    assert np.abs(after[23:26].astype(int) - (255 - before[23:26])).mean() < 12


def test_a_wish_for_the_quality_encodes_all(tmp_path):
    write(tmp_path / "a.mp4", count=50, options=X264)
    edited(tmp_path / "a.mp4", tmp_path / "b.mp4", quality=Quality(crf=40))
    assert not {p[2] for p in packets(tmp_path / "a.mp4")} & {p[2] for p in packets(tmp_path / "b.mp4")}


@pytest.mark.parametrize("suffix", [".avi", ".flv"])
def test_containers_without_such_times_encode_all(tmp_path, suffix):
    intra = (
        {"codec": "mjpeg", "pix_fmt": "yuvj420p", "base": MS} if suffix == ".avi" else {"options": X264 | {"bf": "2"}}
    )
    source, output = tmp_path / "a.mov", tmp_path / f"b{suffix}"
    write(source, count=50, **intra)
    edited(source, output)
    before, after = read_clip(source).frames, read_clip(output).frames
    assert np.abs(after[:20].astype(int) - before[:20]).mean() < 12
    assert np.abs(after[23:26].astype(int) - (255 - before[23:26])).mean() < 12


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts"])
def test_sound_stays_beside_the_picture(tmp_path, suffix):
    source, output = tmp_path / "a.mp4", tmp_path / f"b{suffix}"
    write(source, count=100, rate=4, options={"x264-params": "keyint=8:min-keyint=8:scenecut=0"}, sound=["aac"])
    with VideoReader(source, trusted=True) as reader, VideoWriter(output, reader.info, source, span=(20, 21)) as writer:
        for frame in reader:
            writer.write(frame, 255 - frame.pixels if reader.info.within(frame.pts, 20, 21) else frame.pixels)
    with av.open(str(output)) as file:
        order = [(p.stream.type, float(p.dts * p.time_base)) for p in file.demux() if p.size and p.dts is not None]
    apart, last = 0.0, {"audio": 0.0, "video": 0.0}
    for kind, seconds in order:
        last[kind] = seconds
        apart = max(apart, abs(last["audio"] - last["video"]))
    assert apart < 2
    after, before = read_clip(output).frames, read_clip(source).frames
    assert np.array_equal(after[:70], before[:70])
    assert np.array_equal(after[90:], before[90:])


def test_edges_of_the_span_are_those_of_the_edit(tmp_path):
    times = [1000 + 40 * k for k in range(30)]
    write(tmp_path / "a.mov", codec="mjpeg", pix_fmt="yuvj420p", base=MS, times=times)
    with VideoReader(tmp_path / "a.mov", trusted=True) as reader:
        times = [frame.pts for frame in reader]
        for stop in (0.4, 0.44, 0.48, 0.52):
            span = find_reencoded_span(tmp_path / "a.mov", reader.info, "mov", "mjpeg", reader.info.pix_fmt, None, stop)
            assert [k for k, t in enumerate(times) if span.touches(t)] == [k for k in range(30) if 40 * k < 1000 * stop]


def test_the_span_of_an_open_group_begins_before_it(tmp_path):
    write(tmp_path / "a.mp4", count=50, options=OPEN)
    with av.open(str(tmp_path / "a.mp4")) as file:
        found = [p for p in file.demux(file.streams.video[0]) if p.size]
    keys = [k for k, p in enumerate(found) if p.is_keyframe]
    assert any(q.pts < found[k].pts for k in keys for q in found[k + 1 :]), "the clip has open groups"
    edited(tmp_path / "a.mp4", tmp_path / "b.mp4")
    before, after = read_clip(tmp_path / "a.mp4").frames, read_clip(tmp_path / "b.mp4").frames
    assert np.abs(after[[*range(20), *range(40, 50)]].astype(int) - before[[*range(20), *range(40, 50)]]).mean() < 12
    assert np.abs(after[23:26].astype(int) - (255 - before[23:26])).mean() < 12
