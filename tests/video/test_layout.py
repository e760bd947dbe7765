"""What stands around the media of a file: edit lists, further bytes, cuts, and an index that comes first."""

import struct

import av
import numpy as np
import pytest
from odd_clips import write

from vireo.errors import VideoError
from vireo.video.io import VideoReader, VideoWriter
from vireo.video.io.layout import has_index_first, is_truncated

KEYS = {"x264-params": "keyint=10:min-keyint=10:scenecut=0"}


def trimmed(front, back):
    """Hides frames of an MP4 of 25 a second at both ends by its edit lists (ISO/IEC 14496-12, 8.6.6), as phones do."""

    def patch(data):
        data, at = bytearray(data), 0
        while (at := data.find(b"elst", at + 1)) > 0:
            scale = struct.unpack_from(">I", data, data.index(b"mdhd", at) + 16)[0]
            duration, media = struct.unpack_from(">Ii", data, at + 12)
            struct.pack_into(">Ii", data, at + 12, duration - 40 * (front + back), media + scale * front // 25)
        return bytes(data)

    return patch


@pytest.mark.parametrize(("front", "back"), [(25, 0), (23, 0), (0, 12), (13, 19)])
@pytest.mark.parametrize("reordered", ["0", "3"])
def test_frames_that_edit_lists_hide_are_not_missed(tmp_path, front, back, reordered):
    write(tmp_path / "a.mp4", count=50, sound=["aac"], options=KEYS | {"bf": reordered}, patch=trimmed(front, back))
    with VideoReader(tmp_path / "a.mp4", strict=True) as reader:
        frames = list(reader)
    assert len(frames) == reader.info.frames == 50 - front - back
    assert [frame.seconds for frame in frames] == pytest.approx([0.04 * k for k in range(len(frames))])


SAMSUNG = b"\0\0\x01\x0a\x14\0\0\0Samsung_Capture_InfoScreen recorder" + b"SEFH" + bytes(20) + b"SEFT"


@pytest.mark.parametrize(
    "rest", [SAMSUNG, b"TAG" + bytes(125), bytes(5), bytes(4096), b"\xff" * 999, b"\0\0\0\x03free"]
)
@pytest.mark.parametrize("movflags", ["", "faststart", "frag_keyframe+empty_moov"])
def test_what_follows_the_last_box_is_no_truncation(tmp_path, rest, movflags):
    write(tmp_path / "a.mp4", container={"movflags": movflags} if movflags else {}, patch=lambda data: data + rest)
    with VideoReader(tmp_path / "a.mp4", strict=True) as reader:
        assert len(list(reader)) == 7


@pytest.mark.parametrize(
    ("name", "container"), [("a.mp4", {"movflags": "faststart"}), ("a.mp4", {}), ("a.mkv", {}), ("a.webm", {})]
)
def test_cuts_are_known_before_the_first_frame(tmp_path, name, container):
    path = tmp_path / name
    write(path, codec="libvpx" if name == "a.webm" else "libx264", count=40, container=container)
    whole = path.read_bytes()
    assert not is_truncated(path)
    for cut in (1, 100, len(whole) // 2):
        path.write_bytes(whole[:-cut])
        with pytest.raises(VideoError, match="truncated"):
            VideoReader(path)


@pytest.mark.parametrize(
    ("name", "front"),
    [("a.mp4", {"movflags": "faststart"}), ("a.mov", {"movflags": "faststart"}), ("a.mkv", {"cues_to_front": "1"})],
)
def test_an_index_at_the_front_stays_there(tmp_path, name, front):
    for options in (front, {}):
        source, output = tmp_path / name, tmp_path / f"{len(options)}-{name}"
        write(source, container=options, sound=["aac"])
        with VideoReader(source) as reader, VideoWriter(output, reader.info, source) as writer:
            for frame in reader:
                writer.write(frame, frame.pixels)
        assert has_index_first(source) == has_index_first(output) == bool(options)
        with av.open(str(output)) as file:
            assert len([frame for frame in file.decode(video=0)]) == 7
        data = output.read_bytes()
        index, media = (b"moov", b"mdat") if name != "a.mkv" else (b"\x1c\x53\xbb\x6b\x8f", b"\x1f\x43\xb6\x75\x01")
        if name != "a.mkv":
            assert (data.index(index) < data.index(media)) == bool(options)


def test_other_files_have_no_layout(tmp_path):
    (tmp_path / "noise").write_bytes(np.random.default_rng(0).bytes(500))
    assert not is_truncated(tmp_path / "noise")
    assert not has_index_first(tmp_path / "noise")
