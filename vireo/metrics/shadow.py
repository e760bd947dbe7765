"""What a removal leaves behind of the object's shadow and reflection."""

from dataclasses import dataclass

import numpy as np

from vireo.metrics.image_quality import energy
from vireo.metrics.truth import dilated


@dataclass(frozen=True)
class Trace:
    """Energies over the pixels that the removed object changes without covering them.

    left: sum of |E-T|^2, what the edit leaves there. pasted: sum of |S-T|^2, what stays when the background
    is pasted only inside the object's own mask, as mask-based removal does.
    """

    left: float
    pasted: float


def removal_trace(
    edited: np.ndarray, source: np.ndarray, target: np.ndarray, mask: np.ndarray, removed: np.ndarray
) -> Trace:
    """Shadow and reflection energy of a `remove` pair.

    edited, source, target: uint8 (T, H, W, 3). mask: bool (T, H, W), all that the removal changes. removed:
    bool (T, H, W), the object's own instance mask, grown here by a rim (soft edges belong to the object).
    """
    where = mask & ~dilated(removed)
    return Trace(energy(edited, target, where), energy(source, target, where))


def left_behind(traces: list[Trace]) -> float | None:
    """Energy left over all pairs, as a share of pasting's (0 = all gone, 1 = no better than pasting)."""
    pasted = sum(trace.pasted for trace in traces)
    return None if pasted == 0 else sum(trace.left for trace in traces) / pasted
