import pytest
import torch
from torch.distributions import Categorical, kl_divergence

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
