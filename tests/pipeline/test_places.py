"""Where files lie: full disks, read-only folders, links to the source, odd names."""

import contextlib
import json
import os
import subprocess

import pytest
from rule_editor import RuleEditor, scene

from vireo import edit_video
from vireo.errors import InputError
from vireo.receipt.verify import verify
from vireo.video.io import read_clip, write_lossless


@pytest.fixture
def clip(tmp_path):
    path = tmp_path / "source.mkv"
    write_lossless(path, scene(18)[0], fps=8)
    return path


@contextlib.contextmanager
def full_disk(folder):
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], capture_output=True)
    if mounted.returncode:
        pytest.skip("a small disk cannot be mounted here")
    try:
        (folder / "filler").write_bytes(bytes(65536))
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.mark.parametrize("name", ["out.mkv", "out.mp4", "out.gif", "out.webm", "out.png"])
def test_a_full_disk(clip, tmp_path, name):
    before = clip.read_bytes()
    if name == "out.png":
        write_lossless(clip, scene(1)[0], fps=8)
        before = clip.read_bytes()
    with full_disk(tmp_path / "disk") as disk:
        with pytest.raises(InputError, match="no space left"):
            edit_video(clip, "darker", disk / name, model=RuleEditor())
        assert [path.name for path in disk.iterdir()] == ["filler"]
    assert clip.read_bytes() == before


@pytest.mark.parametrize("what", ["receipt", "compare"])
def test_no_room_for_what_comes_beside_the_output(clip, tmp_path, what):
    with full_disk(tmp_path / "disk") as disk:
        with pytest.raises(InputError, match="no space left"):
            edit_video(clip, "darker", tmp_path / "out.mkv", model=RuleEditor(), **{what: disk / "beside.png"})
        assert [path.name for path in disk.iterdir()] == ["filler"]


def test_a_read_only_disk(clip, tmp_path):
    with full_disk(tmp_path / "disk") as disk:
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        with pytest.raises(InputError, match="read-only"):
            edit_video(clip, "darker", disk / "out.mkv", model=RuleEditor())


@pytest.mark.parametrize("link", [os.link, os.symlink])
def test_the_source_under_another_name_is_not_overwritten(clip, tmp_path, link):
    before = clip.read_bytes()
    link(clip, tmp_path / "other.mkv")
    with pytest.raises(InputError, match="is read by the edit itself"):
        edit_video(clip, "darker", tmp_path / "other.mkv", model=RuleEditor(), overwrite=True)
    assert clip.read_bytes() == before


@pytest.mark.parametrize(
    "name", ["a b", 'it\'s "quoted"', "🎈 ünï", "-dash", "100%d", "a:b", "file:x", "قطة", "x" * 251, "new\nline"]
)
def test_odd_names(clip, tmp_path, name):
    source, output = tmp_path / f"{name}.mkv", tmp_path / "to" / f"{name}.mkv"
    output.parent.mkdir()
    clip.rename(source)
    edit_video(source, "darker", output, model=RuleEditor(), receipt=tmp_path / "to" / "receipt.json")
    assert len(read_clip(output).frames) == 18
    assert verify(source, output, tmp_path / "to" / "receipt.json").holds
    assert {path.name for path in output.parent.iterdir()} == {output.name, "receipt.json"}
    assert json.loads((tmp_path / "to" / "receipt.json").read_text())


def test_a_name_too_long_for_the_disk(clip, tmp_path):
    with pytest.raises(InputError, match="name too long"):
        edit_video(clip, "darker", tmp_path / ("x" * 300 + ".mkv"), model=RuleEditor())
