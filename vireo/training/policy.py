"""What reinforcement learning by groups computes: advantages, importance ratios, clipping, divergence (GRPO).

VIVA Eq. 11-13, after Shao et al., "DeepSeekMath" (2024). Knows neither what was sampled nor by what: the reasoner's
tokens and an editor's denoising steps come as log-probabilities alike. An action is one token or one step.
"""

import torch
from torch import Tensor

EPSILON = 1e-4
"""Added to a group's deviation, so that a group that hardly differs is not blown up. Eq. 11 has none; where all rewards
of a group are equal it divides by zero."""


def group_advantages(rewards: Tensor) -> Tensor:
    """Rewards (B, G) of B groups of G samples, relative to their group: Eq. 11 with EPSILON in its denominator.

    The deviation is that of the group itself, not an estimate for more samples. A group of equal rewards has zeros.
    """
    centred = rewards - rewards.mean(1, keepdim=True)
    return centred / (centred.square().mean(1, keepdim=True).sqrt() + EPSILON)


def clipped_gain(log_probs: Tensor, old_log_probs: Tensor, advantages: Tensor, clip: float) -> Tensor:
    """The policy's part of Eq. 13 of each action, to be made large; all of one shape.

    log_probs: of the policy that learns. old_log_probs: of the one that acted, without gradient; where both are equal
    the ratio is exactly 1. advantages: of the sample that an action belongs to. clip: the ratio counts within
    1 - clip ... 1 + clip, where it would be for the better.
    """
    ratio = (log_probs - old_log_probs).exp()
    return torch.minimum(ratio * advantages, ratio.clamp(1 - clip, 1 + clip) * advantages)


def divergence(log_probs: Tensor, reference_log_probs: Tensor) -> Tensor:
    """An estimate of D_KL(policy || reference) from each action that the policy took: r - log r - 1, r being the
    reference's probability over the policy's.

    Unbiased, and never negative (Schulman, "Approximating KL Divergence", 2020). For actions whose divergence has no
    closed form, as tokens of which only the sampled one was kept.
    """
    log_ratio = reference_log_probs - log_probs
    return log_ratio.exp() - log_ratio - 1


def policy_loss(gain: Tensor, kl: Tensor, mask: Tensor, beta: float) -> Tensor:
    """The loss of Eq. 12, a number: minus the mean over samples of the mean over their actions of gain - beta kl.

    gain, kl: (N, T) of N samples; mask: bool (N, T), which actions there are. Samples without any count as 0.
    """
    each = torch.where(mask, gain - beta * kl, 0)
    return -(each.sum(1) / mask.sum(1).clamp(min=1)).mean()
