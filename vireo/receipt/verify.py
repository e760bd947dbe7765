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
from vireo.video.io import TimedFrame, VideoInfo, VideoReader

SQUARE = 16
"""Side of the squares of which `worst` is the largest error, pixels."""

TIME_TOLERANCE = 0.002
"""Seconds by which times may differ, beside half a tick of the output: some containers count in milliseconds."""

MOST_MEAN, MOST_WORST = 8.0, 48.0
"""Errors in 1/255, of a frame and of a square, above which a lossy output does not hold whatever its receipt states."""

FEWEST = 32
"""Squares with fewer pixels outside of the region say too little."""

EXACT_CODECS = ("ffv1", "utvideo", "huffyuv", "qtrle", "rawvideo", "png", "apng", "bmp", "tiff")
"""Codecs that, with RGB samples, lose nothing, so that no error can be excused by them."""

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
    receipt states, in each frame and in each square of 16x16 pixels, and by no more than MOST_MEAN and MOST_WORST.
    Frame count, size and times, counted from the first frame, have to agree. A lossless output that was stored anew
    without loss still holds. Sound is not compared. A receipt is not signed: it shows what changed within a set of
    three files, not who wrote them. Raises InputError, or a subclass, where one of the files cannot be read.
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
        check = _Check(facts, after.info, verdict)
        for count, (old, new, frame) in enumerate(zip_longest(before, after, facts.frames)):
            if old is None or new is None or frame is None:
                verdict.failures.append(_uneven(count, old, new))
                break
            check.frame(count, old, new, frame)
            verdict.frames = count + 1
            if on_progress is not None:
                on_progress(count + 1, len(facts.frames))
    verdict.untouched = check.outside / max(1, verdict.frames * facts.width * facts.height)
    if len(verdict.failures) > MOST:
        verdict.failures[MOST:] = [f"and {len(verdict.failures) - MOST} more"]
    return verdict


def loses_nothing(stored: VideoInfo) -> bool:
    """Whether a file gives back the RGB pixels that were written."""
    rgb = stored.pix_fmt.startswith(("rgb", "bgr", "gbr", "argb", "0rgb", "0bgr"))
    return stored.codec in EXACT_CODECS and rgb


def errors(old: np.ndarray, new: np.ndarray, outside: np.ndarray) -> tuple[float, float]:
    """Mean absolute error of the pixels outside, and the largest mean over those of one square.

    old, new: uint8 (H, W, 3). outside: bool (H, W). In 1/255; squares with fewer than FEWEST pixels outside are left
    out.
    """
    if not outside.any():
        return 0.0, 0.0
    error = np.abs(old.astype(np.int16) - new).mean(-1, dtype=np.float64) * outside
    rows, columns = (np.arange(0, length, SQUARE) for length in outside.shape)

    def squares(values: np.ndarray) -> np.ndarray:
        return np.add.reduceat(np.add.reduceat(values, rows, 0), columns, 1)

    pixels = squares(outside.astype(np.int64))
    enough = pixels >= FEWEST
    return float(error.sum() / outside.sum()), float((squares(error)[enough] / pixels[enough]).max(initial=0))


def _opacity(frame: TimedFrame) -> np.ndarray:
    return np.full(frame.pixels.shape[:2], 255, np.uint8) if frame.alpha is None else frame.alpha


def _differences(old: TimedFrame, new: TimedFrame) -> np.ndarray:
    """bool (H, W): pixels that differ in the most bits that both have."""
    if old.deep is not None and new.deep is not None:
        return (old.deep != new.deep).any(-1)
    return (old.pixels != new.pixels).any(-1)


def _uneven(count: int, old: TimedFrame | None, new: TimedFrame | None) -> str:
    shortest = "the source" if old is None else "the output" if new is None else "the receipt"
    return f"{shortest} ends after {count} frames, another does not"


class _Check:
    """Compares frame after frame and adds what is wrong to the verdict. outside: pixels outside of regions so far."""

    def __init__(self, facts: Receipt, stored: VideoInfo, verdict: Verdict) -> None:
        self.facts, self.verdict, self.outside = facts, verdict, 0
        self.exact = facts.encoding.lossless or loses_nothing(stored)
        self.tolerance = TIME_TOLERANCE + float(stored.time_base) / 2
        self.limits = min(facts.encoding.mean, MOST_MEAN), min(facts.encoding.worst, MOST_WORST)

    def frame(self, number: int, old: TimedFrame, new: TimedFrame, frame: FrameFacts) -> None:
        def fails(what: str) -> None:
            self.verdict.failures.append(f"frame {number}: {what}")

        if number == 0:
            self.begin = old.seconds, new.seconds
        late = (new.seconds - self.begin[1]) - (old.seconds - self.begin[0])
        if abs(late) > self.tolerance:
            fails(f"it is shown {abs(late):.4f} s too {'late' if late > 0 else 'early'}")
        if frame.time != str(old.pts * old.time_base):
            fails("the receipt is of a source with other times")
        try:
            outside = ~from_runs(frame.region, self.facts.height, self.facts.width)
        except ValueError as error:
            fails(f"the receipt's region is damaged: {error}")
            return
        self.outside += int(outside.sum())
        if hashlib.sha256(old.pixels[outside].tobytes()).hexdigest() != frame.untouched:
            fails("the receipt is of another source, or its region was changed")
        differs = _differences(old, new)
        if number == 0 and new.alpha is None and old.alpha is not None:
            self.verdict.notes.append("the output has lost the source's transparency")
        if number == 0 and new.deep is None and old.deep is not None:
            self.verdict.notes.append("the output has 8 bits a sample, the source more: 8 are compared")
        if self.exact and new.alpha is not None and not np.array_equal(_opacity(old), new.alpha):
            fails("its transparency differs")
        if self.exact:
            if wrong := int(differs[outside].sum()):
                fails(f"{wrong} pixels outside of the region differ")
            elif int(differs.sum()) != frame.changed:
                fails(f"{int(differs.sum())} pixels differ, the receipt says {frame.changed}")
        found = errors(old.pixels, new.pixels, outside)
        self.verdict.mean, self.verdict.worst = max(self.verdict.mean, found[0]), max(self.verdict.worst, found[1])
        for error, limit, where in zip(found, self.limits, ("on average", "somewhere"), strict=True):
            if not self.exact and error > limit + ROUNDING:
                fails(f"outside of the region {where} {error:.2f}/255 off, more than the codec's {limit:.2f}")
