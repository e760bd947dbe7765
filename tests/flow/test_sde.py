"""Stochastic steps against float64 derivations, exact velocities of Gaussian data, and `sample`."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.stats import norm

from vireo.flow.path import sampling_times
from vireo.flow.sample import sample
from vireo.flow.sde import CPS, FlowSDE, Gaussian, StochasticSampling, gaussian_kl, sample_trajectory, stochastic_step

PROCESSES = (FlowSDE(0.7), CPS(0.6))


def randn(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def generators(count, first=100):
    return [torch.Generator().manual_seed(first + index) for index in range(count)]


def wavy(z, t):
    return torch.sin(2 * z) + t.reshape(-1, *[1] * (z.ndim - 1)).to(z.dtype)


def derived(process, z, v, t, after):
    """(mean, std) in float64, each process written as its paper does, in other words than the code's.

    Flow-SDE: dx = (v - sigma^2 / 2 score) dt + sigma dw, with the score that follows from the expected noise.
    """
    z, v = z.double().numpy(), v.double().numpy()
    noise = z + (1 - t) * v
    if isinstance(process, FlowSDE):
        variance = process.eta**2 * t / (1 - (after if t == 1 else t))
        score = -noise / t
        return z - (t - after) * (v - variance / 2 * score), np.sqrt(variance * (t - after))
    added = after * np.sin(process.eta * np.pi / 2)
    return (1 - after) * (noise - v) + np.sqrt(after**2 - added**2) * noise, added


@pytest.mark.parametrize("process", PROCESSES)
@pytest.mark.parametrize("storage", [torch.float32, torch.bfloat16])
def test_mean_deviation_and_log_probability_are_those_derived_in_float64(process, storage):
    times = torch.tensor([1.0, 0.7, 0.05]), torch.tensor([0.8, 0.4, 0.01])
    z, v, noise = randn(3, 2, 5).to(storage), randn(3, 2, 5, seed=1), randn(3, 2, 5, seed=2)
    step = stochastic_step(process, z, v, times, noise=noise)
    assert step.z.dtype == storage
    for row, (t, after) in enumerate(zip(*(x.tolist() for x in times), strict=True)):
        mean, std = derived(process, z[row], v[row], t, after)
        np.testing.assert_allclose(step.gaussian.mean[row].numpy(), mean, atol=1e-5)
        assert step.gaussian.std[row].item() == pytest.approx(std, rel=1e-5)
        reached = mean + std * noise[row].double().numpy()
        np.testing.assert_allclose(step.z[row].double().numpy(), reached, atol=1e-5, rtol=2**-8)
        log_prob = norm.logpdf(step.z[row].double().numpy(), mean, std).mean()
        assert step.log_prob[row].item() == pytest.approx(log_prob, abs=2e-5, rel=2e-5)
        if storage == torch.bfloat16 and row == 2:  # that of the state as stored, not as drawn
            assert abs(norm.logpdf(reached, mean, std).mean() - log_prob) > 2e-4


@pytest.mark.parametrize("process", PROCESSES)
@pytest.mark.parametrize("storage", [torch.float32, torch.bfloat16])
def test_a_stored_trajectory_scores_bit_for_bit_what_it_scored_when_made(process, storage):
    def velocity(z, t):  # as networks' outputs, in another layout than the state
        mixed = torch.nn.functional.linear(z.movedim(1, -1), weight)
        return mixed.movedim(-1, 1) + t.reshape(-1, 1, 1, 1).to(z.dtype)

    weight = (0.5 * randn(6, 6, seed=3)).to(storage)
    times, noise = sampling_times(5, 3.0), randn(4, 6, 3, 7).to(storage)
    made = sample_trajectory(velocity, noise, times, StochasticSampling(process), generators(4))
    assert made.states.dtype == storage
    for index, (now, after) in enumerate(pairwise(times)):
        t, z = now.expand(4), made.states[index]
        step = stochastic_step(process, z, velocity(z, t), (t, after.expand(4)), reached=made.states[index + 1])
        assert torch.equal((step.log_prob - made.log_probs[:, index]).exp(), torch.ones(4))
        assert torch.equal(step.log_prob, made.log_probs[:, index])
        assert torch.equal(step.z, made.states[index + 1])


@pytest.mark.parametrize("process", PROCESSES)
def test_scores_do_not_depend_on_the_layout_in_memory(process):
    times = torch.full((4,), 0.8), torch.full((4,), 0.5)
    tensors = [randn(6, 30, 7, 4, seed=seed).movedim(-1, 0) for seed in range(3)]
    made, again = (
        stochastic_step(process, z, v, times, noise=noise)
        for z, v, noise in (tensors, [x.contiguous() for x in tensors])
    )
    assert torch.equal(made.log_prob, again.log_prob)


def test_steps_without_noise_stay_out_of_the_ratio():
    times, noise = sampling_times(4, 1.0), randn(3, 2, 2)
    made = sample_trajectory(wavy, noise, times, StochasticSampling(CPS(0.6)), generators(3))
    assert made.mask.tolist() == [[True, True, True, False]] * 3
    assert (made.log_probs[:, :3] != 0).all()
    assert not made.log_probs[:, 3].any()
    assert torch.equal(made.states[4], made.states[3] - times[3] * wavy(made.states[3], times[3].expand(3)))
    assert sample_trajectory(wavy, noise, times, StochasticSampling(FlowSDE(0.6)), generators(3)).mask.all()

    v, one, none = torch.ones(3, 2, 2, requires_grad=True), torch.full((3,), 0.25), torch.zeros(3)
    last = stochastic_step(CPS(0.6), noise, v, (one, none), reached=made.states[4])
    last.log_prob.sum().backward()
    assert not v.grad.any()


@pytest.mark.parametrize("steps", [1, 2, 10, 1000])
def test_the_singular_first_step_is_finite(steps):
    """sigma_1 = eta / sqrt(1 - t'), so the step's deviation is eta, whatever its length."""
    made = sample_trajectory(
        lambda z, t: z,
        randn(1, 50_000),
        sampling_times(steps, 1.0)[:2],
        StochasticSampling(FlowSDE(0.7)),
        generators(1),
    )
    assert made.log_probs.isfinite().all()
    expected = (1 - (1 + 0.7**2 / 2 * steps) / steps) ** 2 + 0.7**2
    assert made.states[1].var().item() == pytest.approx(expected, rel=0.03)


@pytest.mark.parametrize("process", [CPS(0), FlowSDE(0)])
def test_without_noise_it_is_the_flow(process):
    times, noise = sampling_times(8, 3.0), randn(3, 2, 4)
    made = sample_trajectory(wavy, noise, times, StochasticSampling(process), generators(3))
    torch.testing.assert_close(made.states[-1], sample(wavy, noise, times), atol=1e-6, rtol=0)
    assert not made.mask.any()


@pytest.mark.parametrize("storage", [torch.float32, torch.bfloat16])
def test_steps_outside_of_the_window_are_those_of_sample(storage):
    times, noise = sampling_times(6, 3.0), randn(3, 2, 4).to(storage)
    assert torch.equal(
        sample_trajectory(wavy, noise, times, StochasticSampling(CPS(0.6), ()), generators(3)).states[-1],
        sample(wavy, noise, times),
    )
    made = sample_trajectory(wavy, noise, times, StochasticSampling(CPS(0.6), range(2, 4)), generators(3))
    assert made.mask.tolist() == [[False, False, True, True, False, False]] * 3
    assert torch.equal(made.states[2], sample(wavy, noise, times[:3]))
    assert not torch.equal(made.states[3], sample(wavy, noise, times[:4]))
    assert torch.equal(made.states[-1], sample(wavy, made.states[4], times[4:]))


@pytest.mark.parametrize("process", PROCESSES)
def test_a_samples_noise_does_not_depend_on_its_batch(process):
    times, noise, seeds = sampling_times(4, 1.0), randn(5, 2, 3), (3, 1, 4, 15, 9)
    whole, part = (
        sample_trajectory(
            wavy, noise[rows], times, StochasticSampling(process), [generators(1, seeds[row])[0] for row in rows]
        )
        for rows in ([0, 1, 2, 3, 4], [4, 2])
    )
    assert torch.equal(part.states, whole.states[:, [4, 2]])
    assert torch.equal(part.log_probs, whole.log_probs[[4, 2]])


def test_a_group_is_one_until_it_branches():
    rows = []

    def velocity(z, t):
        rows.append(len(z))
        return wavy(z, t)

    times = sampling_times(5, 1.0)
    for shared in (0, 2, 5):
        rows.clear()
        sampling = StochasticSampling(CPS(0.6), range(1, 5), group=3, shared=shared)
        made = sample_trajectory(velocity, randn(2, 4), times, sampling, generators(6))
        assert rows == [2] * shared + [6] * (5 - shared)
        assert made.mask.tolist() == [[shared <= index in (1, 2, 3) for index in range(5)]] * 6
        assert not made.log_probs[~made.mask].any()
        groups = made.states.unflatten(1, (2, 3))
        apart = (groups[:, :, [0]] != groups[:, :, 1:]).flatten(1).any(1)
        assert apart.tolist() == [index > max(shared, 1) for index in range(6)]
        assert (groups[:, 0] != groups[:, 1]).flatten(1).any(1).all()


def variances(process, steps, deviation):
    """(time, variance / that of the flow's marginal) after each step, with the exact velocity of Gaussian data.

    It is linear in z, so that variances follow without drawing anything.
    """
    times, variance, one = sampling_times(steps, 1.0), 1.0, torch.ones(1, 1)
    for now, after in pairwise(times):
        t, marginal = now.item(), ((1 - after) ** 2 * deviation**2 + after**2).item()
        v = (t - (1 - t) * deviation**2) / ((1 - t) ** 2 * deviation**2 + t**2) * one
        gaussian = process.next_state(one, v, now[None], after[None])
        variance = gaussian.mean.item() ** 2 * variance + gaussian.std.item() ** 2
        yield after.item(), variance / marginal


@pytest.mark.parametrize("eta", [0.7, 1.0])
def test_flow_sde_keeps_the_marginals_as_steps_grow(eta):
    def worst(steps):
        return max(abs(ratio - 1) for t, ratio in variances(FlowSDE(eta), steps, 0.5) if t <= 0.7)

    assert worst(10) > 0.05
    assert worst(40) < worst(10) / 1.5
    assert worst(640) < 0.02


def test_cps_loses_variance_of_data_where_velocities_are_means():
    """The figures of its docstring; Flow-SDE has the data's variance in the end."""
    for process, ratio in ((CPS(0.3), 0.94), (CPS(0.7), 0.72), (FlowSDE(0.7), 1.0)):
        *_, (t, found) = variances(process, 1000, 0.5)
        assert t == 0
        assert found == pytest.approx(ratio, abs=0.005)


@pytest.mark.parametrize("eta", [0.0, 0.3, 0.7, 1.0])
def test_with_each_states_own_clean_sample_cps_keeps_the_variance_exactly(eta):
    x0 = 0.5 * randn(1, 200_000, seed=1)

    def velocity(z, t):
        return (z - x0) / t

    times, noise = sampling_times(4, 1.0), randn(1, 200_000, seed=2)
    made = sample_trajectory(velocity, noise, times, StochasticSampling(CPS(eta)), generators(1))
    expected = [(1 - s) ** 2 * 0.25 + s**2 for s in times.tolist()]
    assert made.states.var(dim=(1, 2)).tolist() == pytest.approx(expected, rel=0.015)
    torch.testing.assert_close(made.states[-1], x0, atol=1e-5, rtol=0)
    if eta >= 0.7:  # Flow-SDE does not, with steps of this length
        made = sample_trajectory(velocity, noise, times, StochasticSampling(FlowSDE(eta)), generators(1))
        found = made.states.var(dim=(1, 2)).tolist()
        assert all(a > 1.05 * b for a, b in list(zip(found, expected, strict=True))[1:])


def test_divergence_is_the_closed_form_and_what_log_probabilities_differ_by_in_the_mean():
    process, times = CPS(0.6), (torch.tensor([0.8, 0.8]), torch.tensor([0.5, 0.5]))
    z, v, other = randn(2, 100_000), randn(2, 100_000, seed=1), randn(2, 100_000, seed=2)
    other = v + torch.tensor([[0.1], [0.8]]) * other
    step = stochastic_step(process, z, v, times, noise=randn(2, 100_000, seed=3))
    reference = stochastic_step(process, z, other, times, reached=step.z)
    found = gaussian_kl(step.gaussian, reference.gaussian)
    assert found.tolist() == pytest.approx((step.log_prob - reference.log_prob).tolist(), rel=0.03, abs=1e-3)
    for row in range(2):
        (mean, std), (mean_b, _) = (derived(process, z[row], x[row], 0.8, 0.5) for x in (v, other))
        assert found[row].item() == pytest.approx(((mean - mean_b) ** 2).mean() / (2 * std**2), rel=1e-4)
    assert not gaussian_kl(step.gaussian, step.gaussian).any()

    mean = torch.ones(2, 3, requires_grad=True)
    gaussian_kl(Gaussian(mean, torch.tensor([0.0, 1.0])), Gaussian(torch.zeros(2, 3), torch.zeros(2))).sum().backward()
    assert mean.grad.tolist() == [[0.0] * 3, pytest.approx([1 / 3] * 3)]


def test_log_probabilities_learn_through_the_mean_alone():
    v = randn(2, 3, seed=1).requires_grad_()
    times = torch.tensor([0.8, 0.8]), torch.tensor([0.5, 0.5])
    step = stochastic_step(FlowSDE(0.7), randn(2, 3), v, times, noise=randn(2, 3, seed=2))
    assert not step.z.requires_grad
    (grad,) = torch.autograd.grad(step.log_prob.sum(), v)
    # d mean / d v = (1 + sigma^2 (1 - t) / 2 t) (t' - t), and (z' - mean) / std is the noise
    slope = -0.3 * (1 + 0.49 / 2)
    std = 0.7 * math.sqrt(4 * 0.3)
    torch.testing.assert_close(grad, randn(2, 3, seed=2) / std * slope / 3)


def test_what_does_not_fit_is_told():
    times, noise = sampling_times(4, 1.0), randn(2, 3)
    for sampling, count in (
        (StochasticSampling(CPS(0.5), (4,)), 2),
        (StochasticSampling(CPS(0.5), (-1,)), 2),
        (StochasticSampling(CPS(0.5), shared=5), 2),
        (StochasticSampling(CPS(0.5), group=2), 2),
    ):
        with pytest.raises(ValueError, match=r"steps|generators"):
            sample_trajectory(wavy, noise, times, sampling, generators(count))
    for process, eta in ((CPS, 1.1), (CPS, -0.1), (FlowSDE, -0.1)):
        with pytest.raises(ValueError, match="eta"):
            process(eta)
    t = torch.ones(2)
    for given in ({}, {"noise": noise, "reached": noise}):
        with pytest.raises(ValueError, match="both"):
            stochastic_step(CPS(0.5), noise, noise, (t, t / 2), **given)
