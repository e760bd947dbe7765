"""Contact sheets of clips while a model trains."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from vireo.runtime import whole_file


def save_rows(path: Path, rows: list[np.ndarray], every: int = 2) -> None:
    """One clip a row, uint8 (T, H, W, 3), every `every`-th frame; rows may differ in length."""
    strips = [np.concatenate(list(row[::every]), axis=1) for row in rows]
    width = max(strip.shape[1] for strip in strips)
    sheet = np.concatenate([np.pad(s, ((0, 2), (0, width - s.shape[1]), (0, 0))) for s in strips])
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as temporary:
        Image.fromarray(sheet).save(temporary)
