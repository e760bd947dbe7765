"""What an editor learns from a group of samples: the policy's gain (GRPO), or the forward process (NFT)."""

from collections.abc import Sequence

import torch
from torch import Tensor

from vireo.flow.path import interpolate, velocity
from vireo.flow.sample import Velocity
from vireo.flow.sde import Gaussian, Process, Trajectory, gaussian_kl, stochastic_step
from vireo.training.forward_process import negative_aware_loss
from vireo.training.policy import clipped_gain, policy_loss

Figures = dict[str, float]


def counting_steps(trajectory: Trajectory) -> list[int]:
    """Steps that count in the ratio."""
    return trajectory.mask.any(0).nonzero().flatten().tolist()


def gaussians_of(process: Process, velocity: Velocity, trajectory: Trajectory) -> list[Gaussian]:
    """Of each counting step, what `velocity` would have drawn it from."""
    found = []
    for index in counting_steps(trajectory):
        z, (t, after) = trajectory.states[index], _times(trajectory, index)
        found.append(process.next_state(z, velocity(z, t), t, after))
    return found


def policy_objective(
    process: Process,
    velocity: Velocity,
    trajectory: Trajectory,
    advantages: Tensor,
    reference: Sequence[Gaussian] | None,
    clip: float,
    beta: float,
) -> tuple[Tensor, Figures]:
    """Minus the objective of VIVA Eq. 12, 13, a number, of samples that went through `trajectory`, and its figures.

    velocity: of the policy that learns; it is asked for all rows of a step at once, as when they were drawn, so that
    the ratio before the first update is exactly 1. advantages: (B,). reference: of `gaussians_of`, by the reference;
    None where beta, the weight of the divergence from it, is 0. clip: see `policy.clipped_gain`.
    """
    log_probs, divergences, steps = [], [], counting_steps(trajectory)
    for place, index in enumerate(steps):
        z, times = trajectory.states[index], _times(trajectory, index)
        step = stochastic_step(process, z, velocity(z, times[0]), times, reached=trajectory.states[index + 1])
        log_probs.append(step.log_prob)
        divergences.append(
            torch.zeros_like(step.log_prob) if reference is None else gaussian_kl(step.gaussian, reference[place])
        )
    new, old, kl = torch.stack(log_probs, 1), trajectory.log_probs[:, steps], torch.stack(divergences, 1)
    gain = clipped_gain(new, old, advantages[:, None].expand(new.shape), clip)
    mask = trajectory.mask[:, steps]
    ratio = (new.detach() - old).exp()[mask]
    figures = {
        "ratio/mean": float(ratio.mean()),
        "ratio/farthest": float((ratio - 1).abs().max()),
        "ratio/clipped": float(((ratio - 1).abs() > clip).float().mean()),
        "divergence": float(kl.detach()[mask].mean()),
    }
    return policy_loss(gain, kl, mask, beta), figures


def forward_objective(
    velocities: tuple[Velocity, Velocity, Velocity | None],
    clean: Tensor,
    optimality: Tensor,
    noise: Tensor,
    t: Tensor,
    strength: float,
    beta: float,
) -> tuple[Tensor, Figures]:
    """The loss of `forward_process.negative_aware_loss` of samples, plus beta times the mean squared difference of
    velocities from the reference's; a number, and its figures.

    velocities: of the policy that learns, of the old one, and of the reference (None where beta is 0); the latter two
    give no gradient. clean: (B, ...) samples. optimality: (B,). noise: as clean. t: (B,). strength: the paper's beta.
    """
    policy, old, reference = velocities
    z = interpolate(clean, noise, t)
    before, kept = old(z, t), None if reference is None else reference(z, t)  # before the policy's graph is made
    v = policy(z, t)
    loss = negative_aware_loss(v, before, velocity(clean, noise), t, optimality, strength)
    figures = {"distance/old": float((v.detach() - before).square().mean())}
    if kept is not None:
        divergence = (v - kept).square().mean()
        figures["divergence"] = float(divergence.detach())
        loss = loss + beta * divergence
    return loss, figures


def _times(trajectory: Trajectory, index: int) -> tuple[Tensor, Tensor]:
    rows = trajectory.states.shape[1]
    now, after = trajectory.times[index], trajectory.times[index + 1]
    return now.expand(rows), after.expand(rows)
