"""The straight path between data and noise (rectified flow; VIVA Eq. 9 with its ends swapped, ReViSE Eq. 2)."""

from __future__ import annotations

from typing import Literal

from torch import Tensor

Prediction = Literal["velocity", "sample"]
"""What a network's output means: v itself, or the clean sample x0, from which v follows."""

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


def velocity_from_output(
    output: Tensor, z: Tensor, t: Tensor, prediction: Prediction, floor: float = TIME_FLOOR
) -> Tensor:
    """The velocity that a network's output stands for.

    `sample` reads the output as x0 and takes v = (z_t - x0) / max(t, floor): the network then need
    not carry the noise through its width, which matters when a token has almost as many numbers as the
    network is wide (as in mini; Li and He, "Back to Basics", 2025). The loss stays one on velocities.
    """
    if prediction == "velocity":
        return output
    return (z - output) / _like(t, z).clamp_min(floor)
