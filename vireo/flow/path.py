"""The straight path between data and noise (rectified flow; VIVA Eq. 9 with its ends swapped, ReViSE Eq. 2), and the
times along it."""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

Prediction = Literal["velocity", "sample", "affine"]
"""What a network's output means: v itself; the clean sample x0, from which v follows; or two maps (b, a) of which
x0 = b + a * source follows, the source being the latent of the clip to edit."""

TIME_FLOOR = 1e-3
"""Smallest time by which a clean-sample prediction is divided; v would blow up as t goes to 0."""


def _like(t: Tensor, x: Tensor) -> Tensor:
    return t.to(x.dtype).reshape(-1, *[1] * (x.ndim - 1))


def interpolate(x0: Tensor, noise: Tensor, t: Tensor) -> Tensor:
    """z_t = (1 - t) x0 + t eps.  x0, noise: (B, ...); t: (B,) in 0..1."""
    t = _like(t, x0)
    return (1 - t) * x0 + t * noise


def velocity(x0: Tensor, noise: Tensor) -> Tensor:
    """v = dz/dt = eps - x0."""
    return noise - x0


def clean_from_velocity(z: Tensor, t: Tensor, v: Tensor) -> Tensor:
    """x0 = z_t - t v, exact for the true velocity."""
    return z - _like(t, z) * v


def clean_from_output(output: Tensor, prediction: Literal["sample", "affine"], source: Tensor | None = None) -> Tensor:
    """x0 from a network's output: (B, C, ...), for `affine` (B, 2C, ...). source: (B, C, ...), which that one needs."""
    if prediction == "sample":
        return output
    if source is None:
        raise ValueError('prediction "affine" is relative to a source latent, and none was given')
    offset, gain = output.chunk(2, dim=1)
    return offset + gain * source


def velocity_from_output(
    output: Tensor,
    z: Tensor,
    t: Tensor,
    prediction: Prediction,
    source: Tensor | None = None,
    floor: float = TIME_FLOOR,
) -> Tensor:
    """The velocity that a network's output stands for.

    `sample` reads the output as x0 and takes v = (z_t - x0) / max(t, floor): the network then need not carry the noise
    through its width, which matters when a token has almost as many numbers as the network is wide (as in mini; Li and
    He, "Back to Basics", 2025). `affine` saves it carrying the source, too, which most edits keep almost everywhere: a
    gain of 1 copies a number of the source, 0 leaves it to the offset, and what lies between relights and recolours.
    With gains of 0 it is `sample`. The loss stays one on velocities.
    """
    if prediction == "velocity":
        return output
    return (z - clean_from_output(output, prediction, source)) / _like(t, z).clamp_min(floor)


def shift_time(u: Tensor, shift: float | Tensor) -> Tensor:
    """t' = s u / (1 + (s - 1) u): s > 1 moves times towards noise; 0 and 1 stay where they are."""
    return shift * u / (1 + (shift - 1) * u)


def training_times(count: int, shifts: Sequence[float], generator: torch.Generator) -> Tensor:
    """(count,) times in 0..1: uniform, then shifted by one of `shifts` each, so that of those with shift s
    P(t <= x) = x / (s - (s - 1) x)."""
    u = torch.rand(count, generator=generator)
    if len(shifts) == 1:
        return shift_time(u, shifts[0])
    drawn = torch.randint(len(shifts), (count,), generator=generator)
    return shift_time(u, torch.tensor(shifts)[drawn])


def sampling_times(steps: int, shift: float) -> Tensor:
    """(steps + 1,) falling from 1 to 0: evenly spaced, then shifted.

    Equal to the sigmas of diffusers' FlowMatchEulerDiscreteScheduler(shift=s) when it is given
    linspace(1, 0, steps + 1)[:-1], as diffusers' Hunyuan pipelines do.
    """
    return shift_time(torch.linspace(1, 0, steps + 1), shift)
