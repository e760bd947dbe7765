"""The velocity network: diffusers' HunyuanVideoTransformer3DModel at mini's size, its widening, its finer patches.

VIVA Eq. 2 concatenates source and noise latents along channels, then patchifies and projects. Both maps are linear, so
their product is one patch embedding with twice the input channels: a plain transformer with in_channels = 2 C. Its
noise half starts as the text-to-video weights, its source half as zeros, so the untrained editor computes exactly what
the text-to-video model computes.

Mini's output is widened likewise: beside a clean sample it gives gains on the source (flow/path.py, `affine`).
"""

from typing import cast

import torch
from diffusers.models.transformers.transformer_hunyuan_video import HunyuanVideoTransformer3DModel
from torch import Tensor, nn

from vireo.errors import InputError


@torch.no_grad()
def widen_for_editing(base: HunyuanVideoTransformer3DModel, affine: bool) -> HunyuanVideoTransformer3DModel:
    """The editor that computes what `base` computes, whatever the source: [noise | source] input channels.

    affine: whether it also gives gains on the source (flow/path.py): [offset | gain] output channels. The gains start
        at zero, so that the clean sample is that of `base`.
    """
    channels, outputs = base.config["in_channels"], base.config["out_channels"]
    config = {**base.config, "in_channels": 2 * channels, "out_channels": 2 * outputs if affine else outputs}
    editor = cast(HunyuanVideoTransformer3DModel, HunyuanVideoTransformer3DModel.from_config(config))
    state = base.state_dict()
    # Channels come first among the inputs of x_embedder and the outputs of proj_out.
    state["x_embedder.proj.weight"] = _with_zeros(state["x_embedder.proj.weight"], 1)
    if affine:
        for name in ("proj_out.weight", "proj_out.bias"):
            state[name] = _with_zeros(state[name], 0)
    editor.load_state_dict(state)
    nn.Module.to(editor, state["proj_out.weight"].device)  # diffusers' own `to` is typed wrongly
    return editor


@torch.no_grad()
def with_finer_patches(coarse: HunyuanVideoTransformer3DModel, patch_size: int) -> HunyuanVideoTransformer3DModel:
    """`coarse` with smaller patches in height and width, for it to go on learning: a token has fewer numbers to carry
    through the same width.

    Where the latent is constant within the old patches, a new token is embedded as the old one was, and gives the
    mean of the old one's outputs (as FlexiViT's area resizing does; Beyer et al., 2023). Rotary positions count new
    tokens, so distances grow; that it has to learn.
    Raises InputError where the old patches do not consist of whole new ones.
    """
    old = coarse.config["patch_size"]
    if not 0 < patch_size <= old or old % patch_size:
        fix = f"give a size that divides {old}"
        raise InputError(f"patches of {old} do not consist of patches of {patch_size}", fix)
    parts = old // patch_size
    # diffusers keeps a list of the settings that were left at their defaults, which would override the new one.
    config = {**coarse.config, "patch_size": patch_size, "_use_default_values": []}
    finer = cast(HunyuanVideoTransformer3DModel, HunyuanVideoTransformer3DModel.from_config(config))
    state = coarse.state_dict()
    name = "x_embedder.proj.weight"  # (width, C, 1, old, old)
    state[name] = state[name].unflatten(-1, (patch_size, parts)).unflatten(-3, (patch_size, parts)).sum((-3, -1))
    channels = coarse.config["out_channels"]
    for name in ("proj_out.weight", "proj_out.bias"):  # (C * patch_size_t * old * old, ...)
        weight = state[name].unflatten(0, (channels, -1, patch_size, parts, patch_size, parts))
        state[name] = weight.mean((3, 5)).flatten(0, 3)
    finer.load_state_dict(state)
    nn.Module.to(finer, state["proj_out.weight"].device)
    return finer


def _with_zeros(weight: Tensor, dim: int) -> Tensor:
    return torch.cat([weight, torch.zeros_like(weight)], dim)


def editor_input(z: Tensor, source: Tensor, reference: Tensor | None = None) -> Tensor:
    """(B, 2C, T [+ 1], H, W) from the noisy latent z and the source latent, (B, C, T, H, W) each (VIVA Eq. 2).

    reference: clean latent of the reference image (B, C, 1, H, W). It becomes one more latent frame after the last,
    with a source half of zeros; rotary positions count from 0, so the others do not move. The transformer's output for
    it is dropped by the caller.
    """
    x = torch.cat([z, source], 1)
    return x if reference is None else torch.cat([x, _with_zeros(reference, 1)], 2)
