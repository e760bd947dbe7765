"""Decoding in a child process: what a damaged or hostile file does, it does there.

The child (`vireo.video.io.child`) sends messages over a pipe, each a kind, a length and so many bytes:

    info    VideoInfo as JSON, once, before the first frame
    frame   pts and duration (int64 each), then the RGB pixels
    error   a VideoError as JSON; nothing follows
    end     all frames were sent
"""

from __future__ import annotations

import dataclasses
import json
import os
import selectors
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np

from vireo.errors import VideoError
from vireo.video.io.colour import Colour
from vireo.video.io.decoder import TimedFrame, VideoInfo

HEAD, TIMES = struct.Struct("<5sQ"), struct.Struct("<qq")
INFO, FRAME, ERROR, END = b"info ", b"frame", b"error", b"end  "

_PACKAGES = Path(__file__).parents[3]
"""The folder that holds this package."""

PATIENCE = 60.0
"""Seconds of waiting for a message, whatever the machine is busy with; the child limits its own computing time."""


def info_to_json(info: VideoInfo) -> str:
    return json.dumps(dataclasses.asdict(info), default=str)


def info_from_json(text: bytes) -> VideoInfo:
    values = json.loads(text)
    fractions = {name: Fraction(values[name]) for name in ("aspect", "fps", "time_base")}
    return VideoInfo(**(values | fractions | {"colour": Colour(**values["colour"])}))


class Sandbox:
    """The child that decodes one file, seen from here. Errors as `VideoReader` says."""

    def __init__(self, path: Path) -> None:
        self.path = path
        # -P: modules are not looked for in the current folder, which may be anyone's.
        command = [sys.executable, "-P", "-m", "vireo.video.io.child", str(path)]
        places = [str(_PACKAGES), *filter(None, [os.environ.get("PYTHONPATH")])]
        small = {"OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2", "PYTHONPATH": os.pathsep.join(places)}
        self._child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=os.environ | small
        )
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._child.stdout, selectors.EVENT_READ)
        try:
            kind, length = self._head()
            assert kind == INFO, kind
            self.info = info_from_json(bytes(self._read(length)))
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._selector.close()
        self._child.kill()
        self._child.stdout.close()
        self._child.wait()

    def __iter__(self) -> Iterator[TimedFrame]:
        info = self.info
        shape = (info.height, info.width, 3)
        size = TIMES.size + info.height * info.width * 3
        while True:
            kind, length = self._head()
            if kind == END:
                return
            if kind != FRAME or length != size:
                raise VideoError(f"{self.path} changes its size on the way", "give a video of one size")
            message = self._read(length)
            pts, duration = TIMES.unpack_from(message)
            pixels = np.frombuffer(message, np.uint8, offset=TIMES.size).reshape(shape)
            yield TimedFrame(pixels, pts, duration, info.time_base)

    def _head(self) -> tuple[bytes, int]:
        kind, length = HEAD.unpack(self._read(HEAD.size))
        if kind == ERROR:
            raise VideoError(*json.loads(bytes(self._read(length))))
        return kind, length

    def _read(self, length: int) -> bytearray:
        message, pipe = bytearray(length), self._child.stdout.fileno()
        view, got, until = memoryview(message), 0, time.monotonic() + PATIENCE
        while got < length:
            if not self._selector.select(max(0.0, until - time.monotonic())):
                raise VideoError(f"{self.path} cannot be read: nothing comes", "copy it to a local disk")
            count = os.readv(pipe, [view[got:]])
            if count == 0:
                raise self._died()
            got += count
        return message

    def _died(self) -> VideoError:
        code = self._child.wait()
        if code == -signal.SIGXCPU:
            return VideoError(f"{self.path} takes too long to decode", "give an undamaged or a smaller file")
        return VideoError(f"{self.path} is damaged: its decoder gave up ({code})", "give an undamaged file")
