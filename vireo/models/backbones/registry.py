"""Backbones by kind: which published checkpoint each is, and how it is loaded."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from vireo.errors import InputError
from vireo.models.backbones.encoders import ClipBackbone, InstructorVision, VisionBackbone
from vireo.models.backbones.lpips import Lpips
from vireo.models.backbones.structure import StructureBackbone
from vireo.models.backbones.viclip import ViClip
from vireo.models.editors.viva import VireoPipeline
from vireo.runtime import pick_device


@dataclass(frozen=True)
class BackboneKind:
    """load: from a folder or a hub id; raises ModelError. published: hub id of the checkpoint that the papers name,
    None where no hub has it. images_only: whether images alone are compared, so that mini's vision tower can stand
    in."""

    load: Callable[[str], Any]
    published: str | None = None
    images_only: bool = False


KINDS: dict[str, BackboneKind] = {
    "clip": BackboneKind(ClipBackbone, "openai/clip-vit-large-patch14"),
    "clip-b": BackboneKind(ClipBackbone, "openai/clip-vit-base-patch32", images_only=True),
    "dino": BackboneKind(VisionBackbone, "facebook/dino-vitb16", images_only=True),
    "dino8": BackboneKind(StructureBackbone, "facebook/dino-vitb8"),
    "dinov2": BackboneKind(VisionBackbone, "facebook/dinov2-base", images_only=True),
    "lpips": BackboneKind(Lpips),
    "pick": BackboneKind(ClipBackbone, "yuvalkirstain/PickScore_v1"),
    "viclip": BackboneKind(ViClip, "OpenGVLab/ViCLIP"),
}


@dataclass(frozen=True)
class Backbones:
    """Loaded backbones. ids: by kind, the folder or hub id of each. models: by kind, what was loaded; an object with
    the methods of its class."""

    ids: dict[str, str]
    models: dict[str, Any]

    @classmethod
    def open(cls, chosen: Mapping[str, str]) -> Self:
        """chosen: by kind, a folder, a hub id, "mini", or an empty text for the published checkpoint.

        Raises InputError for kinds that do not exist or have no such checkpoint, ModelError for weights of another
        model.
        """
        ids: dict[str, str] = {}
        for kind, given in chosen.items():
            if kind not in KINDS:
                fix = f"write --backbone KIND=ID, KIND one of {', '.join(KINDS)}"
                raise InputError(f"there is no backbone {kind!r}", fix)
            checkpoint = given or KINDS[kind].published
            if checkpoint is None:
                raise InputError(f"the backbone {kind} has no checkpoint in a hub", f"write --backbone {kind}=FOLDER")
            ids[kind] = checkpoint
        return cls(ids, {kind: _load(kind, given) for kind, given in ids.items()})


def _load(kind: str, given: str) -> Any:
    if given != "mini":
        return KINDS[kind].load(given)
    if not KINDS[kind].images_only:
        able = ", ".join(name for name, each in KINDS.items() if each.images_only)
        raise InputError(f"mini is no backbone {kind}", f"it compares pictures alone: {able}")
    return InstructorVision(VireoPipeline.from_pretrained("mini").to(pick_device()).templated_instructor)
