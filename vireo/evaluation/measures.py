"""What is measured of an edited clip without its exact result: the papers' automatic columns.

TF, MS          temporal flickering and motion smoothness, 0..1; need no backbone
SC              VBench's subject consistency, 0..1 (`dino`), in ReViSE's Table 1
BC              VBench's background consistency, 0..1 (`clip-b`), there, too
CLIP-T, DINO-T  mean cosine of neighbouring frames, not below 0, times 100 (`clip`, `dinov2`); EditVerse, as VIVA's
                Table 1 is read
Frame-Text      mean cosine of frames and the caption of the target, times 100: -100..100, in practice about 25 (`clip`)
PickScore       the same times that model's scale, in practice about 20 (`pick`)
Video-Text      cosine of clip and caption, times 100: -100..100, in practice about 23 (`viclip`), in EditVerse and
                VIVA's Table 1
OC              the same cosine of other frames of the clip, -1..1: VBench's overall consistency (`viclip`)
Reference       mean cosine of frames and the reference picture, times 100: -100..100 (`clip`)

`dino8` and `lpips` (`vireo.models.backbones.lpips`) are for FiVE, `benchmarks.five`. PUBLISHED are the checkpoints that
the papers name; `mini` stands for the instructor's own vision tower where pictures alone are compared.

The consistencies, flickering and smoothness are highest where nothing happens at all: compare them with those of the
source before believing a gain.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from vireo.errors import InputError
from vireo.metrics.consistency import (
    frame_consistency,
    motion_smoothness,
    neighbour_consistency,
    temporal_flickering,
)
from vireo.metrics.structure import StructureBackbone
from vireo.models.backbones.encoders import ClipBackbone, InstructorVision, VisionBackbone
from vireo.models.backbones.lpips import Lpips
from vireo.models.backbones.viclip import ViClip, middle_places, spread_places
from vireo.models.editors.viva import VireoPipeline

KINDS: dict[str, Callable[[str], Any]] = {
    "clip": ClipBackbone.from_pretrained,
    "clip-b": ClipBackbone.from_pretrained,
    "dino": VisionBackbone.from_pretrained,
    "dino8": StructureBackbone.from_pretrained,
    "dinov2": VisionBackbone.from_pretrained,
    "lpips": Lpips.from_pretrained,
    "pick": ClipBackbone.from_pretrained,
    "viclip": ViClip.from_pretrained,
}

PUBLISHED = {
    "clip": "openai/clip-vit-large-patch14",
    "clip-b": "openai/clip-vit-base-patch32",
    "dino": "facebook/dino-vitb16",
    "dino8": "facebook/dino-vitb8",
    "dinov2": "facebook/dinov2-base",
    "pick": "yuvalkirstain/PickScore_v1",
    "viclip": "OpenGVLab/ViCLIP",
}
"""Hub ids by kind; LPIPS' two files lie in no hub."""

PICTURES_ALONE = ("clip-b", "dino", "dinov2")
"""Kinds that `mini` can stand for."""


class Measures:
    """backbones: folder, hub id or "mini" by a name in KINDS, empty for the one in PUBLISHED.

    `models` are what was loaded of them, `settings` name them. Raises InputError and ModelError.
    """

    def __init__(self, backbones: Mapping[str, str]) -> None:
        unknown = [name for name in backbones if name not in KINDS]
        if unknown:
            raise InputError(
                f"there is no backbone {unknown[0]!r}", f"write --backbone KIND=ID, KIND one of {', '.join(KINDS)}"
            )
        chosen = {name: given or _published(name) for name, given in backbones.items()}
        self.settings = {"backbones": chosen} if chosen else {}
        self.models = {name: _mini(name) if given == "mini" else KINDS[name](given) for name, given in chosen.items()}

    def __call__(self, clip: np.ndarray, caption: str, reference: np.ndarray | None = None) -> dict[str, float]:
        """Of an edited clip, uint8 (T, H, W, 3).

        caption: of the target; empty where there is none, and then nothing is measured against it.
        reference: uint8 (h, w, 3).
        """
        models, found = self.models, {"TF": temporal_flickering(clip), "MS": motion_smoothness(clip)}
        if "dino" in models:
            found["SC"] = frame_consistency(models["dino"].pictures(list(clip)))
        if "clip-b" in models:
            found["BC"] = frame_consistency(models["clip-b"].pictures(list(clip)))
        if "dinov2" in models:
            found["DINO-T"] = 100 * neighbour_consistency(models["dinov2"].pictures(list(clip)))
        if "clip" in models:
            seen = models["clip"].pictures(list(clip))
            found["CLIP-T"] = 100 * neighbour_consistency(models["clip"].unprojected(list(clip)))
            if caption:
                found["Frame-Text"] = 100 * _mean_cosine(seen, models["clip"].texts([caption]))
            if reference is not None:
                found["Reference"] = 100 * _mean_cosine(seen, models["clip"].pictures([reference]))
        if "pick" in models and caption:
            seen = models["pick"].pictures(list(clip))
            found["PickScore"] = models["pick"].scale * _mean_cosine(seen, models["pick"].texts([caption]))
        if "viclip" in models and caption:
            eye, said = models["viclip"], models["viclip"].text(caption)
            found["Video-Text"] = 100 * float(eye.clip(clip[spread_places(len(clip), eye.frames)]) @ said)
            found["OC"] = float(eye.clip(clip[middle_places(len(clip), eye.frames)]) @ said)
        return found

    def clip_score(self, pictures: Sequence[np.ndarray], caption: str) -> float:
        """CLIPScore as torchmetrics has it: mean over uint8 pictures (H, W, 3) of 100 times the cosine with a caption,
        not below 0. Needs the backbone `clip`."""
        eye = self.models["clip"]
        return 100 * float((eye.pictures(pictures) @ eye.texts([caption])[0]).clip(min=0).mean())


def _published(kind: str) -> str:
    if kind not in PUBLISHED:
        raise InputError(f"the backbone {kind} has no checkpoint in a hub", f"write --backbone {kind}=FOLDER")
    return PUBLISHED[kind]


def _mini(kind: str) -> InstructorVision:
    if kind not in PICTURES_ALONE:
        raise InputError(f"mini is no backbone {kind}", f"it compares pictures alone: {', '.join(PICTURES_ALONE)}")
    pipe = VireoPipeline.from_pretrained("mini")
    return InstructorVision(pipe.instructor, pipe.processor)


def _mean_cosine(frames: np.ndarray, other: np.ndarray) -> float:
    return float((frames @ other[0]).mean())
