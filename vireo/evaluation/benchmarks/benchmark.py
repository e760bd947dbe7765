"""What a published benchmark is to this package."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from vireo.judges.rubric import RubricName
from vireo.models.backbones.registry import Backbones
from vireo.pairs.layouts import Item, Layout

ExtraMeasures = Callable[[Item, np.ndarray, np.ndarray, Backbones], dict[str, float]]
"""Of an item, its source and its edit, uint8 (T, H, W, 3): figures by name. Raises VideoError for damaged files."""


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """name: for --layout. layout: how its folder is read. rubric: by which a judge scores unless told otherwise.
    measures: what it measures beside `vireo.evaluation.measures`."""

    name: str
    layout: Layout
    rubric: RubricName = "viva"
    measures: ExtraMeasures | None = None
