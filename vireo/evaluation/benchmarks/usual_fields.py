"""Benchmarks whose papers and pages do not say how the data lie on disk: VIE-Bench (VIVA), VEGGIE's, and RVEBenchmark,
of reasoning edits as ReViSE's. Any JSON, JSONL or CSV file is read whose fields have the usual names (`_SOURCE` and so
on).

VEGGIE's detection score and mIoU are not measured: their formulas are not published.
"""

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from vireo.evaluation.benchmarks.benchmark import Benchmark
from vireo.pairs.layouts.items import (
    Entry,
    Item,
    Layout,
    identity,
    json_entries,
    named_file,
    optional_file,
    table_entries,
    text,
)

_SOURCE = ("source_video_path", "source_video", "source", "video_path", "video", "input_video", "input")
_INSTRUCTION = ("instruction", "edit_instruction", "implicit_query", "query", "prompt", "edit_prompt", "text")
_KIND = ("type", "edit_type", "category", "task", "skill")
TARGET_CAPTION = ("target_prompt", "target_caption", "caption")
_REFERENCE = ("reference_image_path", "reference_image", "reference", "ref_image", "image")


def _tables(folder: Path) -> Iterator[Entry]:
    for path in sorted(folder.glob("*")):
        if path.suffix in (".json", ".jsonl"):
            yield from json_entries(path, partial(_item, path))
        elif path.suffix == ".csv":
            yield from table_entries(path, partial(_item, path))


def _item(path: Path, entry: Any, key: str) -> Item:
    folder = path.parent
    roots = (folder, folder / "videos", folder / "images")
    return Item(
        id=identity(path.stem, text(entry, "id", missing=key)),
        kind=(kind := text(entry, *_KIND, missing="all")),
        instruction=text(entry, *_INSTRUCTION),
        source=named_file(entry, _SOURCE, *roots),
        reference=optional_file(entry, _REFERENCE, *roots),
        source_caption=text(entry, "source_prompt", "source_caption", missing=""),
        target_caption=text(entry, *TARGET_CAPTION, missing=""),
        generates=is_generation(kind),
    )


def is_generation(kind: str) -> bool:
    """Whether a kind is ReViSE's in-context video generation."""
    return re.search(r"in.?context|icvg", kind, re.IGNORECASE) is not None


USUAL_FIELDS = Layout(
    _tables, "a JSON, JSONL or CSV file with the fields source_video, instruction and, if any, type and reference_image"
)

VIE_BENCH = Benchmark(name="vie-bench", layout=USUAL_FIELDS)
VEGGIE = Benchmark(name="veggie", layout=USUAL_FIELDS)
RVEBENCHMARK = Benchmark(name="rvebenchmark", layout=USUAL_FIELDS, rubric="revise")
