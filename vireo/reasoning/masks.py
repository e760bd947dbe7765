"""Masks of objects as a twin holds them, COCO's compressed run lengths, and tracks made of masks."""

from collections.abc import Sequence
from typing import cast

import numpy as np
from pycocotools import mask as coco

from vireo.reasoning.twin import Box, Track
from vireo.world.scene import STANDARD_SIZE
from vireo.world.visibility import VISIBLE_PIXELS

LEAST_AREA = VISIBLE_PIXELS / STANDARD_SIZE**2
"""Least share of the picture that an object must cover to count as seen: the studio's own limit, a spot of 6 by 6
pixels in a picture of 96, below which neither colour nor shape can be told."""

_WHOLE = 0.9
"""Quantile of an object's areas that stands for the whole object: the largest would be one blurred or noisy frame."""


def encode_mask(mask: np.ndarray) -> str:
    """Run lengths of a mask, bool (h, w)."""
    return cast(bytes, coco.encode(np.asfortranarray(mask, np.uint8))["counts"]).decode("ascii")


def decode_mask(counts: str, width: int, height: int) -> np.ndarray:
    """The mask bool (height, width) of run lengths. Those of another size are a mistake of ours."""
    found = coco.decode({"size": [height, width], "counts": counts.encode("ascii")}).astype(bool)
    assert found.shape == (height, width), found.shape
    return found


def masks_of(track: Track, width: int, height: int) -> np.ndarray:
    """The masks bool (T, height, width) of a track, empty where the object is not seen."""
    found = np.zeros((len(track.masks), height, width), bool)
    for frame, counts in enumerate(track.masks):
        if counts is not None:
            found[frame] = decode_mask(counts, width, height)
    return found


def estimate_visibility(areas: np.ndarray, depths: Sequence[float | None]) -> np.ndarray:
    """Share of an object that is seen, 0..1 (T,), for makers who see masks alone: its area over that of the whole,
    which is the object's at its best and falls with the square of the depth. areas: pixels (T,), 0 where it is not
    seen."""
    known = all(depth is not None for depth, area in zip(depths, areas, strict=True) if area)
    scale = np.array([float(depth) if known and depth else 1.0 for depth in depths])
    sizes = areas * scale**2
    if not sizes.any():
        return np.zeros(len(areas))
    return np.clip(sizes / np.quantile(sizes[sizes > 0], _WHOLE), 0, 1)


def track_of(
    masks: np.ndarray,
    depths: Sequence[float | None] | None = None,
    visibility: np.ndarray | None = None,
    least_area: float = LEAST_AREA,
) -> Track:
    """The track of an object from its masks.

    masks: bool (T, h, w). depths: (T,), None where unknown. visibility: share of the object that is seen (T,);
    without it, it is estimated from areas and depths. least_area: share of the picture; masks that cover less are
    taken as not seen.
    """
    count, height, width = masks.shape
    areas = masks.sum((1, 2))
    seen = (areas > 0) & (areas >= least_area * height * width)
    far = [None if depth is None else float(depth) for depth in depths or [None] * count]
    shares = estimate_visibility(np.where(seen, areas, 0), far) if visibility is None else visibility
    boxes: list[Box | None] = [None] * count
    centroids: list[tuple[float, float] | None] = [None] * count
    for frame in np.flatnonzero(seen).tolist():
        rows, columns = np.nonzero(masks[frame])
        left, top, right, bottom = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
        boxes[frame] = (float(left), float(top), float(right), float(bottom))
        centroids[frame] = (float(columns.mean()) + 0.5, float(rows.mean()) + 0.5)
    least = np.finfo(np.float32).eps  # what is seen is seen by more than nothing
    return Track(
        boxes=tuple(boxes),
        centroids=tuple(centroids),
        masks=tuple(encode_mask(mask) if shown else None for mask, shown in zip(masks, seen, strict=True)),
        depths=tuple(depth if shown else None for depth, shown in zip(far, seen, strict=True)),
        visibility=tuple(
            float(np.clip(share, least, 1)) if shown else 0.0 for share, shown in zip(shares, seen, strict=True)
        ),
    )
