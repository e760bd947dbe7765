"""Benchmarks. None of them knows the exact result of an edit; see `vireo.evaluation.benchmarks.run`.

VIE-Bench, VEGGIE and RVEBenchmark: their papers and pages do not say how the data lie on disk, so any JSON, JSONL or
CSV file is read whose fields have the usual names (`_SOURCE` and so on).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vireo.pairs.layouts.items import (
    Entry,
    Item,
    Layout,
    Maker,
    Malformed,
    file,
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
_TARGET = ("target_prompt", "target_caption", "caption")
_REFERENCE = ("reference_image_path", "reference_image", "reference", "ref_image", "image")


def _tables(folder: Path) -> Iterator[Entry]:
    for path in sorted(folder.glob("*")):
        if path.suffix in (".json", ".jsonl"):
            yield from json_entries(path, _usual(path))
        elif path.suffix == ".csv":
            yield from table_entries(path, _usual(path))


def _usual(path: Path) -> Maker:
    folder = path.parent
    roots = (folder, folder / "videos", folder / "images")

    def make(entry: Any, key: str) -> Item:
        return Item(
            id=identity(path.stem, text(entry, "id", missing=key)),
            kind=(kind := text(entry, *_KIND, missing="all")),
            instruction=text(entry, *_INSTRUCTION),
            source=named_file(entry, _SOURCE, *roots),
            reference=optional_file(entry, _REFERENCE, *roots),
            source_caption=text(entry, "source_prompt", "source_caption", missing=""),
            target_caption=text(entry, *_TARGET, missing=""),
            generates=_generates(kind),
        )

    return make


def _generates(kind: str) -> bool:
    """Whether a kind is ReViSE's in-context video generation."""
    return re.search(r"in.?context|icvg", kind, re.IGNORECASE) is not None


def _editverse(folder: Path) -> Iterator[Entry]:
    """EditVerseBench's JSON: an object by number; `<text>` says what to do with the files behind its other tags."""
    for home in (folder, folder / "EditVerseBench"):
        for path in sorted([*home.glob("test.json"), *home.glob("EditVerseBench.json")]):
            yield from json_entries(path, _tagged(path.parent))


def _tagged(home: Path) -> Maker:
    def make(entry: Any, key: str) -> Item:
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

    return make


def _plain(words: str) -> str:
    """An instruction without tags."""
    words = re.sub(r"^\s*<video1>", "", words).replace("<video1>", "the video")
    return re.sub(r"<image\d+>", "the picture", words)


FIVE_KINDS = ("rigid replacement", "non-rigid replacement", "color", "material", "add", "remove")
"""Of edit1_FiVE.json to edit6_FiVE.json."""


def _five(folder: Path) -> Iterator[Entry]:
    """FiVE: prompts of source and target; where an entry has no instruction, the target's prompt stands for it."""
    home = folder if (folder / "edit_prompt").is_dir() else folder / "data"
    for number, kind in enumerate(FIVE_KINDS, 1):
        path = home / "edit_prompt" / f"edit{number}_FiVE.json"
        if path.is_file():
            yield from json_entries(path, _of_five(home, number, kind))


def _of_five(home: Path, number: int, kind: str) -> Maker:
    def make(entry: Any, key: str) -> Item:
        name = text(entry, "video_name")
        before, after = (re.sub(r"[\[\]]", "", text(entry, field)) for field in ("source_prompt", "target_prompt"))
        frames, masks = home / "images" / name, home / "bmasks" / name
        fields = ("multiple_choice_question", "target_yes_no_question", "source_yes_no_question")
        choice, target, source = (text(entry, field, missing="") for field in fields)
        return Item(
            id=identity(f"edit{number}", name, text(entry, "save_dir", missing=key)),
            kind=kind,
            instruction=text(entry, "instruction", "editing_instruction", missing=after),
            source=frames if frames.is_dir() else file(f"videos/{name}.mp4", home),
            mask=masks if masks.is_dir() else None,
            source_caption=before,
            target_caption=after,
            questions=(choice, target, source) if choice and target else None,
        )

    return make


def _reviser(folder: Path) -> Iterator[Entry]:
    """ReViSE's list. Its paths are taken below the list's folder, or as they stand. Its targets are of another editor,
    and no truth."""
    for path in sorted(folder.glob("*.json")):
        yield from json_entries(path, _triplet(path))


def _triplet(path: Path) -> Maker:
    def make(entry: Any, key: str) -> Item:
        roots = (path.parent, path.parent / "videos", Path())
        return Item(
            id=identity(path.stem, key),
            kind=(kind := text(entry, "type")),
            instruction=text(entry, "instruction"),
            source=named_file(entry, ("source_video_path",), *roots),
            target_caption=text(entry, *_TARGET, missing=""),
            generates=_generates(kind),
        )

    return make


_USUAL = "a JSON, JSONL or CSV file with the fields source_video, instruction and, if any, type and reference_image"

BENCHMARKS: dict[str, Layout] = {
    "vie-bench": Layout(_tables, _USUAL, "viva"),
    "rve-bench": Layout(
        _reviser, "a JSON list with source_video_path, target_video_path, instruction and type", "revise"
    ),
    "rvebenchmark": Layout(_tables, _USUAL, "revise"),
    "five": Layout(_five, "edit_prompt/edit1_FiVE.json to edit6_FiVE.json, images, bmasks and videos", "viva"),
    "veggie": Layout(_tables, _USUAL, "viva"),
    "editverse": Layout(_editverse, "EditVerseBench/test.json and the folders videos and images", "editverse"),
}
