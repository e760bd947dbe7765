"""Rewards in a process of their own, on their own device, with a limit of time: a batch whose process is killed, hangs
or breaks has no values, and training goes on.
"""

import multiprocessing
import signal
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from typing import Any, Self

import numpy as np

from vireo.errors import InputError, VireoError
from vireo.judges.judge import Sample
from vireo.rewards.scores import LONGEST_REASON, Panel, Scores

Open = Callable[[], Panel]

SECONDS, START_SECONDS, TRIES = 120.0, 600.0, 3
"""Defaults of `PanelProcess`; networks of full size take minutes to load."""


class PanelProcess:
    """Scores in another process, which loads its networks once. Implements `Panel`.

    open_panel: makes the panel over there; it and what it binds are pickled, and a script that uses it needs
        `if __name__ == "__main__":`, as with all processes that are spawned. names: of its rewards. seconds: that a
        batch may take; start_seconds: that `open_panel` may. tries: lost batches in a row after which it gives up.
    restarts: how many processes had to be replaced so far.

    The process starts at once and loads while the caller goes on. It does not outlive this one, and leaves Ctrl-C to
    it. To be called from one thread at a time.
    """

    def __init__(
        self,
        open_panel: Open,
        names: Sequence[str],
        *,
        seconds: float = SECONDS,
        start_seconds: float = START_SECONDS,
        tries: int = TRIES,
    ) -> None:
        self.names, self.restarts = tuple(names), 0
        self._open, self._seconds, self._start_seconds, self._tries = open_panel, seconds, start_seconds, tries
        self._lost = 0
        self._worker: _Worker | None = _Worker(open_panel)

    def score(self, samples: Sequence[Sample]) -> Scores:
        """As `Panel`. All values are NaN where the process was lost. Raises InputError where it was so `tries` times in
        a row, and what `open_panel` raises for people.
        """
        try:
            scores = self._ask(samples)
        except _Lost as lost:
            self.close()
            self._lost += 1
            if self._lost >= self._tries:
                fix = "allow more seconds, score fewer samples at once, or leave that reward out"
                what = f"the process of the rewards failed {self._lost} times in a row; at last it {lost}"
                raise InputError(what, fix) from None
            self._worker = self._restarted()
            reasons = Counter({(name, f"the process {lost}"[:LONGEST_REASON]): len(samples) for name in self.names})
            return Scores({name: np.full(len(samples), np.nan) for name in self.names}, reasons)
        except BaseException:  # an answer that is still to come would be taken for the next one
            self.close()
            raise
        self._lost = 0
        return scores

    def close(self) -> None:
        """Ends the process; it may be called again, and a later `score` starts another."""
        if self._worker is not None:
            self._worker.end()
            self._worker = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _restarted(self) -> "_Worker":
        self.restarts += 1
        return _Worker(self._open)

    def _ask(self, samples: Sequence[Sample]) -> Scores:
        if self._worker is not None and not self._worker.process.is_alive() and self._worker.opened:
            self.close()  # it went while nobody asked it: no batch is lost
        if self._worker is None:
            self._worker = self._restarted()
        if not self._worker.opened:
            self._worker.exchange(self._start_seconds)
            self._worker.opened = True
        return self._worker.exchange(self._seconds, list(samples))


class _Lost(Exception):
    """The process gave no answer: says why, as a sentence without its subject."""


class _Worker:
    """One process and the pipe to it. opened: whether its panel is there."""

    def __init__(self, open_panel: Open) -> None:
        context = multiprocessing.get_context("spawn")  # a process with threads and CUDA cannot be forked
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs, open_panel), daemon=True, name="rewards")
        self.process.start()
        theirs.close()  # so that the end of the process is the end of the pipe
        self.opened = False

    def exchange(self, seconds: float, request: Any = None) -> Any:
        """Sends a request, where there is one, and gives the answer. Whatever hangs, ends when time is up: the process
        is killed, and with it the pipe breaks. Raises _Lost, and VireoErrors of the other side."""
        expired = threading.Event()

        def expire() -> None:
            expired.set()
            self.process.kill()

        timer = threading.Timer(seconds, expire)
        timer.daemon = True
        timer.start()
        try:
            if request is not None:
                self.pipe.send(request)
            answer = self.pipe.recv()
        except (EOFError, OSError):
            raise _Lost(f"took longer than {seconds:g} s" if expired.is_set() else self._ending()) from None
        finally:
            timer.cancel()
            timer.join()
        if expired.is_set():
            self.process.join()  # killed although it had answered: the next batch finds it gone
        if isinstance(answer, VireoError):
            raise answer
        if isinstance(answer, _Lost):
            raise answer
        return answer

    def end(self) -> None:
        """Ends the process, which has nothing to save, and waits for it."""
        self.process.kill()
        self.process.join()
        self.process.close()
        self.pipe.close()

    def _ending(self) -> str:
        self.process.join(5)
        code = self.process.exitcode
        return f"was killed by signal {-code}" if code is not None and code < 0 else f"ended with exit code {code}"


def _serve(pipe: Connection, open_panel: Open) -> None:
    """What the process runs until the pipe ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        panel = open_panel()
    except Exception as error:
        pipe.send(error if isinstance(error, VireoError) else _Lost(f"did not start: {type(error).__name__}: {error}"))
        return
    pipe.send(None)
    while True:
        try:
            samples = pipe.recv()
        except EOFError:
            return
        try:
            pipe.send(panel.score(samples))
        except Exception as error:
            pipe.send(_Lost(f"failed: {type(error).__name__}: {error}"))
