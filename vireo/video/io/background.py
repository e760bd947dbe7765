"""Threads that read ahead of the work and write behind it, so that decoding, editing and encoding overlap.

FFmpeg and NumPy release Python's lock for most of their work, so that a second core helps.
"""

import contextlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

Item = TypeVar("Item")

QUEUE_BYTES = 64 * 2**20
MOST_QUEUED = 16
"""Two windows of frames, which are edited at once."""

_END: Any = object()


def queue_depth(item_bytes: int) -> int:
    """How many items of a size may wait in a queue: what fits into QUEUE_BYTES, but 2 to MOST_QUEUED."""
    return max(2, min(MOST_QUEUED, QUEUE_BYTES // item_bytes))


@contextlib.contextmanager
def read_ahead(items: Iterable[Item], depth: int) -> Iterator[Iterator[Item]]:
    """The same items in the same order, taken from `items` in a thread, up to `depth` before they are asked for.

        with VideoReader(path) as reader, read_ahead(reader, depth) as frames:
            for frame in frames: ...

    An error of `items` is raised in place of the item. Once the block has ended, in whatever way, nothing uses `items`
    any more, so that it can be closed; an item that is being made at that moment is waited for.
    """
    source = iter(items)
    with ThreadPoolExecutor(1, "read-ahead") as pool:
        waiting = deque(pool.submit(next, source, _END) for _ in range(depth))
        try:
            yield _results(pool, source, waiting)
        finally:
            pool.shutdown(cancel_futures=True)


def _results(pool: ThreadPoolExecutor, source: Iterator[Item], waiting: deque[Future[Item]]) -> Iterator[Item]:
    while (item := waiting.popleft().result()) is not _END:
        waiting.append(pool.submit(next, source, _END))
        yield item


class WriteBehind:
    """Runs calls one after another in a thread while the caller goes on; at most `depth` of them wait.

    The first error is raised by a later `submit` or by `finish`, and no call after it is run.
    """

    def __init__(self, depth: int) -> None:
        self._pool, self._depth = ThreadPoolExecutor(1, "write-behind"), depth
        self._waiting: deque[Future[None]] = deque()
        self._failed = False

    def submit(self, call: Callable[..., None], *arguments: Any) -> None:
        """Queues a call; waits while the queue is full. The arguments must not be changed afterwards."""
        while self._waiting and (len(self._waiting) >= self._depth or self._waiting[0].done()):
            self._waiting.popleft().result()
        self._waiting.append(self._pool.submit(self._run, call, *arguments))

    def _run(self, call: Callable[..., None], *arguments: Any) -> None:
        if not self._failed:
            try:
                call(*arguments)
            except BaseException:
                self._failed = True
                raise

    def finish(self) -> None:
        """Waits until all calls have been run."""
        while self._waiting:
            self._waiting.popleft().result()

    def close(self) -> None:
        """Ends the thread; the call that runs is waited for, those that wait are dropped."""
        self._pool.shutdown(cancel_futures=True)
