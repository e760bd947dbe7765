"""LoRA files under the names that ComfyUI reads for HunyuanVideo.

ComfyUI holds the model as its authors published it: query, key and value of an attention are one matrix, in single
blocks together with the first one of the feed-forward part. Adapters of several matrices become one of their summed
ranks: A's below each other, B's as blocks on the diagonal. Nothing is approximated. The names are those that diffusers
reads, too (and takes apart again, at full size).
"""

import re
from collections.abc import Mapping

import torch
from torch import Tensor

from vireo.training.lora import PREFIX

_NAME = re.compile(r"transformer\.(single_)?transformer_blocks\.(\d+)\.attn\.(.+)\.lora_A\.weight")
_DOUBLE = {
    "img_attn_qkv": ("to_q", "to_k", "to_v"),
    "img_attn_proj": ("to_out.0",),
    "txt_attn_qkv": ("add_q_proj", "add_k_proj", "add_v_proj"),
    "txt_attn_proj": ("to_add_out",),
}
_SINGLE = {"linear1": ("to_q", "to_k", "to_v")}


def comfyui_names(weights: Mapping[str, Tensor], feed_forward: int) -> dict[str, Tensor]:
    """A LoRA file of `lora_weights` as ComfyUI reads it: diffusion_model.double_blocks.N.img_attn_qkv.lora_A.weight.

    feed_forward: width of the feed-forward part of single blocks, whose rows follow those of query, key and value and
    stay as they are. Raises ValueError for layers that have no such name.
    """
    names = [match for key in weights if (match := _NAME.fullmatch(key))]
    if 2 * len(names) != len(weights):
        raise ValueError("these are not the weights of a LoRA on attention projections")
    converted: dict[str, Tensor] = {}
    for kind, number in dict.fromkeys((match[1] or "", match[2]) for match in names):
        block = f"{PREFIX}{kind}transformer_blocks.{number}.attn."
        for name, parts in (_SINGLE if kind else _DOUBLE).items():
            if f"{block}{parts[0]}.lora_A.weight" not in weights:
                continue  # the last blocks of some models do not put out text
            downs, ups = ([weights[f"{block}{part}.lora_{x}.weight"] for part in parts] for x in "AB")
            up = torch.block_diag(*ups)
            if kind:
                up = torch.cat([up, up.new_zeros(feed_forward, up.shape[1])])
            place = f"diffusion_model.{'single' if kind else 'double'}_blocks.{number}.{name}"
            converted[f"{place}.lora_A.weight"] = torch.cat(downs)
            converted[f"{place}.lora_B.weight"] = up.contiguous()
    return converted
