"""The backend from folders of weights."""

from vireo.reasoning.perception.hub.backend import HubPerception
from vireo.reasoning.perception.hub.depth import HubDepth
from vireo.reasoning.perception.hub.detector import HubDetector
from vireo.reasoning.perception.hub.nouns import NOUNS, read_nouns
from vireo.reasoning.perception.hub.presets import part_folders
from vireo.reasoning.perception.hub.reader import HubReader
from vireo.reasoning.perception.hub.segmenter import Sam2Segmenter
from vireo.runtime import pick_device


def open_hub(place: str, nouns: str = "", device: str = "auto") -> HubPerception:
    """place: a preset or a folder, see `part_folders`. nouns: to look for, separated by commas; none: `NOUNS`. device:
    see `pick_device`. Raises ModelError for missing weights and those of another model, InputError for nouns that
    cannot be looked for."""
    named = read_nouns(nouns.split(",")) if nouns else NOUNS  # before anything is fetched
    folders, at = part_folders(place), pick_device(device)
    detector = HubDetector.from_pretrained(folders["detector"], named, at)
    segmenter = Sam2Segmenter.from_pretrained(folders["segmenter"], at)
    depth = HubDepth.from_pretrained(folders["depth"], at) if "depth" in folders else None
    reader = HubReader.from_pretrained(folders["reader"], at) if "reader" in folders else None
    return HubPerception(detector, segmenter, depth, reader)
