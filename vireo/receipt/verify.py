"""The check of an edit, from three files alone.

Nothing that makes or composes edits is imported: regions are read from the receipt, pixels from the two videos.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path

import numpy as np

from vireo.receipt.format import FileFacts, FrameFacts, Receipt, read_receipt
from vireo.receipt.runs import from_runs
from vireo.video.io import TimedFrame, VideoReader

SQUARE = 16
"""Side of the squares of which `worst` is the largest error, pixels."""

TIME_TOLERANCE = 0.002
"""Seconds by which times may differ: some containers count in milliseconds."""

ROUNDING = 1e-6

MOST = 8
"""Failures that are told one by one; the rest are counted."""


@dataclass
class Verdict:
    """failures: what does not hold, in words; empty when all holds. notes: what is worth knowing.

    frames: compared. untouched: share of all pixels that lie outside of the regions. mean, worst: largest error there
    of a frame and of a square, in 1/255 (0 in lossless files).
    """

    failures: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    frames: int = 0
    untouched: float = 0.0
    mean: float = 0.0
    worst: float = 0.0

    @property
    def holds(self) -> bool:
        return not self.failures


def verify(
    source: str | Path,
    output: str | Path,
    receipt: str | Path,
    on_progress: Callable[[int, int], None] | None = None,
) -> Verdict:
    """Whether `output` is `source` with changes inside the receipt's regions only.

    Lossless outputs have to be bit-equal outside of the regions; lossy ones may differ by the encoding error that the
    receipt states, in each frame and in each square of 16x16 pixels. Frame count, times and size have to agree. An
    output that was stored anew without loss still holds. Raises InputError, or a subclass, where one of the files
    cannot be read.
    """
    facts, verdict = read_receipt(receipt), Verdict()
    with VideoReader(source) as before, VideoReader(output) as after:
        if FileFacts.of(before.path).sha256 != facts.source.sha256:
            verdict.failures.append(f"{source} is not the file that was edited: its content differs")
        if FileFacts.of(after.path).sha256 != facts.output.sha256:
            verdict.notes.append(f"{output} is not the very file that was written; its pictures are compared")
        for reader in (before, after):
            size = (reader.info.width, reader.info.height)
            if size != (facts.width, facts.height):
                verdict.failures.append(f"{reader.path} is {size[0]}x{size[1]}, not {facts.width}x{facts.height}")
        if verdict.failures:
            return verdict
        outside = 0
        for count, (old, new, frame) in enumerate(zip_longest(before, after, facts.frames)):
            if old is None or new is None or frame is None:
                verdict.failures.append(_uneven(count, old, new))
                break
            outside += _compare(count, old, new, frame, facts, verdict)
            verdict.frames = count + 1
            if on_progress is not None:
                on_progress(count + 1, len(facts.frames))
    verdict.untouched = outside / max(1, verdict.frames * facts.width * facts.height)
    if len(verdict.failures) > MOST:
        verdict.failures[MOST:] = [f"and {len(verdict.failures) - MOST} more"]
    return verdict


def errors(old: np.ndarray, new: np.ndarray, outside: np.ndarray) -> tuple[float, float]:
    """Mean absolute error of the pixels outside, and the largest mean of a square that lies outside as a whole.

    old, new: uint8 (H, W, 3). outside: bool (H, W). In 1/255; squares at the right and lower border may be smaller.
    """
    if not outside.any():
        return 0.0, 0.0
    error = np.abs(old.astype(np.int16) - new).mean(-1, dtype=np.float64)
    rows, columns = (np.arange(0, length, SQUARE) for length in outside.shape)

    def squares(values: np.ndarray) -> np.ndarray:
        return np.add.reduceat(np.add.reduceat(values, rows, 0), columns, 1)

    pixels, whole = squares(np.ones_like(error)), squares(outside.astype(np.int64))
    means = (squares(error) / pixels)[whole == pixels]
    return float(error[outside].mean()), float(means.max(initial=0))


def _uneven(count: int, old: TimedFrame | None, new: TimedFrame | None) -> str:
    shortest = "the source" if old is None else "the output" if new is None else "the receipt"
    return f"{shortest} ends after {count} frames, another does not"


def _compare(number: int, old: TimedFrame, new: TimedFrame, frame: FrameFacts, facts: Receipt, verdict: Verdict) -> int:
    """Adds what is wrong with a frame to the verdict; returns the number of pixels outside of its region."""
    try:
        outside = ~from_runs(frame.region, facts.height, facts.width)
    except ValueError as error:
        verdict.failures.append(f"frame {number}: the receipt's region is damaged: {error}")
        return 0
    if abs(old.seconds - new.seconds) > TIME_TOLERANCE:
        verdict.failures.append(f"frame {number} is shown at {new.seconds:.4f} s instead of {old.seconds:.4f} s")
    if hashlib.sha256(old.pixels[outside].tobytes()).hexdigest() != frame.untouched:
        verdict.failures.append(f"frame {number}: the receipt is of another source, or its region was changed")
    if facts.encoding.lossless:
        wrong = int((old.pixels[outside] != new.pixels[outside]).any(-1).sum())
        if wrong:
            verdict.failures.append(f"frame {number}: {wrong} pixels outside of the region differ")
    mean, worst = errors(old.pixels, new.pixels, outside)
    verdict.mean, verdict.worst = max(verdict.mean, mean), max(verdict.worst, worst)
    for error, stated, where in ((mean, facts.encoding.mean, "on average"), (worst, facts.encoding.worst, "somewhere")):
        if not facts.encoding.lossless and error > stated + ROUNDING:
            verdict.failures.append(
                f"frame {number}: outside of the region {where} {error:.2f}/255 off; the codec's error is {stated:.2f}"
            )
    return int(outside.sum())
