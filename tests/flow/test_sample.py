"""Sampling against closed forms, diffusers' scheduler, and the order of Euler's method."""

import numpy as np
import pytest
import torch
from diffusers import FlowMatchEulerDiscreteScheduler

from vireo.flow.path import sampling_times
from vireo.flow.sample import guided, sample

GENERATOR = torch.Generator().manual_seed(0)
X0, NOISE = torch.randn(2, 3, 4, generator=GENERATOR), torch.randn(2, 3, 4, generator=GENERATOR)


@pytest.mark.parametrize(("steps", "shift"), [(1, 1.0), (4, 3.0), (50, 12.0)])
def test_along_a_straight_path_any_number_of_steps_is_exact(steps, shift):
    found = sample(lambda z, t: NOISE - X0, NOISE, sampling_times(steps, shift))
    torch.testing.assert_close(found, X0, atol=1e-5, rtol=0)


def test_the_states_are_those_of_diffusers():
    def velocity(z, t):
        return torch.sin(z) + t.reshape(-1, 1, 1)

    scheduler, z = FlowMatchEulerDiscreteScheduler(shift=3.0), NOISE
    scheduler.set_timesteps(sigmas=np.linspace(1, 0, 8)[:-1])
    for timestep, sigma in zip(scheduler.timesteps, scheduler.sigmas, strict=False):
        z = scheduler.step(velocity(z, sigma.expand(2)), timestep, z, return_dict=False)[0]
    torch.testing.assert_close(sample(velocity, NOISE, sampling_times(7, 3.0)), z, atol=1e-5, rtol=0)


def test_the_error_falls_with_the_size_of_the_steps():
    """dz/dt = z from t = 1 to 0: z(0) = z(1) / e; halving the steps halves the error."""
    errors = [
        (sample(lambda z, t: z, NOISE, sampling_times(steps, 1.0)) - NOISE / np.e).abs().max().item()
        for steps in (32, 64, 128)
    ]
    assert errors[0] / errors[1] == pytest.approx(2, rel=0.05)
    assert errors[1] / errors[2] == pytest.approx(2, rel=0.05)


def test_each_step_is_told_and_may_replace_the_state():
    seen = []

    def on_step(step):
        seen.append((step.index, step.time.item(), step.clean))
        return torch.zeros_like(step.z) if step.index == 2 else None

    found = sample(lambda z, t: NOISE - X0, NOISE, sampling_times(3, 1.0), on_step)
    assert not found.any()
    assert [index for index, _, _ in seen] == [0, 1, 2]
    assert [time for _, time, _ in seen] == pytest.approx([1, 2 / 3, 1 / 3])
    for _, _, clean in seen:
        torch.testing.assert_close(clean, X0, atol=1e-5, rtol=0)


def test_gradients_flow_through_all_steps():
    gain = torch.ones((), requires_grad=True)
    sample(lambda z, t: gain * z, NOISE, sampling_times(4, 1.0)).sum().backward()
    # z(0) = (1 - gain / 4)^4 z(1)
    assert gain.grad.item() == pytest.approx(-((3 / 4) ** 3) * NOISE.sum().item(), rel=1e-4)


def test_guidance_is_linear_in_its_scale():
    one, other = torch.randn(3, generator=GENERATOR), torch.randn(3, generator=GENERATOR)
    assert torch.equal(guided(one, other, 0.0), other)
    torch.testing.assert_close(guided(one, other, 1.0), one)
    torch.testing.assert_close(guided(one, other, 3.0), other + 3 * (one - other))
