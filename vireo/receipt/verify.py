"""Checks an edit from three files alone: regions are read from the receipt, pixels from the two videos.

Nothing that makes edits is imported (tests/test_layers.py).
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path

import numpy as np

from vireo.receipt.format import FileFacts, FrameFacts, Receipt, read_receipt
from vireo.receipt.runs import from_runs
from vireo.video.io import TimedFrame, VideoInfo, VideoReader

SQUARE = 16
"""Side of the squares whose largest error is `worst`, in pixels."""

TIME_TOLERANCE = 0.002
"""Seconds by which times may differ, besides half a tick of the output: some containers count in milliseconds."""

MAX_MEAN, MAX_WORST = 8.0, 48.0
"""Largest errors in 1/255, of a frame and of a square, that a lossy output may have, whatever its receipt states."""

MIN_SQUARE_PIXELS = 32
"""Squares with fewer pixels outside of the region are not judged."""

LOSSLESS_CODECS = ("ffv1", "utvideo", "huffyuv", "qtrle", "rawvideo", "png", "apng", "bmp", "tiff")
"""Codecs that are lossless for RGB samples, so that they excuse no error."""

ROUNDING = 1e-6

MAX_FAILURES = 8
"""Failures that are listed; further ones are counted."""


@dataclass
class Verdict:
    """The result of `verify`.

    failures: messages, empty where the edit holds. notes: further messages. frames: count of those compared.
    untouched: share of all pixels that lie outside of the regions. mean, worst: largest error there of a frame and of
    a square, in 1/255 (0 in lossless files).
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
    receipt states, in each frame and in each square of 16x16 pixels, and by no more than MAX_MEAN and MAX_WORST. Of a
    plan, the regions of its steps have to make up the region of the edit.
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
        check = _FrameCheck(facts, after.info, verdict)
        for count, (old, new, frame) in enumerate(zip_longest(before, after, facts.frames)):
            if old is None or new is None or frame is None:
                verdict.failures.append(_count_mismatch(count, old, new))
                break
            check.frame(count, old, new, frame)
            verdict.frames = count + 1
            if on_progress is not None:
                on_progress(count + 1, len(facts.frames))
    verdict.untouched = check.outside / max(1, verdict.frames * facts.width * facts.height)
    if len(verdict.failures) > MAX_FAILURES:
        verdict.failures[MAX_FAILURES:] = [f"and {len(verdict.failures) - MAX_FAILURES} more"]
    return verdict


def is_lossless_rgb(stored: VideoInfo) -> bool:
    """Whether decoding a file returns the RGB pixels that were written."""
    rgb = stored.pix_fmt.startswith(("rgb", "bgr", "gbr", "argb", "0rgb", "0bgr"))
    return stored.codec in LOSSLESS_CODECS and rgb


def encoding_errors(old: np.ndarray, new: np.ndarray, outside: np.ndarray) -> tuple[float, float]:
    """Mean absolute error of the pixels outside, and the largest mean over those of one square.

    old, new: uint8 (H, W, 3). outside: bool (H, W). In 1/255; squares with fewer than MIN_SQUARE_PIXELS
    outside are left out.
    """
    if not outside.any():
        return 0.0, 0.0
    error = np.abs(old.astype(np.int16) - new).mean(-1, dtype=np.float64) * outside
    rows, columns = (np.arange(0, length, SQUARE) for length in outside.shape)

    def squares(values: np.ndarray) -> np.ndarray:
        return np.add.reduceat(np.add.reduceat(values, rows, 0), columns, 1)

    pixels = squares(outside.astype(np.int64))
    enough = pixels >= MIN_SQUARE_PIXELS
    return float(error.sum() / outside.sum()), float((squares(error)[enough] / pixels[enough]).max(initial=0))


def _differences(old: TimedFrame, new: TimedFrame) -> np.ndarray:
    """bool (H, W): pixels that differ in the most bits that both have."""
    if old.deep is not None and new.deep is not None:
        return (old.deep != new.deep).any(-1)
    return (old.pixels != new.pixels).any(-1)


