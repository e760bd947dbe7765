"""Single frames of a pair set with what is known about each: scene, caption, and where the objects are.

Frames come from the frame caches that all training stages share; instance masks of three frames a scene are
cached beside them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from vireo.instruction_tuning.patch_labels import LABELS, NOTHING, patch_labels
from vireo.pairs.frame_cache import FrameCache, cache_frames
from vireo.types import EditPair, OnCount
from vireo.world import vocabulary
from vireo.world.families import FAMILIES
from vireo.world.scene import STANDARD_FRAMES

STILLS = (0, STANDARD_FRAMES // 2, STANDARD_FRAMES - 1)
"""The frames of a clip that are used: first, middle and last."""


@dataclass(frozen=True)
class Picture:
    """One clip. path: in the pair set. scene, caption: what it shows. instances: path of the instance masks, or None
    where none fit. removed: indices of objects that the masks still hold.
    """

    path: str
    scene: dict[str, Any]
    caption: str
    instances: str | None
    removed: tuple[int, ...] = ()


def cache_instances(pairs_dir: Path, pairs: Sequence[EditPair], folder: Path, on_progress: OnCount) -> FrameCache:
    """The instance masks of the STILLS of every scene, uint8 (N, len(STILLS), H, W), decoded once into `folder`."""
    paths = list(dict.fromkeys(pair.instances for pair in pairs if pair.instances))
    return cache_frames(pairs_dir, paths, folder, on_progress, "instances", lambda clip: clip[list(STILLS), ..., 0])


class PictureSet:
    """All distinct clips of a pair set.

    frames: clips uint8 (T, H, W, 3) by their path. masks: as `cache_instances` makes them, by their path.
    """

    def __init__(
        self, pairs: Sequence[EditPair], frames: Mapping[str, np.ndarray], masks: Mapping[str, np.ndarray]
    ) -> None:
        self.frames, self.masks = frames, masks
        found: dict[str, Picture] = {}
        for pair in pairs:
            if pair.source not in found:
                found[pair.source] = Picture(pair.source, pair.scene, pair.source_caption, pair.instances)
            if pair.target not in found:
                family = FAMILIES[pair.family]
                found[pair.target] = Picture(
                    pair.target,
                    pair.target_scene,
                    pair.target_caption,
                    pair.instances if family.keeps_geometry else None,
                    tuple(pair.concerned) if family.removes_objects else (),
                )
        self.pictures = list(found.values())
        self.number = {path: number for number, path in enumerate(found)}

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
        size = self.still(0, 0).shape[1] // patch
        labels = np.full((len(self), len(STILLS), 1 + len(LABELS), size * size), NOTHING, np.int8)
        for number, picture in enumerate(self.pictures):
            masks = self.instances(number)
            if masks is None or any(name in vocabulary.STYLES for name in picture.scene["effects"]):
                continue
            for still, mask in enumerate(masks):
                found = patch_labels(picture.scene, mask, patch)
                labels[number, still] = np.stack([found["object"], *(found[name] for name in LABELS)])
        return labels
