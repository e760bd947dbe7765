"""The process that decodes one file for `sandbox`: python -m vireo.video.io.decoder_process [--strict] FILE PIPE."""

import gc
import json
import math
import os
import resource
import signal
import sys
import time
import traceback
from dataclasses import astuple
from pathlib import Path

from vireo.errors import VideoError
from vireo.video.io.decoder import Decoder
from vireo.video.io.sandbox import END, ERROR, FAULT, FRAME, HEADER, INFO, MAX_TEXT_BYTES, TIMES, info_to_json

MAX_MEMORY = 2 * 2**30
"""Bytes that decoding may take."""

MAX_CPU_SECONDS = 8
"""Computing time that opening a file, or one frame, may take."""

MAX_OPEN_FILES = 32


def main() -> None:
    path, pipe = Path(sys.argv[-2]), int(sys.argv[-1])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    limit_resources()
    gc.freeze()
    try:
        _send_frames(Decoder(path, strict="--strict" in sys.argv[1:-2]), pipe)
    except VideoError as error:
        _send(pipe, ERROR, json.dumps([error.what, error.fix]).encode()[:MAX_TEXT_BYTES])
    except MemoryError:
        message = [f"{path} takes more memory to decode than is granted", "give a smaller or an undamaged file"]
        _send(pipe, ERROR, json.dumps(message).encode())
    except BrokenPipeError:
        pass  # nobody wants the rest
    except Exception:
        _send(pipe, FAULT, traceback.format_exc().encode()[-MAX_TEXT_BYTES:])


def _send_frames(decoder: Decoder, pipe: int) -> None:
    _send(pipe, INFO, info_to_json(decoder.info).encode())
    for pixels, shown in decoder.raw_frames():
        _send(pipe, FRAME, TIMES.pack(*astuple(shown)), memoryview(pixels.data).cast("B"))
        del pixels
        # PyAV's frames are part of reference cycles; a few large ones are too few objects for a collection by itself.
        gc.collect()
    _send(pipe, END, bytes([decoder.ends_early]))


def _send(pipe: int, kind: bytes, *parts: bytes | memoryview) -> None:
    for part in (HEADER.pack(kind, sum(len(part) for part in parts)), *parts):
        view = memoryview(part)
        while view:
            view = view[os.write(pipe, view) :]
    extend_cpu_limit()


def limit_resources() -> None:
    """Limits memory, files and time."""
    for limit, value in (
        (resource.RLIMIT_DATA, MAX_MEMORY),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, MAX_OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        value = _capped(limit, value)
        resource.setrlimit(limit, (value, value))
    extend_cpu_limit()


def extend_cpu_limit() -> None:
    """Moves the limit of computing time on: MAX_CPU_SECONDS from now."""
    soon = _capped(resource.RLIMIT_CPU, math.ceil(time.process_time()) + MAX_CPU_SECONDS)
    resource.setrlimit(resource.RLIMIT_CPU, (soon, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def _capped(limit: int, value: int) -> int:
    """The value, or the most that the system allows."""
    most = resource.getrlimit(limit)[1]
    return value if most == resource.RLIM_INFINITY else min(value, most)


if __name__ == "__main__":
    main()
