"""The edit of a frame at the model's size, and putting it on the source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from vireo.video.change import settled
from vireo.video.geometry import carry, enlarge
from vireo.video.region import Preserve, Region, composite

Box = tuple[slice, slice]
"""Rows and columns of a frame."""


@dataclass(frozen=True)
class LowEdit:
    """The edit of one frame at the model's size, float: edited and rebuilt (the source through the VAE)
    (h, w, 3) in 0..1, soft (h, w) the predicted region in 0..1, sure (h, w) how much of the change is the edit.
    box: the part of the source that was shown to the model, or None for all of it; what lies outside stays."""

    edited: np.ndarray
    rebuilt: np.ndarray
    soft: np.ndarray
    sure: np.ndarray
    box: Box | None = None


Edits = Sequence[tuple[float, LowEdit]]
"""The edits of one frame in the windows that hold it, with shares that sum to 1."""


def mixed(parts: Edits) -> Edits:
    """The same with those of one box made one."""
    boxes: list[Box | None] = []
    for _, low in parts:
        if low.box not in boxes:
            boxes.append(low.box)
    return [_mean([(share, low) for share, low in parts if low.box == box]) for box in boxes]


def _mean(parts: Edits) -> tuple[float, LowEdit]:
    if len(parts) == 1:
        return parts[0]
    total = sum(share for share, _ in parts)
    maps = [field.name for field in fields(LowEdit) if field.name != "box"]
    means = {name: sum(share / total * getattr(low, name) for share, low in parts) for name in maps}
    return total, replace(parts[0][1], **means)


def put_together(
    source: np.ndarray, edits: Edits | None, preserve: Preserve, mask: np.ndarray | None = None
) -> tuple[np.ndarray, Region]:
    """A source frame, uint8 (H, W, 3), and its edits to the output frame, and the region of that one frame.

    edits: None for a frame that is not edited. mask: float (H, W) in 0..1, takes the place of the predicted region.
    Bit-equal to the source outside the region, unless `preserve` is "off".
    """
    made = [(share, *_put(source, low, preserve, mask)) for share, low in edits or ()]
    if not made:
        return source, Region(np.zeros((1, *source.shape[:2]), np.float32))
    _, pixels, region = made[0]
    if len(made) > 1:
        pixels = np.rint(sum(share * picture for share, picture, _ in made)).astype(np.uint8)
        region = Region(np.max([each.soft for *_, each in made], axis=0))
    return pixels, region


def _put(source: np.ndarray, low: LowEdit, preserve: Preserve, mask: np.ndarray | None) -> tuple[np.ndarray, Region]:
    if np.array_equal(low.edited, low.rebuilt):  # an edit that leaves all as it was
        return source, Region(np.zeros((1, *source.shape[:2]), np.float32))
    if low.box is not None:
        inner, region = _put(source[low.box], replace(low, box=None), preserve, None if mask is None else mask[low.box])
        pixels, soft = source.copy(), np.zeros((1, *source.shape[:2]), np.float32)
        pixels[low.box], soft[0][low.box] = inner, region.soft[0]
        return pixels, Region(soft)
    edited, soft = low.edited, low.soft
    if edited.shape[:2] != source.shape[:2]:
        if preserve != "off":
            edited = low.rebuilt + low.sure[..., None] * (edited - low.rebuilt)
        anywhere = preserve == "off" or mask is not None
        edited = carry(source, low.rebuilt, edited, np.ones_like(soft) if anywhere else soft)
        soft = enlarge(soft, source.shape[:2])
    elif preserve != "off":
        edited = settled(source, edited, low.rebuilt, low.sure)
    region = Region((soft if mask is None else mask)[None])
    return composite(source[None], edited[None], region, preserve)[0], region
