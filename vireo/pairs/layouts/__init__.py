"""Folders of other people's edits, as they lie on disk after unpacking.

items.py       `Item`, `Listing`, and how one entry of an annotation file becomes an item or a problem
trainsets.py   Seed-Data-Edit, GPT-Image-Edit-1.5M, Ditto-1M, InsViE-1M, Senorita-2M

Benchmarks are in `vireo.evaluation.benchmarks`, each beside what it measures.
"""

from vireo.pairs.layouts.items import Item, Layout, Listing, read_layout
from vireo.pairs.layouts.trainsets import TRAINSETS

__all__ = ["TRAINSETS", "Item", "Layout", "Listing", "read_layout"]
