"""Edits that are exact functions of the pixels, carried out on every frame at its full size without a model."""

from collections.abc import Iterable, Iterator
from typing import Literal

import numpy as np

from vireo.errors import InputError
from vireo.monitor import Monitor
from vireo.pipeline.clip_edit import Masks
from vireo.types import Composite, EditRequest
from vireo.video.io import TimedFrame
from vireo.video.io.decoder import timed_frame
from vireo.video.io.frame_times import FrameTime
from vireo.video.operations import OPERATIONS, Operation, read_operation


def operation_of(request: EditRequest, *, reference: bool = False) -> Operation | None:
    """The operation that is to carry out an edit; None where a model is.

    reference: whether there is a picture that the instruction speaks of, which no operation knows. Raises InputError
    where the executor is "exact" and the instruction asks for no operation.
    """
    executor = request.settings.executor
    reference = reference or request.reference is not None
    name = None if executor == "model" or reference else read_operation(request.instruction)
    if name is None and executor == "exact":
        known = ", ".join(operation.title for operation in OPERATIONS.values())
        what = f"{request.instruction!r}{' with a reference picture' if reference else ''}"
        raise InputError(
            f"{what} asks for no exact function of the pixels",
            f"ask for one of these alone, of the whole picture: {known}; or choose --executor auto",
        )
    return None if name is None else OPERATIONS[name]


def carried_out(operation: Operation, frame: TimedFrame, bits: int, mask: np.ndarray | None = None) -> Composite:
    """A frame after an operation, computed in all bits that it has.

    bits: of a sample of the source. mask: float (H, W) in 0..1, where the operation applies; None for everywhere.
    """
    source = frame.pixels if frame.deep is None else frame.deep
    made, touched = operation(source), np.ones(source.shape[:2], bool)
    if mask is not None:
        touched = mask > 0
        made = np.rint(source + mask[..., None] * (made.astype(np.float32) - source)).astype(source.dtype)
    if frame.deep is None:
        return Composite(made, touched, touched)
    if bits < 16:  # what an output of the source's format can hold, as FFmpeg widens it to 16 bits
        stored = (made.astype(np.uint32) * (2**bits - 1) + 32767) // 65535
        made = (stored << (16 - bits) | stored >> (2 * bits - 16)).astype(np.uint16)
        made[~touched] = frame.deep[~touched]
    pixels = timed_frame(made, FrameTime(frame.pts, frame.duration, frame.damaged), frame.time_base).pixels
    return Composite(pixels, touched, touched, made)


class ExactEdit:
    """Implements `ClipEdit`. bits: of a sample of the clip."""

    executor: Literal["exact"] = "exact"
    found: bool | None = None
    notes: tuple[str, ...] = ()

    def __init__(self, operation: Operation, request: EditRequest, bits: int, monitor: Monitor) -> None:
        self._operation, self._bits, self._monitor = operation, bits, monitor
        self.operation, self.read_as = operation.title, request.instruction
        given = [name for name in ("steps", "guidance") if getattr(request.settings, name) is not None]
        self.warnings = (f"{' and '.join(given)} had no effect: no model took part",) if given else ()

    def frames(self, frames: Iterable[TimedFrame], masks: Masks) -> Iterator[tuple[TimedFrame, Composite]]:
        for frame, mask in zip(frames, masks, strict=False):
            with self._monitor.time("composite"):
                made = carried_out(self._operation, frame, self._bits, mask)
            yield frame, made

    def weights(self) -> None:
        """No model takes part."""
