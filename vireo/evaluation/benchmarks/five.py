"""What FiVE measures of an edited clip beside `vireo.evaluation.measures`, in its units, on every STRIDE-th frame.

PSNR, SSIM, MSE, LPIPS kept   outside the mask of the edited object; inside both pictures are made black, as FiVE does
                              it (LPIPS with the backbone `lpips`)
Structure x1000               structure distance of source and edit (backbone `dino8`: facebook/dino-vitb8)
CLIP source                   CLIP score of the source and its caption (`clip`), not below 0
CLIP target                   of the edit and the target's caption
CLIP edited part              the same with all outside the mask made black
FiVE-Acc                      `vireo.judges.five_acc`, where a chat model judges

Not measured: NIQE, and motion fidelity (of CoTracker's tracks).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from vireo.errors import VideoError
from vireo.evaluation.measures import Measures
from vireo.metrics.image_quality import energy, psnr, ssim
from vireo.pairs.layouts import Item
from vireo.pairs.layouts.folders import picture, pictures_in

STRIDE = 8

_Frames = tuple[np.ndarray, np.ndarray, np.ndarray | None]


def five_measures(item: Item, before: np.ndarray, after: np.ndarray, measures: Measures) -> dict[str, float]:
    """before, after: uint8 (T, H, W, 3); as in FiVE the edit is scaled to the source's size and the longer one cut.

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
            if "lpips" in measures.models:
                each.setdefault("LPIPS kept x1000", []).append(1e3 * measures.models["lpips"].distance(a[0], b[0]))
    found = {name: float(np.mean(values)) for name, values in each.items()}
    if "dino8" in measures.models:
        apart = [measures.models["dino8"].distance(source, edit) for source, edit, _ in frames]
        found["Structure x1000"] = 1e3 * float(np.mean(apart))
    if "clip" in measures.models:
        parts = [edit * mask[..., None] for _, edit, mask in frames if mask is not None and mask.any()]
        asked = {
            "CLIP source": ([source for source, _, _ in frames], item.source_caption),
            "CLIP target": ([edit for _, edit, _ in frames], item.target_caption),
            "CLIP edited part": (parts, item.target_caption),
        }
        found |= {name: measures.clip_score(*given) for name, given in asked.items() if all(map(len, given))}
    return found


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
