"""The edits of a frame put on the source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vireo.types import Composite, Preserve
from vireo.video.alpha import spread
from vireo.video.color_transform import color_change, color_transform
from vireo.video.geometry import enlarge, to_uint8

Box = tuple[slice, slice]
"""Rows and columns of a frame."""


@dataclass(frozen=True, kw_only=True)
class FrameEdit:
    """The edit of one frame at the model's size.

    edited, rebuilt: float32 (h, w, 3) in 0..1, the model's result, and the source through its autoencoder.
    alpha: float32 (h, w) in 0..1, the predicted edit region. box: the part of the frame that the model was shown; None
        for all of it.
    ungated: of a frame that stays as it is because the gate does not see what the instruction names, what the model
        makes of it all the same, where that was asked for.
    """

    edited: np.ndarray
    rebuilt: np.ndarray
    alpha: np.ndarray
    box: Box | None = None
    ungated: FrameEdit | None = None


Edits = Sequence[tuple[float, FrameEdit]]
"""The edits of one frame in the windows that hold it, with weights that sum to 1."""


def _merged(edits: Edits) -> Edits:
    """The same with the edits of one box averaged into one."""
    groups: list[list[tuple[float, FrameEdit]]] = []
    for weight, edit in edits:
        group = next((group for group in groups if group[0][1].box == edit.box), None)
        if group is None:
            groups.append([(weight, edit)])
        else:
            group.append((weight, edit))
    return [_mean(group) for group in groups]


def _mean(edits: Edits) -> tuple[float, FrameEdit]:
    if len(edits) == 1:
        return edits[0]
    total, each = sum(weight for weight, _ in edits), [edit for _, edit in edits]
    weights = np.array([weight / total for weight, _ in edits], np.float32)

    def mean(maps: list[np.ndarray]) -> np.ndarray:
        return np.tensordot(weights, np.stack(maps), 1)

    return total, FrameEdit(
        edited=mean([edit.edited for edit in each]),
        rebuilt=mean([edit.rebuilt for edit in each]),
        alpha=mean([edit.alpha for edit in each]),
        box=each[0].box,
    )


def composited(
    source: np.ndarray, edits: Edits | None, preserve: Preserve, mask: np.ndarray | None = None
) -> Composite:
    """A source frame, uint8 (H, W, 3), with its edits; None for a frame that is not edited.

    mask: float (H, W) in 0..1, takes the place of the predicted region.
    """
    size = source.shape[:2]
    region, touched = np.zeros(size, bool), np.zeros(size, bool)
    used = _merged(edits or ())
    if preserve == "off" and len(used) == 1 and used[0][1].edited.shape == source.shape and mask is None:
        alpha = used[0][1].alpha
        return Composite(to_uint8(used[0][1].edited), alpha > 0, np.ones(size, bool))  # the model's picture as it is
    change = np.zeros(source.shape, np.float32) if len(used) != 1 or used[0][1].box is not None else None
    for weight, edit in used:
        box = edit.box or (slice(None), slice(None))
        shown = source[box]
        share = np.ones_like(edit.alpha) if mask is not None else spread(edit.alpha, preserve)
        if not share.any() or np.array_equal(edit.edited, edit.rebuilt):
            continue
        transform = color_transform(edit.rebuilt[None], edit.edited[None], share[None])[0]
        own = color_change(shown, transform)
        region[box] |= enlarge(edit.alpha, shown.shape[:2]) > 0
        touched[box] |= enlarge(share, shown.shape[:2]) > 0
        if change is None:
            change = own
        else:
            change[box] += np.float32(weight) * own if len(used) > 1 else own
    if change is None or not touched.any():
        return Composite(source, region, touched)
    if mask is not None:
        change *= mask[..., None]
        region = touched = mask > 0
    change += source
    np.rint(change, out=change)
    return Composite(np.clip(change, 0, 255, out=change).astype(np.uint8), region, touched)
