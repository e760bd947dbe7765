"""The edit of one clip's frames, by whomever: a model (`model_edit`) or a function of the pixels (`exact`)."""

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from typing import Literal, Protocol

import numpy as np

from vireo.types import Composite
from vireo.video.io import TimedFrame

Masks = Iterator[np.ndarray | None]
"""For each frame of a clip where it may be edited, float (H, W) in 0..1; None for wherever the edit is."""


class ClipEdit(Protocol):
    """executor, operation, read_as, found, notes, warnings: as in `EditResult`; found and notes hold once all frames
    are through."""

    @property
    def executor(self) -> Literal["model", "exact"]: ...

    @property
    def operation(self) -> str | None: ...

    @property
    def read_as(self) -> str | None: ...

    @property
    def found(self) -> bool | None: ...

    @property
    def notes(self) -> tuple[str, ...]: ...

    @property
    def warnings(self) -> tuple[str, ...]: ...

    def frames(self, frames: Iterable[TimedFrame], masks: Masks) -> Iterator[tuple[TimedFrame, Composite]]:
        """All frames in order, with what they become."""
        ...

    def weights(self) -> str | None:
        """SHA-256 of the model's weights; None where no model takes part."""
        ...


Frames = Iterator[tuple[TimedFrame, Composite]]
"""Frames with what they become."""


def edited_within(
    edit: Callable[[Iterable[TimedFrame], Masks], Frames],
    frames: Iterable[TimedFrame],
    masks: Masks,
    wanted: Callable[[TimedFrame], bool],
) -> Frames:
    """All frames in order; those that are not wanted stay as they are. edit: as `ClipEdit.frames`."""
    for edits, group in groupby(frames, wanted):
        yield from (edit if edits else _unedited)(group, masks)


def _unedited(frames: Iterable[TimedFrame], masks: Masks) -> Frames:
    for frame, _ in zip(frames, masks, strict=False):
        yield frame, unchanged(frame)


def unchanged(frame: TimedFrame) -> Composite:
    """The frame as it is."""
    nowhere = np.zeros(frame.pixels.shape[:2], bool)
    return Composite(frame.pixels, nowhere, nowhere)
