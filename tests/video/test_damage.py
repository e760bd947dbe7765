"""One damaged packet costs one frame, and it is said which."""

import av
import numpy as np
import pytest
from mutations import spoil
from odd_clips import MS, ODD, write

from vireo.errors import VideoError
from vireo.video.io import VideoReader, decoder

X264 = {"x264-params": "keyint=10:min-keyint=10:scenecut=0"}
CLIPS = {
    "plain.mp4": {"options": X264 | {"bf": "0"}, "sound": ["aac"]},
    "reordered.mp4": {"options": X264 | {"bf": "3"}},
    "reordered.mkv": {"options": X264 | {"bf": "3"}, "sound": ["aac"]},
    "hevc.mp4": {"codec": "libx265", "options": {"x265-params": "log-level=none:keyint=10:min-keyint=10"}},
    "vp9.webm": {"codec": "libvpx-vp9", "base": MS, "options": {"g": "10"}},
    "mpeg4.avi": {"codec": "mpeg4", "base": 40 * MS, "options": {"g": "10", "bf": "2"}},
    "reordered.avi": {"options": X264 | {"bf": "3"}, "base": 40 * MS},
    "mjpeg.mov": {"codec": "mjpeg", "pix_fmt": "yuvj420p"},
}


def read(path, **how):
    with VideoReader(path, trusted=True, **how) as reader:
        frames = list(reader)
    return frames, reader


@pytest.mark.parametrize("name", CLIPS)
@pytest.mark.parametrize("number", [1, 14, 29])
def test_count_and_times_stay_and_the_frame_is_told(tmp_path, name, number):
    path = tmp_path / name
    write(path, count=30, **CLIPS[name])
    before, whole = read(path, strict=True)
    assert not whole.damaged
    shown = spoil(path, number, **{"first": 0, "count": 9999} if name == "mjpeg.mov" else {})
    after, reader = read(path)
    assert [frame.pts for frame in after] == [frame.pts for frame in before]
    if path.suffix != ".avi":  # where its place among reordered ones is not known
        assert shown in reader.damaged
    assert 1 <= len(reader.damaged) <= 11, reader.damaged
    assert not reader.ends_early
    for place, (old, new) in enumerate(zip(before, after, strict=True)):
        assert new.damaged == (place in reader.damaged)
        if place < shown - 4:
            assert np.array_equal(old.pixels, new.pixels)
    with pytest.raises(VideoError, match="damaged"):
        read(path, strict=True)


@pytest.mark.parametrize("name", [name for name in CLIPS if not name.endswith(".avi")])
def test_frames_before_the_first_that_can_be_decoded_show_it(tmp_path, name):
    path = tmp_path / name
    write(path, count=30, **CLIPS[name])
    before, _ = read(path)
    spoil(path, 0, first=0, count=9999)
    after, reader = read(path)
    assert [frame.pts for frame in after] == [frame.pts for frame in before]
    count = len(reader.damaged)
    assert reader.damaged == list(range(count))
    assert count == 1 if name == "mjpeg.mov" else 8 < count < 14
    assert all(np.array_equal(frame.pixels, after[count].pixels) for frame in after[:count])


def test_a_missing_frame_repeats_the_one_before(tmp_path):
    path = tmp_path / "a.mov"
    write(path, codec="mjpeg", pix_fmt="yuvj420p", count=9)
    before, _ = read(path)
    spoil(path, 0, first=0, count=9999)
    spoil(path, 5, first=0, count=9999)
    after, reader = read(path)
    assert reader.damaged == [0, 5]
    for number, other in enumerate([1, 1, 2, 3, 4, 4, 6, 7, 8]):
        assert np.array_equal(after[number].pixels, before[other].pixels)


def test_both_ways_of_reading_tell_the_same(tmp_path):
    write(tmp_path / "a.mp4", count=30, **CLIPS["reordered.mp4"])
    spoil(tmp_path / "a.mp4", 14)
    here, reader = read(tmp_path / "a.mp4")
    with VideoReader(tmp_path / "a.mp4") as other:
        apart = list(other)
    assert reader.damaged == other.damaged
    assert all(np.array_equal(a.pixels, b.pixels) and a.pts == b.pts for a, b in zip(here, apart, strict=True))


@pytest.mark.parametrize("name", ODD)
def test_undamaged_files_are_not_called_damaged(tmp_path, name):
    write(tmp_path / name, **ODD[name])
    _, reader = read(tmp_path / name, strict=True)
    assert (reader.damaged, reader.ends_early) == ([], False)


def test_reading_that_breaks_off_ends_the_clip(tmp_path, monkeypatch):
    write(tmp_path / "a.mkv", count=12, options={"bf": "2"})
    demux = av.container.InputContainer.demux

    class Broken:
        def __init__(self, container):
            self.container = container

        def __getattr__(self, name):
            return getattr(self.container, name)

        def demux(self, stream):
            for number, packet in enumerate(demux(self.container, stream)):
                if number == 8:
                    raise av.error.InvalidDataError(1, "broken")
                yield packet

    open_source = decoder.open_source
    monkeypatch.setattr(decoder, "open_source", lambda path: Broken(open_source(path)))
    frames, reader = read(tmp_path / "a.mkv")
    assert len(frames) == 8
    assert reader.ends_early
    with pytest.raises(VideoError, match="damaged"):
        read(tmp_path / "a.mkv", strict=True)
