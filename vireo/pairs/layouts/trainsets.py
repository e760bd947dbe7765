"""Training sets: pairs of source and target with an instruction, without masks."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from vireo.pairs.layouts.items import (
    Entry,
    Item,
    Layout,
    file,
    identity,
    json_entries,
    named_file,
    raw_entries,
    table_entries,
    text,
)


def _seed(folder: Path) -> Iterator[Entry]:
    """Seed-Data-Edit: lines of JSON in `annotations`, files in `images` beside it; the rounds of part 3 become pairs of
    one picture and the next."""
    for path in sorted(folder.glob("**/annotations/*.jsonl")):
        home = path.parent.parent
        make = partial(_seed_item, home / "images", identity(home.name, path.stem))
        if "multi_turn" in home.name:
            yield from _seed_rounds(path, make)
        else:
            yield from json_entries(path, partial(make, ("instruction", "source_image", "target_image")))


def _seed_rounds(path: Path, make: partial[Item]) -> Iterator[Entry]:
    for where, key, entry in raw_entries(path):
        for turn in range(1, 7):
            if turn == 1 or (isinstance(entry, dict) and f"instruction_{turn}" in entry):
                before = "source_image" if turn == 1 else f"edit_image_{turn - 1}"
                fields = (f"instruction_{turn}", before, f"edit_image_{turn}")
                yield f"{where}, round {turn}", partial(make, fields, entry, f"{key}-{turn}")


def _seed_item(images: Path, stem: str, fields: tuple[str, str, str], entry: Any, key: str) -> Item:
    """fields: names of those of instruction, source and target."""
    instruction, source, target = fields
    return Item(
        id=identity(stem, key),
        kind="image",
        instruction=text(entry, instruction),
        source=named_file(entry, (source,), images),
        target=named_file(entry, (target,), images),
    )


def _gpt_image(folder: Path) -> Iterator[Entry]:
    """GPT-Image-Edit-1.5M: one folder a task, with `metadata/*.json` and the files that it names."""
    for path in sorted(folder.glob("**/metadata/*.json")):
        yield from json_entries(path, partial(_gpt_image_item, path.parent.parent, path.stem))


def _gpt_image_item(home: Path, stem: str, entry: Any, key: str) -> Item:
    return Item(
        id=identity(text(entry, "id", missing=f"{stem}-{key}")),
        kind=text(entry, "task", missing=home.name),
        instruction=text(entry, "instruction"),
        source=named_file(entry, ("input",), home),
        target=named_file(entry, ("output",), home),
        source_caption=text(entry, "input_description", missing=""),
    )


def _ditto(folder: Path) -> Iterator[Entry]:
    """Ditto-1M: lists in `training_metadata`, paths below `videos`, whose archives may unpack one folder deeper."""
    for path in sorted(folder.glob("training_metadata/*.json")):
        yield from json_entries(path, partial(_ditto_item, folder / "videos", path.stem))


def _ditto_item(videos: Path, stem: str, entry: Any, key: str) -> Item:
    before, after = (text(entry, name).removeprefix("./") for name in ("source_path", "edited_path"))
    source, target = (file(name, videos, videos / name.partition("/")[0]) for name in (before, after))
    return Item(identity(stem, key), stem, text(entry, "instruction"), source, target)


def _insvie(folder: Path) -> Iterator[Entry]:
    """InsViE-1M: a CSV with the columns video and instruct; one name in a folder of sources and in one of edits.

    What the archives unpack to is not documented: the folder of sources is the one whose name has `source` or `ori`
    in it, that of the edits has `edit`.
    """
    homes = [path for path in sorted(folder.iterdir()) if path.is_dir()]
    edited = [path for path in homes if "edit" in path.name.lower()]
    sources = [path for path in homes if path not in edited and any(w in path.name.lower() for w in ("source", "ori"))]
    for path in sorted(folder.glob("*.csv")):
        yield from table_entries(path, partial(_insvie_item, sources, edited, path.stem))


def _insvie_item(sources: Sequence[Path], edited: Sequence[Path], stem: str, entry: Any, key: str) -> Item:
    name = text(entry, "video")
    source, target = file(name, *sources), file(name, *edited)
    return Item(identity(stem, key), "all", text(entry, "instruct"), source, target)


_MOVED = {"obj_swap_videos/": "obj_swap_upload/", "style_transfer/": "style_transfer_upload/"}
"""Folders of Senorita-2M that its lists call otherwise than its archives."""


def _senorita(folder: Path) -> Iterator[Entry]:
    """Senorita-2M: lists `updated_data_*.json` in the root. No official description: as those who filter it read it."""
    for path in sorted(folder.glob("*.json")):
        yield from json_entries(path, partial(_senorita_item, folder, path.stem))


def _senorita_item(folder: Path, stem: str, entry: Any, key: str) -> Item:
    return Item(
        id=identity(stem, key),
        kind=stem.removeprefix("updated_data_"),
        instruction=text(entry, "instruction", "enhanced_instruction"),
        source=_unpacked(folder, text(entry, "source_video_path")),
        target=_unpacked(folder, text(entry, "target_video_path")),
    )


def _unpacked(folder: Path, name: str) -> Path:
    name = name.removeprefix("./")
    for listed, unpacked in _MOVED.items():
        if name.startswith(listed) and not (folder / name).exists():
            name = unpacked + name.removeprefix(listed)
    return file(name, folder)


TRAINSETS: dict[str, Layout] = {
    "seed-data-edit": Layout(_seed, "folders annotations (*.jsonl) and images, one beside the other"),
    "gpt-image-edit": Layout(_gpt_image, "folders of tasks with input, output and metadata/*.json"),
    "ditto": Layout(_ditto, "training_metadata/*.json and videos"),
    "insvie": Layout(_insvie, "a CSV with the columns video and instruct, a folder of sources and one of edits"),
    "senorita": Layout(_senorita, "updated_data_*.json and the unpacked folders of videos"),
}
