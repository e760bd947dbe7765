"""Named perceptions made of published models: which checkpoints, under which licences, and where their weights are."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from vireo.errors import ModelError
from vireo.models.presets import from_hub, in_hub_cache

PARTS = ("detector", "segmenter", "depth", "reader")
"""Names of the parts, and of the folders of each in a folder of one's own. The last two may be missing."""

NEEDED = PARTS[:2]


@dataclass(frozen=True)
class Checkpoint:
    """hub_id: where it is published. licence: of the weights, as its publishers state it."""

    hub_id: str
    licence: str


@dataclass(frozen=True)
class HubPreset:
    """A perception that can be named. parts: by the names of `PARTS`. memory_gb: working memory that it needs."""

    summary: str
    parts: Mapping[str, Checkpoint]
    memory_gb: float

    @property
    def available(self) -> bool:
        """Whether all weights are here, so that nothing has to be fetched."""
        return all(in_hub_cache(part.hub_id, "model.safetensors") for part in self.parts.values())


_GROUNDING_DINO = Checkpoint("IDEA-Research/grounding-dino-tiny", "Apache-2.0")
_OWLV2 = Checkpoint("google/owlv2-base-patch16-ensemble", "Apache-2.0")
_SAM2 = Checkpoint("facebook/sam2.1-hiera-small", "Apache-2.0")
_DEPTH = Checkpoint("depth-anything/Depth-Anything-V2-Small-hf", "Apache-2.0")
_INDOOR_DEPTH = Checkpoint(
    "depth-anything/Depth-Anything-V2-Metric-Indoor-Small-hf",
    "its page names none; Depth Anything V2 puts its Small models under Apache-2.0",
)
_SMOLVLM = Checkpoint("HuggingFaceTB/SmolVLM-500M-Instruct", "Apache-2.0")

HUB_PRESETS = {
    "hub": HubPreset(
        "any footage: Grounding DINO, SAM 2.1, Depth Anything V2 (which of two things is nearer), SmolVLM",
        {"detector": _GROUNDING_DINO, "segmenter": _SAM2, "depth": _DEPTH, "reader": _SMOLVLM},
        memory_gb=8,
    ),
    "hub-owlv2": HubPreset(
        "the same with OWLv2 as detector",
        {"detector": _OWLV2, "segmenter": _SAM2, "depth": _DEPTH, "reader": _SMOLVLM},
        memory_gb=8,
    ),
    "hub-indoor": HubPreset(
        "as hub, with depths in metres, learned indoors",
        {"detector": _GROUNDING_DINO, "segmenter": _SAM2, "depth": _INDOOR_DEPTH, "reader": _SMOLVLM},
        memory_gb=8,
    ),
}


def is_hub(place: str) -> bool:
    """Whether a preset, or a folder of one's own, is made of parts."""
    return place in HUB_PRESETS or any((Path(place) / part).is_dir() for part in PARTS)


def part_folders(place: str) -> dict[str, Path]:
    """The folder of each part of a preset, which is fetched if need be, or of a folder of one's own.

    Raises ModelError where there is none, or one that is needed is missing.
    """
    if place in HUB_PRESETS:
        fix = f"check the network, or put checkpoints into FOLDER/{', FOLDER/'.join(PARTS)} and name FOLDER"
        return {part: from_hub(checkpoint.hub_id, fix) for part, checkpoint in HUB_PRESETS[place].parts.items()}
    folders = {part: Path(place) / part for part in PARTS if (Path(place) / part).is_dir()}
    missing = [part for part in NEEDED if part not in folders]
    if missing:
        fix = f"put each checkpoint into a folder of its own: {', '.join(PARTS)} (the last two may be left out)"
        raise ModelError(f"{place} has no folder {' and none '.join(missing)}", fix)
    return folders
