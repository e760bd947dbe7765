"""A request seen from outside: how long its stages take, how far it is, and whether it was cancelled."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator

from vireo.errors import Cancelled

STAGES = ("load", "read", "encode", "denoise", "decode", "composite", "write")
"""What an edit's time goes into. Stages overlap where reading and writing have threads of their own."""


class Monitor:
    """Carried through one edit; every thread of it may use it.

    on_step: called after every denoising step. cancelled: once another thread sets it, the edit ends at its next step
        or frame with `Cancelled`, and leaves no output.
    seconds: spent in each of STAGES so far. steps: denoising steps of the latest window.
    """

    def __init__(self, on_step: Callable[[], None] | None = None, cancelled: threading.Event | None = None) -> None:
        self.on_step, self.cancelled = on_step, cancelled
        self.seconds: dict[str, float] = dict.fromkeys(STAGES, 0.0)
        self.steps = 0

    @contextlib.contextmanager
    def time(self, stage: str) -> Iterator[None]:
        """Adds the seconds that the block takes to a stage."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] += time.perf_counter() - began

    def step(self, index: int) -> None:
        """Notes that denoising step `index`, counted from 0, is done; raises Cancelled."""
        self.steps = index + 1
        if self.on_step is not None:
            self.on_step()
        self.check()

    def check(self) -> None:
        """Raises Cancelled where the request was cancelled."""
        if self.cancelled is not None and self.cancelled.is_set():
            raise Cancelled("the edit was cancelled")
