"""FiVE: how its folder is read, and what it measures of an edited clip beside `vireo.evaluation.measures`, in its
units, on every STRIDE-th frame.

PSNR, SSIM, MSE, LPIPS kept   outside the mask of the edited object; inside both pictures are made black, as FiVE does
                              it (LPIPS with the backbone `lpips`)
Structure x1000               structure distance of source and edit (backbone `dino8`: facebook/dino-vitb8)
CLIP source                   CLIP score of the source and its caption (`clip`), not below 0
CLIP target                   of the edit and the target's caption
CLIP edited part              the same with all outside the mask made black
FiVE-Acc                      `vireo.judges.five_acc`, where a chat model judges

Not measured: NIQE, and motion fidelity (of CoTracker's tracks).
"""

import re
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from vireo.errors import VideoError
from vireo.evaluation.benchmarks.benchmark import Benchmark
from vireo.metrics.image_quality import energy, psnr, ssim
from vireo.models.backbones.encoders import ClipBackbone
from vireo.models.backbones.registry import Backbones
from vireo.pairs.layouts.folders import picture, pictures_in
from vireo.pairs.layouts.items import Entry, Item, Layout, file, identity, json_entries, text

STRIDE = 8

_Frames = tuple[np.ndarray, np.ndarray, np.ndarray | None]

_KINDS = ("rigid replacement", "non-rigid replacement", "color", "material", "add", "remove")
"""Of edit1_FiVE.json to edit6_FiVE.json."""


def _entries(folder: Path) -> Iterator[Entry]:
    """FiVE: prompts of source and target; where an entry has no instruction, the target's prompt stands for it."""
    home = folder if (folder / "edit_prompt").is_dir() else folder / "data"
    for number, kind in enumerate(_KINDS, 1):
        path = home / "edit_prompt" / f"edit{number}_FiVE.json"
        if path.is_file():
            yield from json_entries(path, partial(_item, home, number, kind))


def _item(home: Path, number: int, kind: str, entry: Any, key: str) -> Item:
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


def _measures(item: Item, before: np.ndarray, after: np.ndarray, backbones: Backbones) -> dict[str, float]:
    """before, after: source and edit, uint8 (T, H, W, 3); as in FiVE the edit is scaled to the source's size and the
    longer one cut.

    Raises VideoError for masks that are missing or have another size.
    """
    frames = list(_frames(item, before, after))
    each: dict[str, list[float]] = {}
    for source, edit, mask in frames:
        if mask is not None and not mask.all():
            a, b = ((frame * ~mask[..., None])[None] for frame in (source, edit))
            each.setdefault("PSNR kept", []).append(psnr(a, b))
            each.setdefault("SSIM kept x100", []).append(100 * ssim(a, b))
            each.setdefault("MSE kept x1e4", []).append(1e4 * energy(a, b) / a.size / 255**2)
            if "lpips" in backbones.models:
                each.setdefault("LPIPS kept x1000", []).append(1e3 * backbones.models["lpips"].distance(a[0], b[0]))
    found = {name: float(np.mean(values)) for name, values in each.items()}
    if "dino8" in backbones.models:
        apart = [backbones.models["dino8"].distance(source, edit) for source, edit, _ in frames]
        found["Structure x1000"] = 1e3 * float(np.mean(apart))
    if "clip" in backbones.models:
        parts = [edit * mask[..., None] for _, edit, mask in frames if mask is not None and mask.any()]
        captions = {
            "CLIP source": ([source for source, _, _ in frames], item.source_caption),
            "CLIP target": ([edit for _, edit, _ in frames], item.target_caption),
            "CLIP edited part": (parts, item.target_caption),
        }
        found |= {
            name: _clip_score(backbones.models["clip"], pictures, caption)
            for name, (pictures, caption) in captions.items()
            if pictures and caption
        }
    return found


def _clip_score(clip: ClipBackbone, pictures: Sequence[np.ndarray], caption: str) -> float:
    """CLIPScore as torchmetrics has it: mean over uint8 pictures (H, W, 3) of 100 times the cosine with a caption, not
    below 0."""
    return 100 * float((clip.pictures(pictures) @ clip.texts([caption])[0]).clip(min=0).mean())


def _frames(item: Item, before: np.ndarray, after: np.ndarray) -> Iterator[_Frames]:
    """Source, edit and mask, bool (H, W), of each frame that is measured; the mask goes with the frame of its name."""
    masks = {path.stem: path for path in pictures_in(item.mask)} if item.mask is not None else {}
    names = [path.stem for path in pictures_in(item.source)] if item.source.is_dir() else sorted(masks)
    if item.mask is not None and not masks:
        raise VideoError(f"{item.mask} holds no masks", "unpack it again")
    length = min(len(before), len(after), *([len(names)] if masks else []))
    size = before.shape[2:0:-1]
    for number in range(0, length, STRIDE):
        edit = np.asarray(Image.fromarray(after[number]).resize(size))
        mask = _mask(item, masks, names[number], before.shape[1:3]) if masks else None
        yield before[number], edit, mask


def _mask(item: Item, masks: dict[str, Path], name: str, shape: tuple[int, int]) -> np.ndarray:
    if name not in masks:
        raise VideoError(f"{item.mask} has no mask of frame {name}", "unpack it again")
    mask = picture(masks[name], "L") > 0
    if mask.shape != shape:
        raise VideoError(f"{masks[name]} has another size than its frame", "unpack it again")
    return mask


FIVE = Benchmark(
    name="five",
    layout=Layout(_entries, "edit_prompt/edit1_FiVE.json to edit6_FiVE.json, images, bmasks and videos"),
    measures=_measures,
)
