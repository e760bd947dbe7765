"""Reinforcement learning on the forward process: DiffusionNFT (Zheng et al., 2025, arXiv 2509.16117).

Samples of an old policy, however they were drawn, are noised again as in supervised training, and the velocity learns
to point towards the good ones and away from the bad ones. It needs clean samples and their rewards, and neither
trajectories nor probabilities.
"""

from collections.abc import Iterable

import torch
from torch import Tensor

from vireo.training.policy import EPSILON

ERROR_FLOOR = 1e-3
"""Smallest mean error of a velocity by which a loss is divided. Velocities are about 1 in size, and errors this small
are rounding in float32, which must not count as much as what is to be learned. The public code has 1e-5."""


def optimality(rewards: Tensor, scale: float) -> Tensor:
    """How good each of B groups of G samples is, in 0..1, from rewards (B, G): the paper's r, p(optimal | sample).

    r = 1/2 + 1/2 clip((reward - mean of its group) / scale, -1, 1). The paper leaves the scale to choose and names the
    deviation of all rewards, its public code has five times that. Groups that hardly differ stay near 1/2, which draws
    the policy to the old one, whereas `policy.group_advantages` blows up what little they differ.
    """
    centred = rewards - rewards.mean(1, keepdim=True)
    return 0.5 + 0.5 * (centred / max(scale, EPSILON)).clamp(-1, 1)


def negative_aware_loss(v: Tensor, old_v: Tensor, target: Tensor, t: Tensor, optimality: Tensor, beta: float) -> Tensor:
    """The loss, a number: r |v+ - target|^2 + (1 - r) |v- - target|^2 of implicit velocities, for samples of the old
    policy that are noised to time t.

    v+ = (1 - beta) old_v + beta v and v- = (1 + beta) old_v - beta v: where a bad sample is to be expected from the
    mirror image of v, v turns away from it. With the squares as they stand the best v is
    old_v + E[(2 r - 1) (target - old_v) | z_t] / beta.

    v, old_v: (B, ...) velocities of both policies at z_t; no gradient reaches old_v. target: (B, ...) eps - x0 of the
    sample. t: (B,) in 0..1. optimality: (B,), the r of each sample. beta: above 0; the smaller, the longer the step.

    Each square is the one between clean samples, over its mean absolute value, which is held constant: the paper's
    self-normalised weights, and the only form here. As x0 - x0' = t (v' - v), that is
    t |v+ - target|^2 / mean |v+ - target|: no sample counts for more than others by the size of its errors, and a time
    as much as it is away from data. On toy flows the plain squares of velocities reach more with samples of four steps,
    and diverge with those of one.

    What teaches is that a sample is not where old_v points. Where old_v's paths are straight, as those of a sampler of
    one step are at t = 1, and samples are noised with the very noise that they were made of, they are: the gradient is
    0 whatever the rewards, but for rounding, which Adam would blow up. So draw new noise, as the paper does; with it
    samples of one step teach, too, if they differ.
    """
    old_v = old_v.detach()
    near, far = (_self_normalised(beta * sign * (v - old_v) + old_v - target, t) for sign in (1, -1))
    return (optimality * near + (1 - optimality) * far).mean()


def _self_normalised(error: Tensor, t: Tensor) -> Tensor:
    """(B,) losses of errors of velocity (B, ...) at times t (B,)."""
    error = error.float().flatten(1)
    return t * error.square().mean(1) / error.detach().abs().mean(1).clamp_min(ERROR_FLOOR)


@torch.no_grad()
def update_old_policy(old: Iterable[Tensor], current: Iterable[Tensor], iteration: int) -> None:
    """After each iteration, from 0, of sampling and learning: old = d old + (1 - d) current, in place.

    d = min(0.001 iteration, 0.5), as the paper's first schedule: early iterations sample from the policy as it is,
    later ones from one that follows behind.
    """
    decay = min(0.001 * iteration, 0.5)
    for kept, new in zip(old, current, strict=True):
        kept.lerp_(new.to(kept.dtype), 1 - decay)
