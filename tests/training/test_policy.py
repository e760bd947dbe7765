import itertools

import numpy as np
import pytest
import torch
from torch.distributions import Categorical, kl_divergence
from toy_flow import Field, mean_velocity, reward

from vireo.flow.path import sampling_times
from vireo.flow.sde import CPS, FlowSDE, StochasticSampling, gaussian_kl, sample_trajectory, stochastic_step
from vireo.training.policy import EPSILON, clipped_gain, divergence, group_advantages, policy_loss


def test_advantages_are_standardised_in_their_group_and_blind_to_what_it_shares():
    rewards = torch.tensor([[1.0, 2.0, 3.0], [0.5, 0.5, 0.5]])
    advantages = group_advantages(rewards)
    deviation = (2 / 3) ** 0.5
    assert torch.allclose(advantages[0], torch.tensor([-1.0, 0.0, 1.0]) / (deviation + EPSILON))
    assert advantages[1].tolist() == [0, 0, 0]
    shared = torch.tensor([[7.0], [-3.0]])
    assert torch.allclose(group_advantages(rewards + shared), advantages, atol=1e-6)


def test_before_the_first_update_the_ratio_is_one_and_the_loss_minus_the_mean_advantage():
    log_probs = torch.randn(4, 6, generator=torch.Generator().manual_seed(0))
    advantages = torch.tensor([[1.0], [-1.0], [0.5], [-0.5]]).expand(4, 6)
    gain = clipped_gain(log_probs, log_probs.clone(), advantages, clip=0.2)
    assert torch.equal(gain, advantages)
    kl = divergence(log_probs, log_probs)
    assert kl.abs().max() == 0
    assert policy_loss(gain, kl, torch.ones(4, 6, dtype=torch.bool), beta=0.1) == -advantages.mean()


@pytest.mark.parametrize(
    ("ratio", "advantage", "gain", "learns"),
    [
        (1.5, 1.0, 1.2, False),
        (1.5, -1.0, -1.5, True),
        (0.5, 1.0, 0.5, True),
        (0.5, -1.0, -0.8, False),
        (1.1, 1.0, 1.1, True),
    ],
)
def test_a_ratio_is_clipped_where_that_is_for_the_better(ratio, advantage, gain, learns):
    log_prob = torch.tensor([ratio]).log().requires_grad_()
    found = clipped_gain(log_prob, torch.zeros(1), torch.tensor([advantage]), clip=0.2)
    assert found.item() == pytest.approx(gain, rel=1e-6)
    found.sum().backward()
    assert (log_prob.grad.abs().item() > 0) == learns


def test_divergence_is_that_of_the_distributions_in_the_mean():
    generator = torch.Generator().manual_seed(0)
    policy, reference = (Categorical(logits=torch.randn(5, generator=generator)) for _ in range(2))
    actions = torch.multinomial(policy.probs, 400_000, replacement=True, generator=generator)
    found = divergence(policy.log_prob(actions), reference.log_prob(actions))
    assert found.min() >= 0
    assert found.mean().item() == pytest.approx(kl_divergence(policy, reference).item(), rel=0.02)


def test_every_sample_counts_alike_however_long_it_is():
    gain = torch.tensor([[1.0, 1.0, 1.0, 1.0], [3.0, 9.0, 9.0, 9.0], [5.0, 5.0, 5.0, 5.0]])
    mask = torch.tensor([[1, 1, 1, 1], [1, 0, 0, 0], [0, 0, 0, 0]], dtype=torch.bool)
    loss = policy_loss(gain, torch.ones(3, 4), mask, beta=0.5)
    assert loss.item() == pytest.approx(-(0.5 + 2.5 + 0) / 3)


def test_it_finds_the_best_of_five_actions():
    """A bandit: the policy is a softmax of five logits, the reward a known number for each action."""
    reward = torch.tensor([0.1, 0.9, 0.3, 0.5, 0.2])
    logits = torch.zeros(5, requires_grad=True)
    optimizer, generator = torch.optim.Adam([logits], lr=0.1), torch.Generator().manual_seed(0)
    for _ in range(80):
        with torch.no_grad():
            old = logits.log_softmax(0)
            actions = torch.multinomial(old.exp(), 64, replacement=True, generator=generator)
        advantages = group_advantages(reward[actions].view(8, 8)).view(64, 1)
        for _ in range(2):
            new = logits.log_softmax(0)[actions].view(64, 1)
            gain = clipped_gain(new, old[actions].view(64, 1), advantages, clip=0.2)
            kl = divergence(new, torch.full_like(new, 0.2).log())
            loss = policy_loss(gain, kl, torch.ones_like(new, dtype=torch.bool), beta=0.0)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    assert logits.softmax(0)[1] > 0.95


REFERENCE = (0.5, -0.2)
"""Weights of the policy that acts, and of the one from which divergence is taken."""


