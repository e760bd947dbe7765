"""Folders of other people's edits, as they lie on disk after unpacking: benchmarks and training sets.

items.py       `Item`, `Listing`, and how one entry of an annotation file becomes an item or a problem
benchmarks.py  VIE-Bench, RVE-Bench, RVEBenchmark, FiVE, VEGGIE, EditVerseBench
trainsets.py   Seed-Data-Edit, GPT-Image-Edit-1.5M, Ditto-1M, InsViE-1M, Senorita-2M
"""

from __future__ import annotations

from pathlib import Path

from vireo.errors import InputError
from vireo.pairs.layouts.benchmarks import BENCHMARKS
from vireo.pairs.layouts.items import Item, Layout, Listing, listed
from vireo.pairs.layouts.trainsets import TRAINSETS

__all__ = ["BENCHMARKS", "TRAINSETS", "Item", "Layout", "Listing", "read_layout"]

LAYOUTS: dict[str, Layout] = {**BENCHMARKS, **TRAINSETS}


def read_layout(name: str, folder: str | Path, limit: int | None = None) -> Listing:
    """The items of a folder in the layout of a published set, and what is wrong with the rest of them.

    name: of BENCHMARKS or TRAINSETS. limit: as many items are enough.
    Raises InputError where there is no such layout or folder, or nothing in the folder looks like it.
    """
    folder = Path(folder)
    if name not in LAYOUTS:
        raise InputError(f"there is no layout {name!r}", f"choose one of {', '.join(LAYOUTS)}")
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder", "name the folder into which the set was unpacked")
    listing = listed(LAYOUTS[name].entries(folder), limit)
    if not listing.items and not listing.problems:
        raise InputError(f"{folder} holds nothing of {name}", f"expected there: {LAYOUTS[name].expects}")
    return listing
