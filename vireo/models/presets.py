"""Named models: where their weights are and what they need."""

import difflib
import json
import re
from dataclasses import dataclass
from pathlib import Path

from vireo.errors import ModelError
from vireo.models.instructor.vocabulary import Vocabulary

LAYOUT = "model_index.json"
"""The file that marks a folder in diffusers' pipeline layout."""


@dataclass(frozen=True)
class Preset:
    """A model that can be named. folder: its weights. memory_gb: working memory that an edit needs."""

    name: str
    summary: str
    folder: Path
    memory_gb: float

    @property
    def available(self) -> bool:
        return (self.folder / LAYOUT).is_file()

    @property
    def megabytes(self) -> float:
        """Size of all files of the folder."""
        return sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file()) / 1e6

    @property
    def vocabulary(self) -> Vocabulary | None:
        """What it knows, as its weights declare it; None where they do not."""
        return declared_vocabulary(self.folder) if self.available else None


_MINI = Preset(
    "mini",
    "trained on the studio from nothing, 96x96 pixels and 9 frames at a time; ships with vireo",
    Path(__file__).parents[1] / "weights" / "mini",
    memory_gb=1.0,
)

PRESETS = {_MINI.name: _MINI}


def resolve(name: str | Path) -> Path:
    """The folder with the weights of a preset, of a folder, or of a hub id (fetched if need be).

    Raises ModelError where there is none.
    """
    text, folder = str(name), Path(name)
    if text in PRESETS:
        preset = PRESETS[text]
        if not preset.available:
            raise ModelError(f"the weights of {text} are not in {preset.folder}", f"make them: vireo train {text}")
        return preset.folder
    if text and folder.is_dir():
        return _checked(folder, f"{folder} is no model", "name a folder of save_pretrained")
    if folder.is_file():
        raise ModelError(f"{folder} is a file", "name the folder that holds the model")
    if re.fullmatch(r"[\w.-]+/[\w.-]+", text):
        fix = f"check name and network, or give a preset: {', '.join(PRESETS)}"
        return _checked(from_hub(text, fix), f"{text} is no model of vireo", "name one in the same layout as mini")
    near = difflib.get_close_matches(text, PRESETS, n=1, cutoff=0.4)
    hint = f"did you mean {near[0]}? " if near else ""
    fix = f"{hint}presets: {', '.join(PRESETS)}; or give a folder or a hub id"
    raise ModelError(f"there is no model {text!r}", fix)


def declared_vocabulary(folder: Path) -> Vocabulary | None:
    """What the model in a folder knows, as its weights declare it; None where they do not."""
    index = json.loads((folder / LAYOUT).read_text(encoding="utf-8"))
    declared = index.get("facts", {}).get("vocabulary")
    return declared and Vocabulary.model_validate(declared)


def _checked(folder: Path, what: str, fix: str) -> Path:
    if not (folder / LAYOUT).is_file():
        raise ModelError(f"{what}: it has no {LAYOUT}", fix)
    return folder


def from_hub(name: str, fix: str) -> Path:
    """The folder of a hub id, which is fetched if need be. Raises ModelError, with how to mend it, where it cannot."""
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name, allow_patterns=["*.json", "*.safetensors", "*.txt", "*.jinja"]))
    except Exception as error:  # the hub client raises its own, httpx's and the system's errors
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
        what = f"{name} is neither a folder here nor to be had from the hub: {reason[:160]}"
        raise ModelError(what, fix) from None


def in_hub_cache(name: str, file: str) -> bool:
    """Whether a file of a hub id has been fetched."""
    from huggingface_hub import try_to_load_from_cache

    return isinstance(try_to_load_from_cache(name, file), str)
