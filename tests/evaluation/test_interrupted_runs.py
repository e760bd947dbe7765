"""Runs that break, are killed, are shared by processes, or score clips that something else has finished."""

import json
import subprocess
import sys
import time

import numpy as np
import pytest

from tests.evaluation.tiny_pairs import Perfect, evaluate
from vireo.errors import InputError
from vireo.evaluation.records import Record, read_records
from vireo.pairs.format import read_pairs
from vireo.video.io import read_clip, write_lossless


def test_a_broken_run_goes_on(run, tmp_path):
    class Stumbles(Perfect):
        def edit(self, jobs, truths):
            if len(self.calls) == 4:
                raise RuntimeError("stumbled")
            return super().edit(jobs, truths)

    with pytest.raises(RuntimeError):
        run(Stumbles(), tmp_path)
    records = tmp_path / "records.jsonl"
    assert len(records.read_text().splitlines()) == 4
    records.write_text(records.read_text() + '{"key": "half wri')
    again = Perfect()
    report = run(again, tmp_path)
    assert again.calls == ["make p4 bright"]
    assert report["n"] == 5
    whole = run(Perfect(), tmp_path / "whole")
    assert whole["families"] == report["families"]
    other = Perfect({"make p1 bright"})  # other settings: nothing is taken over
    assert run(other, tmp_path)["families"]["recolor"]["success"]["rate"] == 0.5
    assert len(other.calls) == 5


def test_finished_clips(pairs_dir, tmp_path):
    clips = tmp_path / "clips"
    clips.mkdir()
    for i in range(5):
        name = "source" if i == 1 else "target"
        (clips / f"p{i}.mkv").write_bytes((pairs_dir / "videos" / f"p{i}-{name}.mkv").read_bytes())
    report = evaluate(pairs_dir, out=tmp_path / "out", videos=clips)
    assert report["families"]["recolor"]["success"]["rate"] == 0.5
    assert report["oracle_vae"] == {}
    assert report["raw"] == {}
    (clips / "p1.mkv").write_bytes((pairs_dir / "videos" / "p1-target.mkv").read_bytes())  # mended since
    again = evaluate(pairs_dir, out=tmp_path / "out", videos=clips)
    assert again["families"]["recolor"]["success"]["rate"] > report["families"]["recolor"]["success"]["rate"]


def test_finished_clips_that_cannot_be_scored_are_listed(pairs_dir, tmp_path):
    """One is missing, one has another size, one is no video; the rest is scored, and all of it once they are mended."""
    clips = tmp_path / "clips"
    clips.mkdir()
    for pair in read_pairs(pairs_dir):
        write_lossless(clips / f"{pair.id}.mkv", read_clip(pairs_dir / pair.target).frames, fps=8)
    (clips / "p0.mkv").unlink()
    write_lossless(clips / "p1.mkv", np.zeros((9, 16, 32, 3), np.uint8), fps=8)
    (clips / "p2.mkv").write_text("no video")
    report = evaluate(pairs_dir, out=tmp_path / "out", videos=clips)
    why = {failure["id"]: failure["why"] for failure in report["failures"]}
    assert "no clip of pair p0" in why["p0"]
    assert "keep frame count and size" in why["p1"]
    assert set(why) == {"p0", "p1", "p2"}
    assert report["n"] == 2
    assert "no clip of pair p0" in (tmp_path / "out" / "report.html").read_text()
    for pair in read_pairs(pairs_dir):
        write_lossless(clips / f"{pair.id}.mkv", read_clip(pairs_dir / pair.target).frames, fps=8)
    mended = evaluate(pairs_dir, out=tmp_path / "out", videos=clips)
    assert (mended["failures"], mended["n"], mended["success"]["rate"]) == ([], 5, 1)
    for clip in clips.iterdir():
        clip.unlink()
    with pytest.raises(InputError, match="no clip of any pair"):
        evaluate(pairs_dir, out=tmp_path / "again", videos=clips)
    assert not (tmp_path / "again").exists()
    (clips / "p3.mkv").write_text("no video")
    with pytest.raises(InputError, match="no clip could be scored"):
        evaluate(pairs_dir, out=tmp_path / "again", videos=clips)


def test_kill_9_repeats_no_finished_pair(pairs_dir, tmp_path):
    """The command, killed as soon as two pairs are on disk; what it goes on with are the others."""
    clips = tmp_path / "clips"
    clips.mkdir()
    for pair in read_pairs(pairs_dir):
        write_lossless(clips / f"{pair.id}.mkv", read_clip(pairs_dir / pair.target).frames, fps=8)
    command = [sys.executable, "-c", "from vireo.cli import main; main()"]
    command += ["eval", str(pairs_dir), "--videos", str(clips), "--out", str(tmp_path / "out")]
    records = tmp_path / "out" / "records.jsonl"
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not (records.is_file() and records.read_bytes().count(b"\n") >= 2):
        assert running.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.002)
    running.kill()
    running.wait()
    before = records.read_text()
    subprocess.run(command, check=True, capture_output=True)
    after = records.read_text()
    assert after.startswith(before[: before.rindex("\n") + 1])
    keys = [json.loads(line)["key"] for line in after.splitlines() if line.endswith("}")]
    assert len(keys) == len(set(keys)) == 5


def test_several_processes_give_what_one_gives(pairs_dir, tmp_path):
    (tmp_path / "clips").mkdir()
    for pair in read_pairs(pairs_dir):
        write_lossless(tmp_path / "clips" / f"{pair.id}.mkv", read_clip(pairs_dir / pair.target).frames, fps=8)
    seen = []
    given = {"videos": tmp_path / "clips", "on_progress": lambda done, total, label: seen.append((done, total))}
    reports = [evaluate(pairs_dir, out=tmp_path / f"{n}", workers=n, **given) for n in (1, 2)]
    assert seen == [(k, 5) for k in range(1, 6)] * 2
    one, two = (read_records(tmp_path / f"{n}" / "records.jsonl", Record) for n in (1, 2))
    assert {k: r.model_copy(update={"seconds": 0}) for k, r in one.items()} == {
        k: r.model_copy(update={"seconds": 0}) for k, r in two.items()
    }
    same = ("success", "families", "measures", "n", "settings")
    assert {name: reports[0][name] for name in same} == {name: reports[1][name] for name in same}
