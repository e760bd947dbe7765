"""Sampling: integrating the flow from noise to data, for any velocity field.

Gradients flow through wherever the caller allows them (no `no_grad` here).
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from vireo.flow.path import clean_from_velocity

Velocity = Callable[[Tensor, Tensor], Tensor]
"""velocity(z, t): of states z (B, ...) at times t (B,), of the shape of z."""


@dataclass(frozen=True)
class Step:
    """The state after one step of sampling.

    index: of the step, from 0. time: (scalar) time that the step started from. z: the state after it. clean: the
    estimate of the sample, x0 = z - t v, at its start.
    """

    index: int
    time: Tensor
    z: Tensor
    clean: Tensor


def sample(
    velocity: Velocity, noise: Tensor, times: Tensor, on_step: Callable[[Step], Tensor | None] | None = None
) -> Tensor:
    """Euler's method for dz/dt = velocity(z, t) from `noise` at times[0] to times[-1].

    noise: (B, ...). times: (steps + 1,), falling; see `flow.path.sampling_times`. on_step: is called after each
    step; a tensor that it returns replaces the state. To stop early it raises.

    The same states as diffusers' FlowMatchEulerDiscreteScheduler gives, without its state.
    """
    z = noise
    for index, (now, after) in enumerate(itertools.pairwise(times)):
        t = now.expand(len(z))
        v = velocity(z, t)
        moved = z + (after - now) * v
        if on_step is not None:
            replaced = on_step(Step(index, now, moved, clean_from_velocity(z, t, v)))
            moved = moved if replaced is None else replaced
        z = moved
    return z


def guided(conditional: Tensor, unconditional: Tensor, scale: float) -> Tensor:
    """Classifier-free guidance (VIVA, appendix B): v_uncond + scale (v_cond - v_uncond)."""
    return unconditional + scale * (conditional - unconditional)
