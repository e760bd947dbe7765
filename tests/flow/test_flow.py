"""Flow identities with known answers (numbers_and_readings.md, 2.7)."""

import numpy as np
import pytest
import torch
from diffusers import FlowMatchEulerDiscreteScheduler

from vireo.flow.loss import LOSS_FLOOR, masked_flow_loss, relative_mask_weight, velocities
from vireo.flow.path import (
    clean_from_velocity,
    interpolate,
    sampling_times,
    shift_time,
    training_times,
    velocity,
    velocity_from_output,
)


@pytest.fixture
def path():
    generator = torch.Generator().manual_seed(0)
    x0, noise = (torch.randn(5, 3, 2, 4, 4, generator=generator, dtype=torch.float64) for _ in range(2))
    t = torch.tensor([0.0, 0.1, 0.5, 0.9, 1.0], dtype=torch.float64)
    return x0, noise, t, interpolate(x0, noise, t)


def test_ends_of_the_path(path):
    x0, noise, _, z = path
    assert torch.equal(z[0], x0[0])
    assert torch.equal(z[-1], noise[-1])


def test_exact_velocity_gives_back_the_clean_sample(path):
    x0, noise, t, z = path
    torch.testing.assert_close(clean_from_velocity(z, t, velocity(x0, noise)), x0)


def test_velocity_is_the_slope_of_the_path(path):
    x0, noise, t, z = path
    slope = (interpolate(x0, noise, t + 1e-3) - z) / 1e-3
    torch.testing.assert_close(slope, velocity(x0, noise), atol=1e-9, rtol=1e-9)


def test_all_predictions_mean_the_same_velocity(path):
    x0, noise, t, z = path
    v, source = velocity(x0, noise), torch.linspace(-1, 1, x0.numel(), dtype=x0.dtype).reshape(x0.shape)
    assert torch.equal(velocity_from_output(v, z, t, "velocity"), v)
    from_sample = velocity_from_output(x0, z, t, "sample")
    torch.testing.assert_close(from_sample[1:], v[1:])
    gain = source.flip(1)
    both = torch.cat([x0 - gain * source, gain], 1)
    torch.testing.assert_close(velocity_from_output(both, z, t, "affine", source)[1:], v[1:])


def test_gains_of_one_copy_the_source_and_gains_of_zero_are_the_clean_sample(path):
    x0, _, t, z = path
    source, zero, one = torch.full_like(z, 0.7), torch.zeros_like(z), torch.ones_like(z)
    v = velocity_from_output(torch.cat([zero, one], 1), z, t, "affine", source)
    torch.testing.assert_close(clean_from_velocity(z, t, v)[1:], source[1:])
    v = velocity_from_output(torch.cat([x0, zero], 1), z, t, "affine", source)
    assert torch.equal(v, velocity_from_output(x0, z, t, "sample"))
    with pytest.raises(ValueError, match="source"):
        velocity_from_output(torch.cat([z, z], 1), z, t, "affine")


def test_the_loss_of_all_predictions_is_least_at_the_truth_and_alike_above_the_floor(path):
    x0, noise, t, z = path
    v, source = velocity(x0, noise), x0.flip(0)
    for truth, prediction in (
        (v, "velocity"),
        (x0, "sample"),
        (torch.cat([x0 - source, torch.ones_like(x0)], 1), "affine"),
    ):
        predicted, true = velocities(truth, x0, noise, z, t, prediction, source)
        torch.testing.assert_close(predicted, true)
    wrong = x0 + 0.3
    predicted, true = velocities(wrong, x0, noise, z, t, "sample")
    error = (predicted - true).square().flatten(1).mean(1)
    torch.testing.assert_close(error, (0.3 / t.clamp_min(LOSS_FLOOR)).square())
    same, _ = velocities(velocity_from_output(wrong, z, t, "sample"), x0, noise, z, t, "velocity")
    torch.testing.assert_close(same[2:], predicted[2:])
    both = torch.cat([wrong - source, torch.ones_like(x0)], 1)
    alike, _ = velocities(both, x0, noise, z, t, "affine", source)
    torch.testing.assert_close(alike, predicted)


