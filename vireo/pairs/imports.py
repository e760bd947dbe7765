"""Published training pairs as a pair set: read in one of `vireo.pairs.layouts`, written in the format of `format`."""

import hashlib
import json
import zlib
from collections.abc import Callable
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from vireo.errors import InputError, VireoError
from vireo.pairs.layouts import TRAINSETS, Item, read_layout
from vireo.runtime import whole_file
from vireo.types import TEST_SEED, EditPair
from vireo.video.io import VideoReader, write_lossless
from vireo.world.scene import STANDARD_FRAMES, STANDARD_SIZE


def import_pairs(
    layout: str,
    folder: Path,
    out: Path,
    *,
    size: tuple[int, int] = (STANDARD_SIZE, STANDARD_SIZE),
    frames: int = STANDARD_FRAMES,
    limit: int | None = None,
    on_progress: Callable[[int, int, str], None] | None = None,
) -> tuple[int, list[dict[str, str]]]:
    """Writes the pairs of a published training set as a pair set; returns their count, and the problems of the others.

    size: width and height; frames are cropped about their centre to that aspect, then scaled. frames: the first ones
    of every clip; an image becomes a still clip. Masks are black, since such sets have none: every pixel has the same
    weight in the loss (VIVA's w_m applies to nothing), and the set cannot be scored on. family: the set's own name of
    the kind of edit. limit: only the first so many items.

    Resumes an interrupted import. Raises InputError where `layout` is no training set, `out` holds another import, or
    nothing can be read.
    """
    if layout not in TRAINSETS:
        raise InputError(f"{layout} is no training set", f"choose one of {', '.join(TRAINSETS)}")
    listing = read_layout(TRAINSETS[layout], folder, limit)
    items, problems = listing.items, listing.problems
    _claim_folder(out, {"layout": layout, "folder": str(folder.absolute()), "size": list(size), "frames": frames})
    black = "videos/black.mkv"
    write_lossless(out / black, np.zeros((frames, size[1], size[0]), np.uint8), fps=8, gray=True)
    lines = []
    for number, item in enumerate(items):
        if on_progress:
            on_progress(number, len(items), "importing")
        paths = {"source": item.source, "target": item.target}
        hashes = {role: hashlib.sha256(str(path.absolute()).encode()).hexdigest() for role, path in paths.items()}
        names = {role: f"videos/{item.id}-{value[:8]}-{role}.mkv" for role, value in hashes.items()}
        try:
            for role, path in paths.items():
                if not (out / names[role]).is_file():
                    clip, fps = _read_cropped(path, size, frames)
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


def _claim_folder(out: Path, arguments: dict[str, Any]) -> None:
    """Records the arguments of the import in `out`. Raises InputError where others are recorded there."""
    record = out / "import.json"
    (out / "videos").mkdir(parents=True, exist_ok=True)
    if record.is_file() and json.loads(record.read_text(encoding="utf-8")) != arguments:
        raise InputError(f"{out} holds another import, or one of another size", "choose another folder or delete it")
    with whole_file(record) as temporary:
        temporary.write_text(json.dumps(arguments), encoding="utf-8")


def _pair(item: Item, names: dict[str, str], mask: str) -> EditPair:
    return EditPair(
        id=item.id,
        family=item.kind.replace("/", "-"),
        source=names["source"],
        target=names["target"],
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


def _read_cropped(path: Path, size: tuple[int, int], frames: int) -> tuple[np.ndarray, Fraction]:
    """uint8 (frames, H, W, 3) and the rate of a file. Raises InputError where a video has fewer frames."""
    with VideoReader(path, strict=True) as reader:
        fps = reader.info.fps
        pictures = (Image.fromarray(frame.pixels) for frame in islice(reader, frames))
        found = [np.asarray(ImageOps.fit(picture, size, Image.Resampling.LANCZOS)) for picture in pictures]
        still = reader.info.still or len(found) == 1
    if len(found) < frames and not still:
        raise InputError(f"{path} has {len(found)} frames", f"ask for {len(found)} or fewer with --frames")
    return np.stack(found * frames if still else found), fps
