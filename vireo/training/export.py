"""From a training folder to a model that ships: half-precision weights that say where they come from.

python -m vireo.training.export runs/mini/mini vireo/weights/mini --report reports/mini/report.json
"""

from __future__ import annotations

import argparse
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
        model.save_pretrained(temporary)
        _replace(Path(temporary), folder)


def _replace(model: Path, folder: Path) -> None:
    fresh = folder.with_name(f".{folder.name}")
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(model, fresh)
    fresh.chmod(0o755)  # temporary folders are private
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


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("model", type=Path, help="folder of a model that `vireo train` made")
    parser.add_argument("destination", type=Path)
    parser.add_argument("--report", type=Path, help="report.json of `vireo eval` on this model")
    arguments = parser.parse_args()
    scores = {}
    if arguments.report:
        report = json.loads(arguments.report.read_text())
        scores = {"scores": json.dumps({"success": report["success"], "command": report["command"]})}
    _replace(arguments.model, arguments.destination)
    stamp_weights(arguments.destination, scores)


if __name__ == "__main__":
    main()
