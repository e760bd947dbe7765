"""Stochastic sampling: steps drawn from Gaussians whose log-probabilities are known, for reinforcement learning
(VIVA A.2 and Eq. 14).

One convention for log-probabilities and divergences: the mean over the elements of a sample, not the sum, constants
included. The public code of Flow-GRPO takes the mean, and the usual clipping ranges are meant for it. A sum over the
10^4 to 10^7 elements of a latent makes ratios of 0 and infinity out of the smallest update. A ratio of means is that of
the whole sample's densities to the power of 1 / elements: 1 where theirs is 1, and its gradient theirs over the number
of elements.
"""

import itertools
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from vireo.flow.path import clean_from_velocity
from vireo.flow.sample import Velocity, sample


def _like(value: Tensor, x: Tensor) -> Tensor:
    return value.float().reshape(-1, *[1] * (x.ndim - 1))


@dataclass(frozen=True)
class Gaussian:
    """Of the next state: mean (B, ...) and std (B,), the same for all elements of a sample; both float32."""

    mean: Tensor
    std: Tensor


@dataclass(frozen=True)
class FlowSDE:
    """Steps of the stochastic equation that has the flow's marginals (VIVA Eq. 14, after Liu et al., "Flow-GRPO",
    2025, arXiv 2505.05470; Xue et al., "DanceGRPO", 2025): Euler-Maruyama with sigma_t = eta sqrt(t / (1 - t)).

    eta: 0 or more; 0 is the flow itself. Marginals are kept in the limit of many steps only; a step of finite length
    adds too much noise, which shows in the sample. The last step adds noise, too.

    sigma_t is infinite at t = 1. There the next time stands for t in 1 - t, as in Flow-GRPO's public code. That step's
    noise does not shrink with its length: the variance after it is about 1 + eta^4 / 4, and the steps that follow take
    the excess away. Eq. 14 prints sqrt(dt) epsilon inside of a differential: read as the step that it is.
    """

    eta: float

    def __post_init__(self) -> None:
        if self.eta < 0:
            raise ValueError(f"eta is {self.eta}, and has to be 0 or more")

    def next_state(self, z: Tensor, v: Tensor, t: Tensor, after: Tensor) -> Gaussian:
        """The state at time `after`, given state z and velocity v (B, ...) at time t; t, after: (B,), after < t."""
        z, v, t, after = z.float(), v.float(), t.float(), after.float()
        sigma = self.eta * (t / (1 - torch.where(t == 1, after, t))).sqrt()
        length = after - t
        drift = v + _like(sigma.square() / (2 * t), z) * (z + _like(1 - t, z) * v)
        return Gaussian(z + _like(length, z) * drift, sigma * (-length).sqrt())


@dataclass(frozen=True)
class CPS:
    """Steps that move to the next time's noise level exactly: Coefficients-Preserving Sampling (VIVA A.2, after Wang
    and Yu, 2025, arXiv 2509.05952).

    x' = (1 - t') x0 + t' cos(eta pi / 2) x1 + t' sin(eta pi / 2) epsilon, with the sample x0 = z - t v and the noise
    x1 = z + (1 - t) v that the velocity stands for: of the old noise cos is kept, sin is new, and their squares add up
    to 1. The step to t' = 0 adds none. VIVA prints the deviation as sin(eta pi / 2) dt; read as sin(eta pi / 2) t'.

    eta: 0..1; 0 is the flow itself, 1 replaces all noise in each step. It is the noise's level that is kept. The data's
    variance is only if v points at each state's own clean sample; a network's v points at the mean of those that the
    state may come from, and then samples vary less than the data, however many steps there are. With the exact v of
    Gaussian data of deviation 0.5 the variance falls short by 6 % with eta 0.3, by 28 % with eta 0.7.
    """

    eta: float

    def __post_init__(self) -> None:
        if not 0 <= self.eta <= 1:
            raise ValueError(f"eta is {self.eta}, and has to be in 0..1")

    def next_state(self, z: Tensor, v: Tensor, t: Tensor, after: Tensor) -> Gaussian:
        """The state at time `after`, given state z and velocity v (B, ...) at time t; t, after: (B,), after < t."""
        z, v, t, after = z.float(), v.float(), t.float(), after.float()
        angle = self.eta * math.pi / 2
        clean, noise = clean_from_velocity(z, t, v), z + _like(1 - t, z) * v
        mean = _like(1 - after, z) * clean + _like(after * math.cos(angle), z) * noise
        return Gaussian(mean, after * math.sin(angle))


Process = FlowSDE | CPS


@dataclass(frozen=True)
class StochasticStep:
    """One step and its probability.

    z: (B, ...) the state after it, in the type in which states are stored, without gradient. log_prob: (B,) float32,
    of exactly that z; 0 where the step has no noise. gaussian: what z is drawn from.
    """

    z: Tensor
    log_prob: Tensor
    gaussian: Gaussian