def surrogate(weights, process, trajectory, advantages, settings):
    """The loss of Eq. 12 of denoising steps, in float64 without autograd, for the velocity w0 z + w1 t."""
    (w0, w1), clip, beta = weights, settings["clip"], settings["beta"]
    states, times = trajectory.states.double().numpy(), trajectory.times.double().numpy()

    def mean_and_std(a, b, z, t, after):
        v = a * z + b * t
        if isinstance(process, FlowSDE):
            sigma = process.eta * np.sqrt(t / (1 - (after if t == 1 else t)))
            mean = z + (after - t) * (v + sigma**2 / (2 * t) * (z + (1 - t) * v))
            return mean, sigma * np.sqrt(t - after)
        angle = process.eta * np.pi / 2
        return (1 - after) * (z - t * v) + after * np.cos(angle) * (z + (1 - t) * v), after * np.sin(angle)

    each = np.zeros(trajectory.log_probs.shape)
    for index in np.flatnonzero(trajectory.mask[0].numpy()):
        args = states[index], times[index], times[index + 1]
        mean, std = mean_and_std(w0, w1, *args)
        reference, _ = mean_and_std(*REFERENCE, *args)
        log_prob = (-((states[index + 1] - mean) ** 2) / (2 * std**2) - np.log(std * np.sqrt(2 * np.pi))).mean(1)
        ratio = np.exp(log_prob - trajectory.log_probs[:, index].double().numpy())
        gain = np.minimum(ratio * advantages, np.clip(ratio, 1 - clip, 1 + clip) * advantages)
        each[:, index] = gain - beta * ((mean - reference) ** 2).mean(1) / (2 * std**2)
    return -(each.sum(1) / trajectory.mask.numpy().sum(1)).mean()


@pytest.mark.parametrize("process", [FlowSDE(0.7), CPS(0.6)])
def test_gradients_of_denoising_steps_are_those_of_finite_differences(process):
    def field(weights):
        return lambda z, t: weights[0] * z + weights[1] * t[:, None]

    generators = [torch.Generator().manual_seed(index) for index in range(8)]
    advantages, settings = torch.linspace(-1.5, 1.5, 8), {"clip": 0.03, "beta": 0.3}
    noise = torch.randn(8, 5, generator=torch.Generator().manual_seed(9))
    old, weights = torch.tensor(REFERENCE), torch.tensor([0.62, -0.1], requires_grad=True)
    made = sample_trajectory(field(old), noise, sampling_times(4, 1.0), StochasticSampling(process), generators)
    log_probs, kl = [], []
    for index, (now, after) in enumerate(itertools.pairwise(made.times)):
        z, t, times = made.states[index], now.expand(8), (now.expand(8), after.expand(8))
        step = stochastic_step(process, z, field(weights)(z, t), times, reached=made.states[index + 1])
        log_probs.append(step.log_prob)
        kl.append(gaussian_kl(step.gaussian, process.next_state(z, field(old)(z, t), *times)))
    log_probs = torch.stack(log_probs, 1)
    gain = clipped_gain(log_probs, made.log_probs, advantages[:, None].expand(8, 4), settings["clip"])
    loss = policy_loss(gain, torch.stack(kl, 1), made.mask, settings["beta"])
    loss.backward()

    clipped = ((log_probs - made.log_probs).exp() - 1).abs() > settings["clip"]
    assert clipped[made.mask].any()
    assert not clipped[made.mask].all()
    at, reach = np.array(weights.tolist()), 1e-6
    args = process, made, advantages.double().numpy(), settings
    assert loss.item() == pytest.approx(surrogate(at, *args), rel=1e-4)
    differences = [(surrogate(at + d, *args) - surrogate(at - d, *args)) / (2 * reach) for d in reach * np.eye(2)]
    assert weights.grad.tolist() == pytest.approx(differences, rel=1e-3)


@pytest.mark.parametrize(
    ("sampling", "least"),
    [
        (StochasticSampling(FlowSDE(0.7), group=16), -0.25),
        (StochasticSampling(CPS(0.7), group=16), -0.1),
        (StochasticSampling(CPS(0.7), range(1, 3), group=16, shared=1), -0.1),
    ],
)
def test_denoising_steps_find_the_goal(sampling, least):
    """Groups from one initial noise, as in DanceGRPO; four steps, Flow-SDE's last one adds noise to the sample."""
    process, times, field = sampling.process, sampling_times(4, 1.0), Field(mean_velocity)
    optimizer, generator = torch.optim.Adam(field.parameters(), lr=1e-2), torch.Generator().manual_seed(1)
    generators = [torch.Generator().manual_seed(100 + index) for index in range(128)]
    rewards = []
    for _ in range(25):
        with torch.no_grad():
            made = sample_trajectory(field, torch.randn(8, 2, generator=generator), times, sampling, generators)
        found = reward(made.states[-1])
        rewards.append(found.mean().item())
        advantages = group_advantages(found.view(8, 16)).view(-1, 1).expand(128, 4)
        for _ in range(2):
            log_probs = [
                stochastic_step(process, z, field(z, t), (t, after), reached=reached).log_prob
                for z, reached, t, after in zip(
                    made.states[:-1],
                    made.states[1:],
                    times[:-1, None].expand(4, 128),
                    times[1:, None].expand(4, 128),
                    strict=True,
                )
            ]
            gain = clipped_gain(torch.stack(log_probs, 1), made.log_probs, advantages, clip=0.05)
            loss = policy_loss(gain, torch.zeros_like(gain), made.mask, beta=0.0)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    assert rewards[0] < -0.7
    assert np.mean(rewards[-5:]) > least
