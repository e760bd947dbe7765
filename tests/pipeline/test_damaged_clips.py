"""A damaged packet does not end an edit; the result says which frames it has cost."""

import pytest
from mutations import spoil
from odd_clips import write
from rule_editor import RuleEditor

from vireo.errors import VideoError
from vireo.pipeline.edit import edit_video
from vireo.receipt import verify
from vireo.video.io import VideoReader


def times(path):
    with VideoReader(path, strict=True) as reader:
        return [frame.seconds for frame in reader]


def test_an_edit_carries_on_and_says_which_frames(tmp_path):
    source, output, receipt = tmp_path / "a.mp4", tmp_path / "b.mp4", tmp_path / "r.json"
    write(source, count=30, options={"x264-params": "keyint=10:min-keyint=10:scenecut=0"}, sound=["aac"])
    expected = times(source)
    lost = spoil(source, 14)
    result = edit_video(source, "darker", output, model=RuleEditor(), look=False, receipt=receipt)
    assert lost in result.damaged
    assert f"{source} is damaged at frame" in result.warnings[0]
    assert f" {lost}" in result.warnings[0]
    assert times(output) == expected
    assert verify(source, output, receipt).holds
    lost = spoil(output, 3)
    assert f"frame {lost}: it cannot be decoded whole" in verify(source, output, receipt).failures
    with pytest.raises(VideoError, match="damaged"):
        edit_video(source, "darker", tmp_path / "c.mp4", model=RuleEditor(), look=False, strict_decode=True)
    assert not (tmp_path / "c.mp4").exists()


def test_a_damaged_mask_is_told_too(tmp_path):
    write(tmp_path / "a.mkv", codec="ffv1", pix_fmt="bgr0", count=9)
    write(tmp_path / "m.mov", codec="mjpeg", pix_fmt="yuvj420p", count=9)
    spoil(tmp_path / "m.mov", 2, first=0, count=9999)
    spoil(tmp_path / "m.mov", 3, first=0, count=9999)
    result = edit_video(tmp_path / "a.mkv", "darker", tmp_path / "b.mkv", model=RuleEditor(), mask=tmp_path / "m.mov")
    assert (result.frames, result.damaged) == (9, ())
    assert "m.mov is damaged at frames 2 to 3," in result.warnings[0]