def stochastic_step(
    process: Process,
    z: Tensor,
    v: Tensor,
    times: tuple[Tensor, Tensor],
    *,
    noise: Tensor | None = None,
    reached: Tensor | None = None,
) -> StochasticStep:
    """Makes a step with `noise`, or scores the one that `reached` a state: the same arithmetic, in float32.

    z, v: (B, ...) state and velocity at times[0]; times: two of (B,), from and to. One of noise and reached is given:
    noise: (B, ...) standard normal; the next state is rounded to z's type before it is scored. reached: (B, ...) the
    next state as it was stored. So the score of a stored step is bit for bit the one it had when it was made, if v is.

    Gradients reach log_prob through the mean alone: the state is what was done, not a function of the parameters.
    """
    gaussian = process.next_state(z, v, *times)
    if (noise is None) == (reached is None):
        raise ValueError("either the noise of a step or the state that it reached is needed, and not both")
    if noise is not None:
        reached = (gaussian.mean + _like(gaussian.std, z) * noise).to(z.dtype)
    assert reached is not None
    reached = reached.detach()
    scale = gaussian.std.where(gaussian.std > 0, 1)
    log_prob = -_mean_square(reached.float() - gaussian.mean) / (2 * scale.square()) - (scale * math.tau**0.5).log()
    return StochasticStep(reached, log_prob.where(gaussian.std > 0, 0), gaussian)


def gaussian_kl(gaussian: Gaussian, reference: Gaussian) -> Tensor:
    """D_KL(gaussian || reference) of steps of equal std, between the same times: |mean - mean'|^2 / (2 std^2), (B,).

    The mean over elements, as log-probabilities here. The std is taken from `gaussian`. 0 where a step has no noise.
    """
    scale = gaussian.std.where(gaussian.std > 0, 1)
    kl = _mean_square(gaussian.mean - reference.mean) / (2 * scale.square())
    return kl.where(gaussian.std > 0, 0)


def _mean_square(x: Tensor) -> Tensor:
    """(B,) of each sample; in one order of its elements, whatever the layout that a network's output gave x."""
    return x.square().flatten(1).contiguous().mean(1)


@dataclass(frozen=True)
class StochasticSampling:
    """How a group of samples is drawn.

    process: of the stochastic steps. stochastic: their indices from 0; None for all. The others are those of `sample`
    (Li et al., "MixGRPO", 2025, have a window of such steps). group: samples that start from one initial noise.
    shared: the first steps that a group makes as one, before its samples go apart; 0 shares the initial noise alone.
    """

    process: Process
    stochastic: Collection[int] | None = None
    group: int = 1
    shared: int = 0


@dataclass(frozen=True)
class Trajectory:
    """What sampling went through, S steps.

    times: (S + 1,). states: (S + 1, B, ...) in the noise's type, from the initial noise to the sample. log_probs:
    float32 (B, S). mask: bool (B, S), the steps that count in the ratio; log_probs are 0 elsewhere. Steps without noise
    do not count, thus CPS's last one never does, nor do those that a group made as one: their gradients, weighted with
    advantages that add up to 0 over the group, cancel.
    """

    times: Tensor
    states: Tensor
    log_probs: Tensor
    mask: Tensor


def sample_trajectory(
    velocity: Velocity,
    noise: Tensor,
    times: Tensor,
    sampling: StochasticSampling,
    generators: Sequence[torch.Generator],
) -> Trajectory:
    """From `noise` at times[0] to times[-1], partly by chance; for samples B = rows of noise * sampling.group.

    velocity: is called with one row a group as long as a group is one, then with all B; groups follow each other.
    noise: (B / group, ...) initial. times: (S + 1,), falling, on the noise's device. generators: B of them, one a
    sample, so that its noise depends on nothing else, whichever samples share its batch; on any device. Each gives one
    draw for each stochastic step; a group's first one draws for all as long as the group is one. Generators seeded as
    the one that drew `noise` would draw the same numbers again: take others, or the same ones after it.

    Where no step is stochastic, the last state is that of `sample`. Raises ValueError for what does not fit together.
    """
    steps, group, shared = len(times) - 1, sampling.group, sampling.shared
    stochastic = set(range(steps) if sampling.stochastic is None else sampling.stochastic)
    if not stochastic <= set(range(steps)):
        raise ValueError(f"stochastic steps {sorted(stochastic)} of {steps}")
    if not 0 <= shared <= steps:
        raise ValueError(f"{shared} shared steps of {steps}")
    if len(generators) != len(noise) * group:
        raise ValueError(f"{len(generators)} generators for {len(noise)} groups of {group}")

    z, drawing = noise, list(generators)[::group]
    states, log_probs, mask = [], [], []
    for index, (now, after) in enumerate(itertools.pairwise(times)):
        if index == shared:
            z, drawing = z.repeat_interleave(group, 0), list(generators)
        states.append(z)
        log_prob, counts = torch.zeros(len(z), device=z.device), torch.zeros(len(z), dtype=torch.bool, device=z.device)
        if index in stochastic:
            t = now.expand(len(z))
            drawn = torch.stack([torch.randn(z.shape[1:], generator=g, device=g.device) for g in drawing])
            step = stochastic_step(
                sampling.process, z, velocity(z, t), (t, after.expand(len(z))), noise=drawn.to(z.device)
            )
            z = step.z
            if index >= shared:
                log_prob, counts = step.log_prob, step.gaussian.std > 0
        else:
            z = sample(velocity, z, torch.stack((now, after))).to(noise.dtype)
        log_probs.append(log_prob)
        mask.append(counts)
    rows = len(generators)
    states = torch.stack([_all_rows(state, rows) for state in (*states, z)])
    return Trajectory(
        times, states, *(torch.stack([_all_rows(x, rows) for x in kept], 1) for kept in (log_probs, mask))
    )


def _all_rows(x: Tensor, rows: int) -> Tensor:
    """The rows of all samples, of a tensor with one row a group or a sample."""
    return x.repeat_interleave(rows // len(x), 0)
