import numpy as np
import pytest
import torch
from toy_flow import Field, mean_velocity, reward, straight_velocity

from vireo.flow.path import interpolate, sampling_times, velocity
from vireo.flow.sample import sample
from vireo.training.forward_process import negative_aware_loss, optimality, update_old_policy


def test_optimality_is_relative_to_the_group():
    rewards = torch.tensor([[0.0, 2.0, 4.0, 6.0], [9.0, 9.0, 9.0, 9.0], [3.0, 3.0, 3.0, 3.1]])
    spread = rewards.std(correction=0).item()
    found = optimality(rewards, spread).numpy()
    np.testing.assert_allclose(found[0], 0.5 + 0.5 * np.clip(np.array([-3, -1, 1, 3]) / spread, -1, 1), atol=1e-4)
    assert found[1].tolist() == [0.5] * 4
    assert np.abs(found[2] - 0.5).max() < 0.02  # a group that hardly differs
    np.testing.assert_allclose(optimality(rewards, 5 * spread)[0, 3].item(), 0.5 + 0.5 * 3 / (5 * spread), atol=1e-4)
    assert optimality(torch.ones(2, 3), 0.0).tolist() == [[0.5] * 3] * 2


def judged_by_spread(rewards):
    return optimality(rewards, rewards.std(correction=0).item()).flatten()


def _case():
    generator = torch.Generator().manual_seed(0)
    draw = [torch.randn(6, 2, 3, generator=generator, dtype=torch.float64) for _ in range(3)]
    return *draw, torch.rand(6, generator=generator, dtype=torch.float64), torch.rand(6, generator=generator)


def test_the_loss_is_the_papers_in_terms_of_clean_samples():
    v, old, x0, t, r = _case()
    noise, beta = torch.randn(x0.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64), 0.7
    expected = []
    for row in range(6):
        z = (1 - t[row]) * x0[row] + t[row] * noise[row]
        clean = [z - t[row] * w[row] for w in ((1 - beta) * old + beta * v, (1 + beta) * old - beta * v)]
        near, far = ((x - x0[row]).square().mean() / (x - x0[row]).abs().mean() for x in clean)
        expected.append(r[row] * near + (1 - r[row]) * far)
    found = negative_aware_loss(v, old, velocity(x0, noise), t, r, beta)
    assert found.item() == pytest.approx(torch.stack(expected).mean().item(), rel=1e-5)


def test_it_moves_from_the_old_velocity_towards_good_and_away_from_bad_samples():
    """At v = old_v both weights are one number, held constant, and the gradient is that of the closed form."""
    _, old, target, t, r = _case()
    v = old.clone().requires_grad_()
    negative_aware_loss(v, old, target, t, r, 0.7).backward()
    error = (target - old).flatten(1)
    scale = (t / error.abs().mean(1))[:, None] * 2 * 0.7 / error.numel()
    expected = -scale * (2 * r - 1)[:, None] * error
    torch.testing.assert_close(v.grad.flatten(1), expected, atol=1e-7, rtol=1e-5)


def test_no_gradient_reaches_the_old_policy_nor_undecided_samples():
    v, old, target, t, r = _case()
    old.requires_grad_()
    negative_aware_loss(v.requires_grad_(), old, target, t, r, 0.7).backward()
    assert old.grad is None
    v.grad = None
    at = old.detach().clone().requires_grad_()
    negative_aware_loss(at, old, target, t, torch.full((6,), 0.5), 0.7).backward()
    assert at.grad.abs().max() < 1e-8


def test_the_old_policy_follows_ever_more_slowly():
    new = [torch.tensor([2.0]), torch.tensor([[4.0, 8.0]])]
    for iteration, share in ((0, 1.0), (100, 0.9), (500, 0.5), (9000, 0.5)):
        old = [torch.tensor([0.0], requires_grad=True), torch.zeros(1, 2)]
        update_old_policy(old, new, iteration)
        assert old[0].item() == pytest.approx(2 * share)
        assert old[1].tolist()[0] == pytest.approx([4 * share, 8 * share])


def gradient(start, steps, times, *, new_noise):
    """Norm of the first gradient: samples of `steps`, noised anew at random ones of `times`."""
    generator, field = torch.Generator().manual_seed(0), Field(start)
    noise = torch.randn(256, 2, generator=generator)
    with torch.no_grad():
        x0 = sample(field, noise, sampling_times(steps, 1.0))
    t = times[torch.randint(len(times), (256,), generator=generator)]
    eps = torch.randn(256, 2, generator=generator) if new_noise else noise
    v = field(interpolate(x0, eps, t), t)
    judged = judged_by_spread(reward(x0).view(16, 16))
    negative_aware_loss(v, v.detach(), velocity(x0, eps), t, judged, 1.0).backward()
    return field.out.weight.grad.norm().item()


def test_with_the_noise_kept_samples_of_one_step_teach_nothing():
    """It is said that one step teaches nothing and four do. What matters is the noise, and straight paths: from new
    noise one step teaches, and along straight paths four steps with the noise kept do not, either."""
    start, anywhere = torch.ones(1), torch.linspace(0.1, 1, 10)
    assert gradient(mean_velocity, 1, start, new_noise=False) < 1e-4  # any sampler of one step, at its time
    assert gradient(straight_velocity, 1, anywhere, new_noise=False) < 1e-4
    assert gradient(straight_velocity, 4, anywhere, new_noise=False) < 1e-4
    assert gradient(straight_velocity, 1, start, new_noise=True) > 0.05
    assert gradient(mean_velocity, 4, start, new_noise=False) > 0.05
    assert gradient(mean_velocity, 4, anywhere, new_noise=True) > 0.05


@pytest.mark.parametrize(("start", "steps"), [(mean_velocity, 4), (straight_velocity, 4), (straight_velocity, 1)])
def test_it_finds_the_goal(start, steps):
    field, old = Field(start), Field(start)
    optimizer, generator = torch.optim.Adam(field.parameters(), lr=1e-2), torch.Generator().manual_seed(1)
    times, rewards = sampling_times(steps, 1.0), []
    for iteration in range(30):
        with torch.no_grad():
            x0 = sample(old, torch.randn(128, 2, generator=generator), times)
        rewards.append(reward(x0).mean().item())
        judged = judged_by_spread(reward(x0).view(8, 16))
        for _ in range(2):
            noise, t = torch.randn(128, 2, generator=generator), torch.rand(128, generator=generator)
            z = interpolate(x0, noise, t)
            loss = negative_aware_loss(field(z, t), old(z, t), velocity(x0, noise), t, judged, 1.0)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        update_old_policy(old.parameters(), field.parameters(), iteration)
    assert rewards[0] < -0.9
    assert np.mean(rewards[-5:]) > -0.2
