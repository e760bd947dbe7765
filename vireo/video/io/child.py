"""The process that decodes one file for `vireo.video.io.sandbox`: python -m vireo.video.io.child FILE."""

from __future__ import annotations

import json
import math
import os
import signal
import sys
import time
from pathlib import Path

from vireo.errors import VideoError
from vireo.video.io.decoder import Decoder
from vireo.video.io.sandbox import END, ERROR, FRAME, HEAD, INFO, TIMES, info_to_json

MEMORY = 2 * 2**30
"""Bytes that decoding may take."""

SECONDS = 8
"""Computing time that opening a file, or one frame, may take."""

OPEN_FILES = 32


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    _confine()
    path = Path(sys.argv[1])
    try:
        _send_all(path)
    except VideoError as error:
        _send(ERROR, json.dumps([error.what, error.fix]).encode())
    except MemoryError:
        message = [f"{path} takes more memory to decode than is granted", "give a smaller or an undamaged file"]
        _send(ERROR, json.dumps(message).encode())
    except BrokenPipeError:
        pass  # nobody wants the rest


def _send_all(path: Path) -> None:
    decoder = Decoder(path)
    _send(INFO, info_to_json(decoder.info).encode())
    for frame in decoder:
        pixels = memoryview(frame.pixels).cast("B")
        _send(FRAME, TIMES.pack(frame.pts, frame.duration), pixels)
    _send(END)


def _send(kind: bytes, *parts: bytes | memoryview) -> None:
    for part in (HEAD.pack(kind, sum(len(part) for part in parts)), *parts):
        view = memoryview(part)
        while view:
            view = view[os.write(1, view) :]
    _grant_time()


def _confine() -> None:
    """Limits memory, files and time, where the system has such limits."""
    try:
        import resource
    except ImportError:
        return
    for limit, value in (
        (resource.RLIMIT_DATA, MEMORY),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        most = resource.getrlimit(limit)[1]
        value = value if most == resource.RLIM_INFINITY else min(value, most)
        resource.setrlimit(limit, (value, value))
    _grant_time()


def _grant_time() -> None:
    """Moves the limit of computing time on: SECONDS from now."""
    try:
        import resource
    except ImportError:
        return
    most = resource.getrlimit(resource.RLIMIT_CPU)[1]
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(time.process_time()) + SECONDS, most))


if __name__ == "__main__":
    main()
