"""Weights in folders: a model beside its processor, and checks before any are used, so that a truncated, foreign or
diverged file is one clear line, not a crash or a silent black video."""

import contextlib
import hashlib
import json
import math
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, Generic, TypeVar

import torch
from safetensors import SafetensorError
from transformers import PreTrainedModel, PreTrainedTokenizerFast, ProcessorMixin

from vireo.errors import ModelError

ModelT = TypeVar("ModelT", bound=PreTrainedModel)
ProcessorT = TypeVar("ProcessorT", ProcessorMixin, PreTrainedTokenizerFast)

_BITS = {"F64": 64, "I64": 64, "U64": 64, "F32": 32, "I32": 32, "U32": 32, "F16": 16, "BF16": 16, "I16": 16}
_BITS |= {"U16": 16, "I8": 8, "U8": 8, "BOOL": 8, "F8_E4M3": 8, "F8_E5M2": 8}
_FIX = "get the weights again"
_LOADING = (RuntimeError, ValueError, OSError, LookupError, TypeError, AttributeError, ImportError, EOFError)
_LOADING += (UnpicklingError, SafetensorError)
"""What loaders of weights raise for files that are none of theirs."""


@dataclass(frozen=True)
class Bundle(Generic[ModelT, ProcessorT]):
    """A model and the processor or tokenizer that goes with it, saved into one folder."""

    model: ModelT
    processor: ProcessorT

    def save_pretrained(self, folder: str | Path) -> None:
        """Writes both in the standard layout; `AutoProcessor` and the model's class load them from there."""
        self.model.save_pretrained(folder)
        self.processor.save_pretrained(folder)


def check_weights(folder: Path) -> None:
    """Checks the headers of every safetensors file below a folder: whole, and consistent with its size.

    The numbers are not read: a model that holds NaN is noticed by its first result. Raises ModelError that names the
    file.
    """
    paths = sorted(folder.rglob("*.safetensors"))
    if not paths:
        raise ModelError(f"{folder} holds no weights (*.safetensors)", _FIX)
    for index in folder.rglob("*.safetensors.index.json"):
        try:
            shards = set(json.loads(index.read_text(encoding="utf-8")).get("weight_map", {}).values())
        except (OSError, ValueError, AttributeError):
            raise ModelError(f"{index} cannot be read", _FIX) from None
        for shard in sorted(shards):
            if not (index.parent / shard).is_file():
                raise ModelError(f"{index.parent / shard} is missing", _FIX)
    for path in paths:
        read_header(path)


def read_header(path: Path) -> dict[str, Any]:
    """The header of a safetensors file: {tensor: {dtype, shape, data_offsets}}, and `__metadata__`.

    Raises ModelError where the file is truncated or its header and data do not fit together.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else size
        if 8 + length > size:
            raise ModelError(f"{path} is truncated", _FIX)
        try:
            header, needed = json.loads(file.read(length)), 0
            for name, entry in header.items():
                if name != "__metadata__":
                    begin, end = entry["data_offsets"]
                    if end - begin != math.prod(entry["shape"]) * _BITS[entry["dtype"]] // 8:
                        raise ModelError(f"{path}: the data of {name} does not fit its shape", _FIX)
                    needed = max(needed, end)
        except (ValueError, TypeError, KeyError, AttributeError):
            raise ModelError(f"{path} is no safetensors file", _FIX) from None
    stored = size - 8 - length
    if stored < needed:
        raise ModelError(f"{path} is truncated: {stored} of {needed} bytes of weights are there", _FIX)
    if stored > needed:
        raise ModelError(f"{path} has {stored - needed} bytes too many", _FIX)
    return header


def weights_digest(parts: Mapping[str, Any]) -> str:
    """SHA-256, hexadecimal, of the names and values of all parameters and buffers of those parts that are modules."""
    digest = hashlib.sha256()
    for part, module in sorted(parts.items()):
        if isinstance(module, torch.nn.Module):
            for name, value in sorted(module.state_dict().items()):
                digest.update(f"{part}.{name}".encode())
                digest.update(value.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


@contextlib.contextmanager
def foreign_weights(folder: str | Path) -> Iterator[None]:
    """Turns what loaders raise for weights of another model (wrong shapes, missing files or classes) into a
    ModelError of one line; to be put around nothing but loading."""
    try:
        yield
    except ModelError:
        raise
    except _LOADING as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        reason = next((line for line in lines if "size mismatch" in line or "shape" in line), (lines or ["?"])[0])
        raise ModelError(f"{folder} does not hold weights of this model: {reason[:200]}", _FIX) from error


def check_complete(module: Any, folder: Path) -> None:
    """Checks that the files hold every tensor of a diffusers module, whose loader fills gaps with random numbers."""
    stored = {name for path in folder.glob("*.safetensors") for name in read_header(path)}
    missing = sorted(set(module.state_dict()) - stored)
    if missing:
        raise ModelError(f"{folder} lacks {len(missing)} tensors, among them {missing[0]}", _FIX)
