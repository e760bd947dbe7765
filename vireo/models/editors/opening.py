"""From the name of a model to an editor: presets, folders and hub ids of every class that there is an adapter for."""

import difflib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from vireo.errors import ModelError
from vireo.models import presets
from vireo.models.editors.protocol import Editor
from vireo.models.editors.wan import open_wan
from vireo.runtime import pick_device, pick_dtype


def _open_viva(folder: Path, dtype: torch.dtype) -> Editor:
    from vireo.models.editors.viva import VireoPipeline
    from vireo.models.editors.viva_editor import VivaEditor

    pipe = VireoPipeline.from_pretrained(folder)
    pipe.products = dtype
    return VivaEditor(pipe)


Adapter = Callable[[Path, torch.dtype], Editor]
"""Loads the folder of a pipeline; dtype: the precision of its matrix products."""

ADAPTERS: dict[str, Adapter] = {
    "VireoPipeline": _open_viva,
    "WanVideoToVideoPipeline": open_wan,
}
"""By the class that a folder names in its model_index.json, or that `--adapter` names instead of it."""


def open_editor(
    name: str | Path, *, device: str = "auto", dtype: str | None = None, adapter: str | None = None
) -> Editor:
    """The editor of a preset, of a folder in diffusers' layout, or of a hub id, on a device.

    device: "auto" (a CUDA device where there is one), "cpu", "cuda", "cuda:1". dtype: precision of the matrix products,
    "bfloat16" or "float32"; None for bfloat16. adapter: a key of ADAPTERS, for folders whose class name does not say
    how they edit (many video-to-video weights are stored as plain "WanPipeline").

    Raises ModelError for unknown names, classes without an adapter, and damaged weights; InputError for a device or
    dtype that is not there.
    """
    place, precision = pick_device(device), pick_dtype(dtype)
    folder = presets.resolve(str(name))
    kind = adapter or pipeline_class(folder)
    if kind not in ADAPTERS:
        near = difflib.get_close_matches(kind, ADAPTERS, n=1)
        what = f"there is no adapter {kind!r}" if adapter else f"{folder} holds a {kind}, for which there is no adapter"
        hint = f"did you mean {near[0]}? " if near else ""
        raise ModelError(what, f"{hint}adapters: {', '.join(ADAPTERS)}; choose with --adapter")
    editor = ADAPTERS[kind](folder, precision)
    editor.to(place)
    return editor


def as_editor(model: Any) -> Editor:
    """An editor as it is; a `VireoPipeline` in its adapter."""
    from vireo.models.editors.viva import VireoPipeline
    from vireo.models.editors.viva_editor import VivaEditor

    return VivaEditor(model) if isinstance(model, VireoPipeline) else model


def pipeline_class(folder: Path) -> str:
    """The class that a folder's model_index.json names; raises ModelError where it names none."""
    try:
        index = json.loads((folder / presets.LAYOUT).read_text(encoding="utf-8"))
        return str(index["_class_name"])
    except (OSError, ValueError, LookupError, TypeError):
        raise ModelError(f"{folder / presets.LAYOUT} names no pipeline class", "get the weights again") from None
