"""The process that decodes: its limits hold, and whatever happens there is told here."""

import gc
import os
import resource
import signal
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from moving_ramp import pattern
from odd_clips import write

from vireo.errors import VideoError, VireoError
from vireo.video.io import VideoReader, decoder_process, read_clip, sandbox, write_lossless


@pytest.fixture
def clip(tmp_path):
    path = tmp_path / "clip.mkv"
    write_lossless(path, pattern(40, 96, 128), 25)
    return path


def stand_in(monkeypatch, tmp_path, code):
    """The child runs this code instead; it is given the path and the number of the pipe."""
    (tmp_path / "child.py").write_text("import os, sys, time\npipe = int(sys.argv[2])\n" + code)
    start = subprocess.Popen

    def popen(command, **options):
        return start([command[0], str(tmp_path / "child.py"), *command[-2:]], **options)

    monkeypatch.setattr(sandbox.subprocess, "Popen", popen)


def run_limited(code, seconds=decoder_process.MAX_CPU_SECONDS):
    """Runs code in a process under the child's limits, of which the time may be another."""
    begin = f"from vireo.video.io import decoder_process as child\nchild.MAX_CPU_SECONDS = {seconds}\n"
    script = begin + "child.limit_resources()\n" + code
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)


def test_both_ways_of_reading_give_the_same(clip):
    apart, here = read_clip(clip), read_clip(clip, trusted=True)
    assert np.array_equal(apart.frames, here.frames)
    with VideoReader(clip) as a, VideoReader(clip, trusted=True) as b:
        assert a.info == b.info
        assert [(f.pts, f.duration, f.time_base) for f in a] == [(f.pts, f.duration, f.time_base) for f in b]


def test_memory_time_and_writing_are_limited(tmp_path):
    assert "MemoryError" in run_limited("bytearray(3 * 2**30)").stderr
    assert run_limited("while True: pass", seconds=1).returncode == -signal.SIGXCPU
    path = tmp_path / "written"
    path.touch()
    assert "File too large" in run_limited(f"import os; os.write(os.open({str(path)!r}, os.O_WRONLY), b'x')").stderr
    assert path.stat().st_size == 0


def test_tighter_limits_of_the_system_are_kept(clip):
    script = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_CPU, (60, 60));"
        f"from vireo.video.io import read_clip; print(len(read_clip({str(clip)!r}).frames))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.strip() == "40", done.stderr


def test_memory_does_not_grow_with_the_number_of_large_frames(tmp_path):
    path = tmp_path / "large.mkv"
    frame = av.VideoFrame.from_ndarray(np.full((1080, 1920, 3), 99, np.uint8), format="rgb24")
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 1920, 1080, "yuv444p10le"
        for index in range(40):
            frame.pts, frame.time_base = index, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with VideoReader(path) as reader:
        used = []
        for number, _ in enumerate(reader):
            if number % 10 == 5:  # of the last frames the process may have ended
                status = Path(f"/proc/{reader._source._process.pid}/status").read_text()
                used.append(int(status.split("VmData:")[1].split()[0]))
    assert max(used) < 1.15 * used[0], used


@pytest.mark.parametrize(
    ("code", "error", "words"),
    [
        ("os.kill(os.getpid(), 11)", VideoError, "its decoder crashed .SIGSEGV"),
        ("os.kill(os.getpid(), 24)", VideoError, "takes too long"),
        ("sys.exit(3)", VireoError, "without an error message .3"),
        ("os.write(pipe, b'hello, this is nonsense')", VideoError, "broke its protocol"),
        ("os.write(pipe, b'info ' + (2**60).to_bytes(8, 'little'))", VideoError, "broke its protocol"),
        ("os.write(pipe, b'info ' + (2).to_bytes(8, 'little') + b'{}')", VideoError, "broke its protocol"),
        ("os.write(pipe, b'fault' + (4).to_bytes(8, 'little') + b'oops')", VireoError, "failed: oops"),
        ("time.sleep(60)", VideoError, "does not answer"),
    ],
)
def test_whatever_the_child_does_is_one_error(monkeypatch, tmp_path, clip, code, error, words):
    stand_in(monkeypatch, tmp_path, code)
    monkeypatch.setattr(sandbox, "MESSAGE_TIMEOUT", 2.0)
    with pytest.raises(error, match=words) as told:
        VideoReader(clip)
    assert isinstance(told.value, VideoError) == (error is VideoError)


def test_no_process_and_no_pipe_is_left(clip):
    def state():
        children = subprocess.run(["ps", "--ppid", str(os.getpid()), "-o", "args="], capture_output=True, text=True)
        return children.stdout.count("vireo.video.io.decoder_process"), len(os.listdir("/proc/self/fd"))

    gc.collect()  # of what other tests left
    before = state()
    for _ in range(3):
        with VideoReader(clip) as reader:
            next(iter(reader))
        forgotten = VideoReader(clip)
        next(iter(forgotten))
        del forgotten
        gc.collect()
        with pytest.raises(VideoError):
            VideoReader(clip.with_name("missing.mkv"))
    assert state() == before


def test_a_reader_can_be_asked_again_after_the_end(clip):
    with VideoReader(clip) as reader:
        assert len(list(reader)) == 40
        assert list(reader) == []


def test_a_clip_that_changes_its_size_is_refused(tmp_path):
    parts = []
    for number, size in enumerate([(48, 64), (64, 48)]):  # the same area
        write(tmp_path / f"{number}.mjpeg", codec="mjpeg", pix_fmt="yuvj420p", size=size, count=3)
        parts.append((tmp_path / f"{number}.mjpeg").read_bytes())
    path = tmp_path / "both.mjpeg"
    path.write_bytes(b"".join(parts))
    for trusted in (False, True):
        with pytest.raises(VideoError, match="changes its size"), VideoReader(path, trusted=trusted) as reader:
            list(reader)


def test_names_that_no_file_has(tmp_path):
    with pytest.raises(VideoError, match="no name of a file"):
        VideoReader("a\0b.mp4")


def test_tags_in_other_encodings_do_not_matter(tmp_path):
    path = tmp_path / "old.mkv"
    write(path, codec="ffv1", pix_fmt="bgr0", tags={"title": "Cafe"})
    path.write_bytes(path.read_bytes().replace(b"Cafe", b"Caf\xe9"))
    assert len(read_clip(path).frames) == 7


def test_it_starts_quickly(clip):
    began, used = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    with VideoReader(clip):
        pass
    assert time.perf_counter() - began < 30
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - used < 2


def test_a_damaged_length_says_nothing(tmp_path):
    path = tmp_path / "odd.mkv"
    write(path, codec="ffv1", pix_fmt="bgr0")
    data = path.read_bytes()
    at = data.index(b"00:00:00.")
    path.write_bytes(data[: at + 9] + b" " + data[at + 10 :])
    assert len(read_clip(path).frames) == 7
