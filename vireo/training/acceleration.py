"""What makes training steps fast: whole passes in bfloat16, plain attention on CPUs, compiled blocks."""

import contextlib
from collections.abc import Iterator
from typing import Any

import torch
from diffusers.models.transformers.transformer_hunyuan_video import HunyuanVideoTransformer3DModel
from torch import Tensor, nn


def in_precision(dtype: torch.dtype, module: nn.Module, *args: Any) -> Any:
    """module(*args) with weights and float tensors among the arguments in `dtype`, and no autocast.

    Autocast converts at every matrix product and keeps what lies between in float32; for models as small as mini's
    those conversions and the float32 traffic cost a third of the time on CPUs. Here weights are converted once a
    step and everything runs in `dtype`; gradients arrive in the float32 weights.
    """
    weights = {name: parameter.to(dtype) for name, parameter in module.named_parameters()}
    cast = tuple(a.to(dtype) if isinstance(a, Tensor) and a.is_floating_point() else a for a in args)
    with torch.autocast(next(module.parameters()).device.type, enabled=False):
        return torch.func.functional_call(module, weights, cast, tie_weights=True)


@contextlib.contextmanager
def plain_attention(device: torch.device) -> Iterator[None]:
    """Attention by plain products within the block on CPUs; elsewhere torch's own choice.

    Fused attention's backward pass is ten times slower than plain products at 100-200 tokens on CPUs. The switches,
    CUDA by name, hold there too, and for the token refiner, which takes no attention backend.
    """
    if device.type != "cpu":
        yield
        return
    cuda = torch.backends.cuda
    fused, reduced = cuda.flash_sdp_enabled(), cuda.fp16_bf16_reduction_math_sdp_allowed()
    cuda.enable_flash_sdp(False)
    cuda.allow_fp16_bf16_reduction_math_sdp(True)
    try:
        yield
    finally:
        cuda.enable_flash_sdp(fused)
        cuda.allow_fp16_bf16_reduction_math_sdp(reduced)


def compile_blocks(module: HunyuanVideoTransformer3DModel) -> None:
    """Compiles the repeated blocks of a transformer."""
    # Images and videos, with and without references, texts of several lengths, training and validation.
    torch._dynamo.config.recompile_limit = 64
    module.compile_repeated_blocks(fullgraph=True)
