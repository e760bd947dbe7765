"""Decoding in a process of its own, so that a damaged or hostile file harms nothing else.

That process (`decoder_process`) sends messages over a pipe, each a kind, a length and so many bytes:

    info    VideoInfo as JSON, once, before the first frame
    frame   pts and duration (int64 each), whether it is damaged (a byte), then the RGB pixels, or RGBA where
            VideoInfo.alpha, as uint8, or uint16 where VideoInfo.deep
    error   a VideoError as JSON; nothing follows
    fault   a traceback, for errors of ours; nothing follows
    end     all frames were sent; one byte, whether reading broke off before the end of the file
"""

import contextlib
import dataclasses
import fcntl
import json
import math
import os
import selectors
import signal
import struct
import subprocess
import sys
import time
import weakref
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np

from vireo.errors import VideoError, VireoError
from vireo.video.io.colour import Colour
from vireo.video.io.decoder import TimedFrame, VideoInfo, timed_frame
from vireo.video.io.frame_times import FrameTime
from vireo.video.io.side_data import SideData

HEADER, TIMES = struct.Struct("<5sQ"), struct.Struct("<qq?")
INFO, FRAME, ERROR, FAULT, END = b"info ", b"frame", b"error", b"fault", b"end  "

MAX_TEXT_BYTES = 2**16
"""Most bytes of a message other than a frame."""

MESSAGE_TIMEOUT = 60.0
"""Seconds to wait for a message on a busy machine; the decoder's computing time is limited by itself."""

PIPE_BYTES = 2**20
"""Linux's limit for users; by default 65536, which costs a tenth of the time of reading."""

_PACKAGES = Path(__file__).parents[3]
"""The folder that holds this package."""


def info_to_json(info: VideoInfo) -> str:
    return json.dumps(dataclasses.asdict(info), default=str)


def info_from_json(text: bytes) -> VideoInfo:
    values = json.loads(text)
    fractions = {name: Fraction(values[name]) for name in ("aspect", "fps", "time_base")}
    side_data = SideData(**{name: tuple(value) for name, value in dict(values["side_data"]).items()})
    return VideoInfo(**(values | fractions | {"colour": Colour(**values["colour"]), "side_data": side_data}))


class Sandbox:
    """Starts a process that decodes one file, and iterates over its frames. Errors as of `VideoReader`; ends_early as
    of `Decoder`."""

    def __init__(self, path: Path, strict: bool = False) -> None:
        self.path, self.ends_early = path, False
        self._pipe, write_end = os.pipe()
        with contextlib.suppress(AttributeError, OSError):  # not on every system, and users have a budget
            fcntl.fcntl(write_end, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        # -P: no modules from the current folder, which may be anyone's.
        flags = ["--strict"] if strict else []
        command = [sys.executable, "-P", "-m", "vireo.video.io.decoder_process", *flags, str(path), str(write_end)]
        folders = [str(_PACKAGES), *filter(None, [os.environ.get("PYTHONPATH")])]
        settings = {"OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2", "PYTHONPATH": os.pathsep.join(folders)}
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[write_end],
                env=os.environ | settings,
            )
        except ValueError:  # a NUL in the name
            os.close(self._pipe)
            raise VideoError(f"{str(path)!r} is no name of a file", "check the path") from None
        finally:
            os.close(write_end)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._pipe, selectors.EVENT_READ)
        self.close = weakref.finalize(self, _end, self._process, self._pipe, self._selector)
        self._finished = False
        try:
            kind, length = self._read_header()
            if kind != INFO:
                raise self._protocol_error()
            try:
                self.info = info_from_json(bytes(self._read(length)))
            except (ValueError, TypeError, KeyError):
                raise self._protocol_error() from None
        except BaseException:
            self.close()
            raise

    def __iter__(self) -> Iterator[TimedFrame]:
        info = self.info
        shape, sample = (info.height, info.width, 3 + info.alpha), np.dtype(np.uint16 if info.deep else np.uint8)
        while not self._finished:
            kind, length = self._read_header()
            if kind == END:
                self._finished, self.ends_early = True, any(self._read(length))
                return
            if kind != FRAME or length != TIMES.size + math.prod(shape) * sample.itemsize:
                raise self._protocol_error()
            message = self._read(length)
            shown = FrameTime(*TIMES.unpack_from(message))
            pixels = np.frombuffer(message, sample, offset=TIMES.size).reshape(shape)
            yield timed_frame(pixels, shown, info.time_base)

    def _read_header(self) -> tuple[bytes, int]:
        kind, length = HEADER.unpack(self._read(HEADER.size))
        if kind != FRAME and length > MAX_TEXT_BYTES:
            raise self._protocol_error()
        if kind == ERROR:
            what, fix = json.loads(bytes(self._read(length)))
            raise VideoError(what, fix)
        if kind == FAULT:
            raise VireoError(f"decoding {self.path} failed: {bytes(self._read(length)).decode(errors='replace')}")
        return kind, length

    def _read(self, length: int) -> bytearray:
        message = bytearray(length)
        view, got, until = memoryview(message), 0, time.monotonic() + MESSAGE_TIMEOUT
        while got < length:
            ready = self._selector.select(max(0.0, until - time.monotonic()))
            # A second look: this process may itself have been stopped until after the deadline.
            if not ready and not self._selector.select(0):
                raise VideoError(f"{self.path} cannot be read: its decoder does not answer", "copy it to a local disk")
            count = os.readv(self._pipe, [view[got:]])
            if count == 0:
                raise self._exit_error()
            got += count
        return message

    def _protocol_error(self) -> VideoError:
        return VideoError(f"{self.path} is damaged: its decoder broke its protocol", "give an undamaged file")

    def _exit_error(self) -> VireoError:
        try:
            code = self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            return self._protocol_error()
        if code == -signal.SIGXCPU:
            return VideoError(f"{self.path} takes too long to decode", "give an undamaged or a smaller file")
        if code < 0:
            name = signal.Signals(-code).name
            return VideoError(f"{self.path} is damaged: its decoder crashed ({name})", "give an undamaged file")
        return VireoError(f"the process that decodes {self.path} ended without an error message ({code})")


def _end(process: subprocess.Popen, pipe: int, selector: selectors.BaseSelector) -> None:
    selector.close()
    os.close(pipe)
    process.kill()
    process.wait()
