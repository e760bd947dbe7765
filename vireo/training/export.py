"""Finished models as folders that appear whole, and half-precision weights that say where they come from."""

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any, Protocol

import torch
from safetensors import safe_open
from safetensors.torch import save_file

from vireo.runtime import whole_file


class Savable(Protocol):
    def save_pretrained(self, folder: str, /) -> Any: ...


def save_model(folder: Path, model: Savable) -> None:
    """save_pretrained into a folder that appears whole."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        fresh = Path(temporary) / folder.name
        model.save_pretrained(str(fresh))
        shutil.rmtree(folder, ignore_errors=True)
        fresh.rename(folder)


def stamp_weights(folder: Path, facts: dict[str, str]) -> None:
    """Rewrites every safetensors file below `folder` with floats as float16 and `facts` in its header.

    Also takes out of configurations the folder that a part was loaded from, which says nothing elsewhere.
    """
    for path in sorted([*folder.rglob("config.json"), *folder.rglob("model_index.json")]):
        config = json.loads(path.read_text())
        if config.pop("_name_or_path", None) is not None:
            path.write_text(json.dumps(config, indent=2) + "\n")
    for path in sorted(folder.rglob("*.safetensors")):
        with safe_open(path, "pt") as weights:
            tensors = {name: weights.get_tensor(name) for name in weights.keys()}  # noqa: SIM118
            known = weights.metadata() or {}
        halves = {name: t.half() if t.dtype in (torch.float32, torch.bfloat16) else t for name, t in tensors.items()}
        with whole_file(path) as temporary:
            save_file(halves, temporary, {"format": "pt", **known, **facts})
