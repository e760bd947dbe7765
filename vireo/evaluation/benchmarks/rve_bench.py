"""RVE-Bench (ReViSE): a list, whose paths are taken below the list's folder, or as they stand. Its targets are another
editor's, and no exact results.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from vireo.evaluation.benchmarks.benchmark import Benchmark
from vireo.evaluation.benchmarks.usual_fields import TARGET_CAPTION, is_generation
from vireo.pairs.layouts.items import Entry, Item, Layout, identity, json_entries, named_file, text


def _entries(folder: Path) -> Iterator[Entry]:
    for path in sorted(folder.glob("*.json")):
        yield from json_entries(path, partial(_item, path))


def _item(path: Path, entry: Any, key: str) -> Item:
    roots = (path.parent, path.parent / "videos", Path())
    return Item(
        id=identity(path.stem, key),
        kind=(kind := text(entry, "type")),
        instruction=text(entry, "instruction"),
        source=named_file(entry, ("source_video_path",), *roots),
        target_caption=text(entry, *TARGET_CAPTION, missing=""),
        generates=is_generation(kind),
    )


RVE_BENCH = Benchmark(
    name="rve-bench",
    layout=Layout(_entries, "a JSON list with source_video_path, target_video_path, instruction and type"),
    rubric="revise",
)