@pytest.mark.parametrize("shift", [1.0, 3.0, 7.0])
def test_sampling_times_are_those_of_diffusers(shift):
    scheduler = FlowMatchEulerDiscreteScheduler(shift=shift)
    scheduler.set_timesteps(sigmas=np.linspace(1, 0, 13)[:-1])
    torch.testing.assert_close(sampling_times(12, shift), scheduler.sigmas, atol=1e-6, rtol=0)


def test_euler_with_the_exact_velocity_arrives_at_the_clean_sample(path):
    x0, noise, _, _ = path
    scheduler = FlowMatchEulerDiscreteScheduler(shift=3.0)
    scheduler.set_timesteps(sigmas=np.linspace(1, 0, 8)[:-1])
    z = noise
    for timestep in scheduler.timesteps:
        z = scheduler.step(velocity(x0, noise), timestep, z, return_dict=False)[0]
    torch.testing.assert_close(z, x0, atol=1e-5, rtol=0)


@pytest.mark.parametrize(("bound", "percent"), [(0.1, 3.571), (0.3, 12.5), (0.5, 25.0), (0.7, 43.75), (0.9, 75.0)])
def test_trigger_rates_of_revise_table_6(bound, percent):
    """P(t <= bound) with shift 3, of which the paper prints 3.5, 12.5, 25.0, 43.7 and 75.0 %."""
    assert bound / (3 - 2 * bound) * 100 == pytest.approx(percent, abs=0.001)
    times = training_times(200_000, [3.0], torch.Generator().manual_seed(1))
    assert (times <= bound).double().mean().item() * 100 == pytest.approx(percent, abs=0.4)


def test_shifts_are_mixed_evenly():
    times = training_times(200_000, [12.0, 3.0], torch.Generator().manual_seed(1))
    of_each = [0.5 / (s - (s - 1) * 0.5) for s in (12.0, 3.0)]
    assert (times <= 0.5).double().mean().item() == pytest.approx(sum(of_each) / 2, abs=0.003)


def test_shift_keeps_the_ends_and_grows():
    u = torch.linspace(0, 1, 11)
    shifted = shift_time(u, 3.0)
    assert shifted[0] == 0
    assert shifted[-1] == 1
    assert (shifted.diff() > 0).all()
    assert (shifted[1:-1] > u[1:-1]).all()


def test_masked_loss_against_hand_computed_values():
    v = torch.zeros(1, 1, 1, 1, 4)
    target = torch.tensor([1.0, 2.0, 3.0, 4.0]).reshape(1, 1, 1, 1, 4)
    mask = torch.tensor([0.0, 0.0, 1.0, 1.0]).reshape(1, 1, 1, 1, 4)
    assert masked_flow_loss(v, target, mask, 0.0).item() == pytest.approx(30 / 4)
    assert masked_flow_loss(v, target, None, 5.0).item() == pytest.approx(30 / 4)
    assert masked_flow_loss(v, target, mask, 2.0).item() == pytest.approx((1 + 4 + 3 * 9 + 3 * 16) / 4)
    ones = torch.ones_like(mask)
    assert masked_flow_loss(v, target, ones, 2.0).item() == pytest.approx(3 * 30 / 4)


def test_every_edit_counts_alike_whatever_its_size_and_strength():
    source = torch.zeros(3, 2, 1, 4, 5)
    mask = torch.zeros(3, 1, 1, 4, 5)
    x0 = source.clone()
    mask[0, ..., 0, :2], x0[0, :, :, 0, :2] = 1, 2.0  # small and strong
    mask[1], x0[1] = 1, 0.5  # large and faint; the third has nothing to change
    weight = relative_mask_weight(mask, source, x0, share=0.5, limit=30)
    assert weight.tolist() == pytest.approx([0.5 / 0.4, 0.5 / 0.25, 30])
    for k in range(2):
        plain = masked_flow_loss(source[[k]], x0[[k]], mask[[k]], 0.0)
        assert masked_flow_loss(source[[k]], x0[[k]], mask[[k]], weight[[k]]) - plain == pytest.approx(0.5)
