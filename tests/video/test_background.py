"""Reading ahead and writing behind: order, bounds, errors, and no thread that is left."""

import itertools
import threading
import time

import numpy as np
import pytest

from vireo.errors import VideoError
from vireo.video.io import VideoReader, VideoWriter
from vireo.video.io.background import MOST_QUEUED, QUEUE_BYTES, WriteBehind, queue_depth, read_ahead


@pytest.fixture(autouse=True)
def no_thread_is_left():
    before = threading.active_count()
    yield
    assert threading.active_count() == before


def settle(condition):
    """Waits, a minute at most, until a condition holds that a thread brings about."""
    until = time.monotonic() + 60
    while not condition() and time.monotonic() < until:
        time.sleep(0.01)
    return condition()


def test_items_come_in_order_and_no_more_than_depth_ahead():
    taken = []
    source = (taken.append(k) or k for k in range(100))
    with read_ahead(source, 3) as items:
        assert settle(lambda: len(taken) == 3)  # before any is asked for
        assert next(items) == 0
        assert settle(lambda: len(taken) == 4)
        time.sleep(0.05)
        assert len(taken) == 4
        assert list(items) == list(range(1, 100))


def test_an_error_comes_in_place_of_its_item():
    def source():
        yield from range(2)
        raise VideoError("damaged")

    with read_ahead(source(), 5) as items:
        assert [next(items), next(items)] == [0, 1]
        with pytest.raises(VideoError, match="damaged"):
            next(items)


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_a_broken_off_block_ends_the_thread(error):
    def break_off(items):
        next(items)
        raise error

    with pytest.raises(error), read_ahead(itertools.count(), 4) as items:
        break_off(items)


def test_a_reader_can_be_left_early(make_video):
    with VideoReader(make_video("clip.mp4", count=40)) as reader, read_ahead(reader, 4) as frames:
        assert next(frames).pts == reader.info.first_pts


def test_calls_run_in_order_and_the_queue_is_bounded():
    gate, done, behind = threading.Event(), [], WriteBehind(2)

    def call(k):
        gate.wait()
        done.append(k)

    for k in range(2):
        behind.submit(call, k)
    late = threading.Thread(target=behind.submit, args=(call, 2))
    late.start()
    time.sleep(0.05)
    assert late.is_alive()
    gate.set()
    late.join()
    behind.finish()
    behind.close()
    assert done == [0, 1, 2]


def test_the_first_error_is_raised_and_nothing_runs_after_it():
    done, behind = [], WriteBehind(3)

    def fail():
        raise VideoError("the disk is full")

    gate = threading.Event()
    behind.submit(gate.wait)
    behind.submit(fail)
    behind.submit(done.append, 0)
    gate.set()
    with pytest.raises(VideoError, match="full"):
        behind.finish()
    behind.close()
    assert not done


def test_an_error_of_encoding_leaves_no_file(make_video, tmp_path, monkeypatch):
    source, output = make_video("clip.mp4", count=30), tmp_path / "out.mp4"

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("vireo.video.io.streams.EncodedStream.encode", fail)

    def copy():
        with VideoReader(source) as reader, VideoWriter(output, reader.info, source) as writer:
            for frame in reader:
                writer.write(frame, frame.pixels)

    with pytest.raises(VideoError, match="no space left"):
        copy()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clip.mp4"]


def test_a_queue_is_bounded_by_memory_and_by_count():
    assert queue_depth(1) == MOST_QUEUED
    assert queue_depth(QUEUE_BYTES // 5) == 5
    assert queue_depth(np.iinfo(np.int64).max) == 2
