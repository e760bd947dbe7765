"""Which part of a frame the model is shown.

A model of one fixed size squeezes a wide frame into its own shape. A ball becomes an egg there, so that neither
instructor nor editor finds "the ball". The instructor therefore looks at parts of such a frame that have the model's
shape, too, and by them decides whether what the instruction names is there. Where it is not sure to see that in the
whole frame, the edit is made in one of the parts.
"""

import math

import numpy as np

from vireo.pipeline.compositing import Box

SQUEEZED = (1.25, 4.0)
"""Frames that are so many times wider or higher than the model's shape; others are shown whole only."""

ABSENT = 0.5
"""What the instruction names counts as absent where the instructor is surer of that than this."""

SEEN = 0.02
"""Where it counts as absent from the whole frame, a part overrules that only if it is less likely absent there than
this: of several looks, one is more easily wrong."""

UNSURE = 0.2
"""A part is edited where what is named is absent from the whole frame with more than this chance."""

ALIKE = 0.05
"""Parts whose chances differ by no more show it alike."""


def parts(frame: tuple[int, int], model: tuple[int, int]) -> list[Box]:
    """Parts of a frame of (H, W) pixels that have the shape of `model` (h, w), as large as can be, from one end to the
    other; neighbours share half or more. Empty for frames of nearly that shape, and for mere stripes."""
    (height, width), shape = frame, model[1] / model[0]
    if not SQUEEZED[0] <= max(width / height / shape, height * shape / width) <= SQUEEZED[1]:
        return []
    size = min(height, round(width / shape)), min(width, round(height * shape))
    steps = [2 * math.ceil(full / part - 1) for full, part in zip(frame, size, strict=True)]
    rows, columns = (
        [slice(begin, begin + part) for begin in (round(k * (full - part) / max(1, count)) for k in range(count + 1))]
        for full, part, count in zip(frame, size, steps, strict=True)
    )
    return [(row, column) for row in rows for column in columns]


def is_seen(absent: np.ndarray) -> bool:
    """Whether what the instruction names is there, from the chances that it is absent: from the whole frame, and from
    its parts, if there are any."""
    if len(absent) == 1:
        return bool(absent[0] < ABSENT)
    return bool(absent[1:].min() < (ABSENT if absent[0] < ABSENT else SEEN))


def likeliest(absent: np.ndarray) -> int:
    """The part that shows what is named best, from the chances that it is absent; of several neighbours that show it
    alike the middle one, where it is not cut."""
    alike = np.flatnonzero(absent <= absent.min() + ALIKE)
    return int(min(alike, key=lambda part: (abs(part - alike.mean()), absent[part])))


def neighbour_reached(alpha: np.ndarray, part: Box, boxes: list[Box]) -> Box | None:
    """The neighbour of a part, one of `boxes`, into which the region of its edit, (T, h, w), reaches; None where the
    region ends inside, or reaches out at both ends."""
    number, support = boxes.index(part), np.asarray((alpha > 0).any(0))
    along = np.atleast_1d(np.any(support, axis=0 if boxes[0][0] == boxes[-1][0] else 1))
    out = [number - 1] * bool(along[0] and number > 0) + [number + 1] * bool(along[-1] and part != boxes[-1])
    return boxes[out[0]] if len(out) == 1 else None
