"""How fast the editor trains here, on random numbers of the true shapes."""

import statistics
import time
from dataclasses import dataclass

import torch
from torch.utils.flop_counter import FlopCounterMode

from vireo.flow.loss import masked_flow_loss
from vireo.models.editors.mini import build_mini_transformer
from vireo.models.transformer import editor_input, widen_for_editing
from vireo.runtime import autocast, pick_device
from vireo.training.acceleration import compile_blocks, plain_attention
from vireo.training.memory import reuse_memory
from vireo.training.optimizers import Optimizers
from vireo.training.stages.editor import EditorConfig
from vireo.training.stages.t2v import T2vConfig


@dataclass(frozen=True)
class StepTiming:
    """seconds: median of a whole step (forward, backward, update). flops: of its forward and backward."""

    seconds: float
    flops: float
    batch: int


def measure_step(steps: int = 8, channels: int = 48, text: tuple[int, int] = (32, 192)) -> StepTiming:
    """Times training steps of mini's editor on video batches. text: (tokens, width) of the instructor's states."""
    device, config = pick_device(), EditorConfig()
    if device.type == "cpu":
        reuse_memory()
    torch.manual_seed(0)
    base = build_mini_transformer(channels, text[1], T2vConfig().transformer)
    module = widen_for_editing(base, config.prediction == "affine")
    torch.nn.Module.to(module, device)  # diffusers' own `to` is typed wrongly
    loop = config.loop
    batch = loop.batch_size
    z, source = (torch.randn(batch, channels, 3, 12, 12, device=device) for _ in range(2))
    condition = (
        torch.randn(batch, *text, device=device),
        torch.ones(batch, text[0], dtype=torch.bool, device=device),
        torch.randn(batch, text[1], device=device),
    )
    times = torch.rand(batch, device=device) * 1000

    def loss() -> torch.Tensor:
        with autocast(device), plain_attention(device):
            output = module(editor_input(z, source), times, *condition, return_dict=False)[0]
        return masked_flow_loss(output, torch.zeros_like(output), None, 0.0)

    with FlopCounterMode(display=False) as counter:
        loss().backward()
    compile_blocks(module)
    optimizers = Optimizers(module, loop.optimizer, 1e-5, loop.betas, loop.weight_decay)
    seconds = []
    for _ in range(steps + 2):
        began = time.perf_counter()
        loss().backward()
        torch.nn.utils.clip_grad_norm_(optimizers.parameters, loop.clip_norm)
        optimizers.step()
        if device.type == "cuda":
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - began)
    return StepTiming(statistics.median(seconds[2:]), counter.get_total_flops(), batch)
