"""Times: shift, training times and sampling steps."""

from __future__ import annotations

import torch
from torch import Tensor


def shift_time(u: Tensor, shift: float) -> Tensor:
    """t' = s u / (1 + (s - 1) u): s > 1 moves times towards noise; 0 and 1 stay where they are."""
    return shift * u / (1 + (shift - 1) * u)


def training_times(count: int, shift: float, generator: torch.Generator) -> Tensor:
    """(count,) times in 0..1: uniform, then shifted, so that P(t <= x) = x / (s - (s - 1) x)."""
    return shift_time(torch.rand(count, generator=generator), shift)


def sampling_times(steps: int, shift: float) -> Tensor:
    """(steps + 1,) falling from 1 to 0: evenly spaced, then shifted.

    Equal to the sigmas of diffusers' FlowMatchEulerDiscreteScheduler(shift=s) when it is given
    linspace(1, 0, steps + 1)[:-1], as diffusers' Hunyuan pipelines do.
    """
    return shift_time(torch.linspace(1, 0, steps + 1), shift)
