"""Models of transformers from folders in the layout in which the hub has them."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from vireo.errors import ModelError
from vireo.models.weights import check_weights, foreign_weights


def load_model(auto_class: Any, folder: Path, kinds: Sequence[str], role: str) -> Any:
    """The model in a folder, float32, ready to be used.

    auto_class: of transformers, whose `from_pretrained` opens it. kinds: the `model_type`s that fit; none: any. role:
    what it is wanted for, for errors. Raises ModelError for a folder that holds no such model, or not all of its
    weights: transformers itself would fill gaps with random numbers.
    """
    kind = _kind(folder, role)
    if kinds and kind not in kinds:
        raise ModelError(f"{folder} holds a model of kind {kind!r}, no {role}", f"name one of {', '.join(kinds)}")
    check_weights(folder)
    with foreign_weights(folder):
        model, told = auto_class.from_pretrained(folder, dtype=torch.float32, output_loading_info=True)
    missing = sorted(told["missing_keys"])
    if missing:
        raise ModelError(f"{folder} lacks {len(missing)} tensors, among them {missing[0]}", "get the weights again")
    return model.eval()


def load_processor(auto_class: Any, folder: Path) -> Any:
    """What prepares a model's input. Raises ModelError where the folder has none that works here."""
    with foreign_weights(folder):
        return auto_class.from_pretrained(folder)


def _kind(folder: Path, role: str) -> str:
    try:
        found = json.loads((folder / "config.json").read_text(encoding="utf-8"))["model_type"]
    except OSError:
        what = f"{folder} holds no {role}: it has no config.json"
        raise ModelError(what, "name a folder of save_pretrained") from None
    except (ValueError, LookupError, TypeError):
        what = f"{folder / 'config.json'} does not say what kind of model it is"
        raise ModelError(what, "get the weights again") from None
    return str(found)
