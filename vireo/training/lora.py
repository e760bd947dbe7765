"""LoRA on the attention projections of an editor's transformer (VIVA B; Hu et al., "LoRA", 2021), by peft.

The policy is the transformer with the adapter, the reference the same one with it switched off.
"""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import torch
from diffusers.models.transformers.transformer_hunyuan_video import HunyuanVideoTransformer3DModel
from peft import LoraConfig
from peft.tuners.lora import LoraLayer
from peft.utils.save_and_load import get_peft_model_state_dict
from safetensors.torch import save_file
from torch import Tensor, nn

from vireo.runtime import whole_file

ADAPTER = "default"
ATTENTION = r"(single_)?transformer_blocks\.\d+\.attn\.(to_[qkv]|to_out\.0|add_[qkv]_proj|to_add_out)"
"""The layers that get an adapter, as a pattern of their whole names: all projections of attention in double and single
blocks. VIVA says self-attention and cross-attention; HunyuanVideo's attention is joint, and its single blocks put out
through a matrix that they share with their feed-forward part, which is left out."""

PREFIX = "transformer."
"""Of the names in diffusers' LoRA files: the part of the pipeline."""


def add_lora(transformer: HunyuanVideoTransformer3DModel, rank: int, alpha: float, seed: int) -> list[nn.Parameter]:
    """Freezes a transformer and gives it an adapter that changes nothing yet; its parameters, float32.

    The change of a layer's weight is alpha / rank B A, with A (rank, in) Gaussian of deviation 1 / rank and B
    (out, rank) zero. seed: of A; torch's global generator is left as it was.
    """
    config = LoraConfig(r=rank, lora_alpha=cast(int, alpha), init_lora_weights="gaussian", target_modules=ATTENTION)
    transformer.requires_grad_(False)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        transformer.add_adapter(config, ADAPTER)
    trained = [parameter for parameter in transformer.parameters() if parameter.requires_grad]
    for parameter in trained:
        parameter.data = parameter.data.float()
    return trained


@contextlib.contextmanager
def adapter_off(transformer: HunyuanVideoTransformer3DModel) -> Iterator[None]:
    """Within the block the transformer computes what it did before it got an adapter, without gradient."""
    transformer.disable_adapters()
    try:
        with torch.no_grad():
            yield
    finally:
        transformer.enable_adapters()


@contextlib.contextmanager
def holding(parameters: Sequence[Tensor], values: Sequence[Tensor]) -> Iterator[None]:
    """Within the block the parameters have other values, without gradient."""
    kept = [parameter.detach().clone() for parameter in parameters]
    put(parameters, values)
    try:
        with torch.no_grad():
            yield
    finally:
        put(parameters, kept)
        torch.clear_autocast_cache()  # else what follows would compute with copies of the other values


@torch.no_grad()
def put(parameters: Sequence[Tensor], values: Sequence[Tensor]) -> None:
    """Copies values into parameters."""
    for parameter, value in zip(parameters, values, strict=True):
        parameter.copy_(value)


def _layers(transformer: HunyuanVideoTransformer3DModel) -> dict[str, LoraLayer]:
    return {name: module for name, module in transformer.named_modules() if isinstance(module, LoraLayer)}


@torch.no_grad()
def weight_changes(transformer: HunyuanVideoTransformer3DModel) -> dict[str, Tensor]:
    """By how much the adapter changes each layer's weight: (out, in) float32, by the layer's name."""
    layers = cast(dict[str, Any], _layers(transformer))  # whose class is that of all kinds of layers
    return {name: layer.get_delta_weight(ADAPTER).float() for name, layer in layers.items()}


def lora_weights(transformer: HunyuanVideoTransformer3DModel) -> dict[str, Tensor]:
    """The adapter under the names of diffusers' LoRA files: NAME.lora_A.weight (rank, in), NAME.lora_B.weight
    (out, rank).

    The change of a weight is B A: alpha / rank is in B, so that no reader needs to know alpha.
    """
    found: dict[str, Tensor] = get_peft_model_state_dict(cast(Any, transformer), adapter_name=ADAPTER)
    scales = {name: layer.scaling[ADAPTER] for name, layer in _layers(transformer).items()}
    weights = {}
    for key, value in found.items():
        name = key.removesuffix(".lora_B.weight")
        weights[PREFIX + key] = (value.detach() * scales[name] if name in scales else value.detach()).cpu().contiguous()
    return weights


def save_lora(path: Path, weights: dict[str, Tensor], facts: dict[str, str]) -> None:
    """Writes a LoRA file. weights: of `lora_weights` or `comfyui_names`. facts: for its header: where it comes from."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as temporary:
        save_file(weights, temporary, {"format": "pt", **facts})


def merge_lora(transformer: HunyuanVideoTransformer3DModel) -> None:
    """Adds the adapter's changes to the weights, and takes the adapter away."""
    transformer.fuse_lora()
    transformer.unload_lora()
