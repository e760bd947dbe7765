"""Other people's training pairs as a pair set: `vireo.pairs.layouts` in, files of the contract out."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from vireo.errors import InputError, VireoError
from vireo.pairs.layouts import TRAINSETS, Item, read_layout
from vireo.runtime import whole_file
from vireo.types import TEST_SEED, EditPair
from vireo.video.io import VideoReader, write_lossless


def import_pairs(
    layout: str,
    folder: Path,
    out: Path,
    *,
    size: tuple[int, int] = (96, 96),
    frames: int = 9,
    limit: int | None = None,
    on_progress: Callable[[int, int, str], None] | None = None,
) -> tuple[int, list[dict[str, str]]]:
    """Writes the pairs of a published training set as a pair set; returns how many, and what is wrong with the rest.

    size: width and height; pictures are cropped about their middle to that shape, then scaled. frames: of every clip,
    the first ones; a picture becomes a clip that stands still. Without a mask every pixel weighs the same, so masks
    are black (VIVA's w_m has nothing to weigh). The family is the set's own kind of edit. limit: only the first so many
    items.

    Goes on where a broken run stopped. Such a set is for training: without masks nothing can be scored on it.
    Raises InputError where `layout` is no training set, `out` holds another import, or nothing can be read.
    """
    if layout not in TRAINSETS:
        raise InputError(f"{layout} is no training set", f"choose one of {', '.join(TRAINSETS)}")
    listing = read_layout(TRAINSETS[layout], folder, limit)
    items, problems = listing.items, list(listing.problems)
    _open(out, {"layout": layout, "folder": str(folder.absolute()), "size": list(size), "frames": frames})
    videos = out / "videos"
    videos.mkdir(parents=True, exist_ok=True)
    black = "videos/black.mkv"
    write_lossless(out / black, np.zeros((frames, size[1], size[0]), np.uint8), fps=8, gray=True)
    lines = []
    for number, item in enumerate(items):
        if on_progress:
            on_progress(number, len(items), "importing")
        paths = {"source": item.source, "target": item.target}
        names = {role: f"videos/{item.id}-{_mark(path)}-{role}.mkv" for role, path in paths.items()}
        try:
            for role, path in paths.items():
                if not (out / names[role]).is_file():
                    clip, fps = _fitted(path, size, frames)
                    write_lossless(out / names[role], clip, fps)
        except VireoError as error:
            problems.append({"where": item.id, "what": str(error)})
            continue
        lines.append(_pair(item, names, black).model_dump_json())
    if not lines:
        what = problems[0]["what"] if problems else "it has no items"
        raise InputError(f"no pair of {folder} can be read: {what}", "see the layout's description")
    with whole_file(out / "pairs.jsonl") as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return len(lines), problems


def _open(out: Path, plan: dict[str, Any]) -> None:
    """Notes what is imported, so that nothing else is mixed into it."""
    noted = out / "import.json"
    out.mkdir(parents=True, exist_ok=True)
    if noted.is_file() and json.loads(noted.read_text(encoding="utf-8")) != plan:
        raise InputError(f"{out} holds another import, or one of another size", "choose another folder or delete it")
    with whole_file(noted) as temporary:
        temporary.write_text(json.dumps(plan), encoding="utf-8")


def _mark(path: Path) -> str:
    return hashlib.sha256(str(path.absolute()).encode()).hexdigest()[:8]


def _pair(item: Item, names: dict[str, str], mask: str) -> EditPair:
    return EditPair(
        id=item.id,
        family=item.kind.replace("/", "-"),
        **names,
        mask=mask,
        instruction=item.instruction,
        paraphrases=[item.instruction],
        source_caption=item.source_caption,
        target_caption=item.target_caption,
        seed=zlib.crc32(item.id.encode()) % TEST_SEED,
        split="train",
        scene={},
        target_scene={},
    )


def _fitted(path: Path, size: tuple[int, int], frames: int) -> tuple[np.ndarray, Fraction]:
    """uint8 (frames, H, W, 3) of a file; raises InputError where it has fewer frames, and is no picture."""
    with VideoReader(path) as reader:
        fps = reader.info.fps
        found = [_cropped(frame.pixels, size) for frame in islice(reader, frames)]
        still = reader.info.still or len(found) == 1
    if len(found) < frames and not still:
        raise InputError(f"{path} has {len(found)} frames", f"ask for {len(found)} or fewer with --frames")
    return np.stack(found * frames if still else found), fps


def _cropped(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    height, width = pixels.shape[:2]
    scale = min(width / size[0], height / size[1])
    across, down = scale * size[0], scale * size[1]
    left, top = (width - across) / 2, (height - down) / 2
    picture = Image.fromarray(pixels)
    return np.asarray(picture.resize(size, Image.Resampling.LANCZOS, box=(left, top, left + across, top + down)))
