"""EditVerseBench: an object by number; `<text>` says what to do with the files behind its other tags."""

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from vireo.evaluation.benchmarks.benchmark import Benchmark
from vireo.pairs.layouts.items import Entry, Item, Layout, Malformed, identity, json_entries, named_file, text


def _entries(folder: Path) -> Iterator[Entry]:
    for home in (folder, folder / "EditVerseBench"):
        for path in sorted([*home.glob("test.json"), *home.glob("EditVerseBench.json")]):
            yield from json_entries(path, partial(_item, path.parent))


def _item(home: Path, entry: Any, key: str) -> Item:
    words = text(entry, "<text>")
    images = sorted(name for name in entry if re.fullmatch(r"<image\d+>", name))
    if any(re.fullmatch(r"<video([2-9]|\d\d+)>", name) for name in entry):
        raise Malformed("needs more than one video, which no editor here takes")
    if len(images) > 1:
        raise Malformed("needs more than one picture, which no editor here takes")
    return Item(
        id=identity(key),
        kind=text(entry, "type", missing="all"),
        instruction=" ".join(_plain(words).split()),
        source=named_file(entry, ("<video1>",), home),
        reference=named_file(entry, (images[0],), home) if images else None,
        source_caption=text(entry, "source_prompt", missing=""),
        target_caption=text(entry, "target_prompt", missing=""),
    )


def _plain(words: str) -> str:
    """An instruction without tags."""
    words = re.sub(r"^\s*<video1>", "", words).replace("<video1>", "the video")
    return re.sub(r"<image\d+>", "the picture", words)


EDITVERSE = Benchmark(
    name="editverse",
    layout=Layout(_entries, "EditVerseBench/test.json and the folders videos and images"),
    rubric="editverse",
)