def _count_mismatch(count: int, old: TimedFrame | None, new: TimedFrame | None) -> str:
    shortest = "the source" if old is None else "the output" if new is None else "the receipt"
    return f"{shortest} ends after {count} frames, another does not"


class _FrameCheck:
    """Compares frames one after another and adds what is wrong to the verdict.

    outside: count of pixels outside of the regions so far.
    """

    def __init__(self, receipt: Receipt, stored: VideoInfo, verdict: Verdict) -> None:
        self._receipt, self._verdict, self.outside = receipt, verdict, 0
        self._exact = receipt.encoding.lossless or is_lossless_rgb(stored)
        self._tolerance = TIME_TOLERANCE + float(stored.time_base) / 2
        self._limits = min(receipt.encoding.mean, MAX_MEAN), min(receipt.encoding.worst, MAX_WORST)
        self._starts: tuple[float, float] | None = None

    def frame(self, number: int, source: TimedFrame, output: TimedFrame, facts: FrameFacts) -> None:
        failures = [*self._time_failures(source, output, facts), *self._pixel_failures(source, output, facts)]
        if output.damaged and not source.damaged:
            failures.append("it cannot be decoded whole")
        self._verdict.failures += [f"frame {number}: {failure}" for failure in failures]
        if number == 0 and output.alpha is None and source.alpha is not None:
            self._verdict.notes.append("the output has lost the source's transparency")
        if number == 0 and output.deep is None and source.deep is not None:
            self._verdict.notes.append("the output has 8 bits a sample, the source more: 8 are compared")

    def _time_failures(self, source: TimedFrame, output: TimedFrame, facts: FrameFacts) -> Iterator[str]:
        if self._starts is None:
            self._starts = source.seconds, output.seconds
        delay = (output.seconds - self._starts[1]) - (source.seconds - self._starts[0])
        if abs(delay) > self._tolerance:
            yield f"it is shown {abs(delay):.4f} s too {'late' if delay > 0 else 'early'}"
        if facts.time != str(source.pts * source.time_base):
            yield "the receipt is of a source with other times"

    def _step_failures(self, outside: np.ndarray, facts: FrameFacts) -> Iterator[str]:
        """Whether each pixel of the region belongs to a step of the plan, and no other pixel does."""
        count = len(self._receipt.steps)
        if len(facts.steps) not in (0, count):  # a frame outside of the edit's time has none
            yield f"the receipt has {count} steps, this frame {len(facts.steps)}"
        elif count:
            region = np.zeros_like(outside)
            try:
                for runs in facts.steps:
                    region |= from_runs(runs, *outside.shape)
            except ValueError as error:
                yield f"the receipt's region of a step is damaged: {error}"
                return
            if not np.array_equal(region, ~outside):
                yield "the regions of the steps are not the region of the edit"

    def _pixel_failures(self, source: TimedFrame, output: TimedFrame, facts: FrameFacts) -> Iterator[str]:
        try:
            outside = ~from_runs(facts.region, self._receipt.height, self._receipt.width)
        except ValueError as error:
            yield f"the receipt's region is damaged: {error}"
            return
        self.outside += int(outside.sum())
        yield from self._step_failures(outside, facts)
        if hashlib.sha256(source.pixels[outside].tobytes()).hexdigest() != facts.untouched:
            yield "the receipt is of another source, or its region was changed"
        mean, worst = encoding_errors(source.pixels, output.pixels, outside)
        self._verdict.mean, self._verdict.worst = max(self._verdict.mean, mean), max(self._verdict.worst, worst)
        if self._exact:
            opacity = 255 if source.alpha is None else source.alpha
            if output.alpha is not None and (output.alpha != opacity).any():
                yield "its transparency differs"
            differs = _differences(source, output)
            if wrong := int(differs[outside].sum()):
                yield f"{wrong} pixels outside of the region differ"
            elif int(differs.sum()) != facts.changed:
                yield f"{int(differs.sum())} pixels differ, the receipt says {facts.changed}"
            return
        for error, limit, where in zip((mean, worst), self._limits, ("on average", "somewhere"), strict=True):
            if error > limit + ROUNDING:
                yield f"outside of the region {where} {error:.2f}/255 off, more than the codec's {limit:.2f}"
