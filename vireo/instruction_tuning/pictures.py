"""Single frames of a pair set with what is known about each: scene, caption, and where the objects are.

Frames come from the frame caches that all training stages share; instance masks of three frames a scene are
cached beside it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from vireo.instruction_tuning.patch_labels import LABELS, NOTHING, patch_labels
from vireo.runtime import whole_file
from vireo.types import EditPair, OnCount
from vireo.video.io import read_clip
from vireo.world import vocabulary
from vireo.world.families import FAMILIES
from vireo.world.scene import STANDARD_FRAMES

STILLS = (0, STANDARD_FRAMES // 2, STANDARD_FRAMES - 1)
"""The frames of a clip that are used: first, middle and last."""


@dataclass(frozen=True)
class Picture:
    """One clip. path: in the pair set. scene, caption: what it shows. instances: row in the cache of instance
    masks, or None where no mask fits. removed: indices of objects that the masks still hold.
    """

    path: str
    scene: dict[str, Any]
    caption: str
    instances: int | None
    removed: tuple[int, ...] = ()


def cache_instances(
    pairs_dir: Path, pairs: Sequence[EditPair], folder: Path, on_progress: OnCount | None = None
) -> dict[str, int]:
    """Decodes the instance masks of every scene once into folder/instances.npy, uint8 (N, len(STILLS), H, W).

    Returns path -> row; does nothing else where that is done.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "instances.json").exists():
        paths = list(dict.fromkeys(pair.instances for pair in pairs if pair.instances))
        masks = []
        for number, path in enumerate(paths):
            masks.append(read_clip(pairs_dir / path, trusted=True).frames[list(STILLS), ..., 0])
            if on_progress and number % 100 == 0:
                on_progress(number, len(paths))
        with whole_file(folder / "instances.npy") as temporary:
            np.save(temporary, np.stack(masks))
        with whole_file(folder / "instances.json") as temporary:
            temporary.write_text(json.dumps({path: row for row, path in enumerate(paths)}))
    return json.loads((folder / "instances.json").read_text())


class PictureSet:
    """All distinct clips of a pair set.

    frames: clips uint8 (T, H, W, 3) by their path. rows, masks: what `cache_instances` wrote.
    """

    def __init__(
        self, pairs: Sequence[EditPair], frames: Mapping[str, np.ndarray], rows: dict[str, int], masks: np.ndarray
    ) -> None:
        self.frames, self.masks = frames, masks
        found: dict[str, Picture] = {}
        for pair in pairs:
            row = rows.get(pair.instances or "")
            if pair.source not in found:
                found[pair.source] = Picture(pair.source, pair.scene, pair.source_caption, row)
            if pair.target not in found:
                family = FAMILIES[pair.family]
                found[pair.target] = Picture(
                    pair.target,
                    pair.target_scene,
                    pair.target_caption,
                    row if family.keeps_geometry else None,
                    tuple(pair.concerned) if family.removes_objects else (),
                )
        self.pictures = list(found.values())
        self.number = {path: number for number, path in enumerate(found)}

    @classmethod
    def open(
        cls,
        pairs_dir: Path,
        pairs: Sequence[EditPair],
        frames: Mapping[str, np.ndarray],
        folder: Path,
        on_progress: OnCount | None = None,
    ) -> PictureSet:
        """Over a pair set, with the cache of instance masks in `folder`."""
        rows = cache_instances(pairs_dir, pairs, folder, on_progress)
        return cls(pairs, frames, rows, np.load(folder / "instances.npy", mmap_mode="r"))

    def __len__(self) -> int:
        return len(self.pictures)

    def still(self, number: int, frame: int) -> np.ndarray:
        """Frame STILLS[frame] of a clip, uint8 (H, W, 3)."""
        return self.frames[self.pictures[number].path][STILLS[frame]]

    def sample_pixels(self, count: int = 512) -> Tensor:
        """First frames of clips from all over the set, (B, 3, H, W) in -1..1, B at most `count`."""
        numbers = np.linspace(0, len(self) - 1, min(count, len(self))).astype(int)
        stills = torch.from_numpy(np.stack([self.still(int(number), 0) for number in numbers]))
        return stills.permute(0, 3, 1, 2).float().div(127.5).sub(1)

    def instances(self, number: int) -> np.ndarray | None:
        """Instance masks of the stills, uint8 (len(STILLS), H, W), numbered as the clip's own scene; or None."""
        picture = self.pictures[number]
        if picture.instances is None:
            return None
        masks = np.array(self.masks[picture.instances])
        for index in sorted(picture.removed, reverse=True):
            masks[masks == index + 1] = 0
            masks[masks > index + 1] -= 1
        return masks

    def dense_labels(self, patch: int) -> np.ndarray:
        """Classes of `patch_labels`, int8 (clips, stills, 1 + attributes, P); NOTHING where unknown.

        The first row of attributes is `object`; the others follow in the order of LABELS.
        """
        size = self.masks.shape[-1] // patch
        labels = np.full((len(self), len(STILLS), 1 + len(LABELS), size * size), NOTHING, np.int8)
        for number, picture in enumerate(self.pictures):
            masks = self.instances(number)
            if masks is None or any(name in vocabulary.STYLES for name in picture.scene["effects"]):
                continue
            for still, mask in enumerate(masks):
                found = patch_labels(picture.scene, mask, patch)
                labels[number, still] = np.stack([found["object"], *(found[name] for name in LABELS)])
        return labels
