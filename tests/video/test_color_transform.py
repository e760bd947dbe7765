"""Edits made at a small size on frames of a large one, and at the model's own."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from torch import from_numpy
from torch.nn.functional import interpolate

from vireo.video.color_transform import color_change, color_transform


def photograph(rng, height, width):
    """A picture with structure at all scales, uint8."""
    picture = sum(
        gaussian_filter(rng.normal(size=(height, width, 3)), (s, s, 0)) * s * weight
        for s, weight in ((1, 12), (4, 40), (30, 90))
    )
    return np.clip(np.rint(128 + picture), 0, 255).astype(np.uint8)


def psnr(a, b):
    return -10 * np.log10(np.mean((a - b) ** 2))


def shrunk(frame, size=(96, 96)):
    """Float (h, w, C) in 0..1 of a frame of any kind."""
    values = frame / 255 if frame.dtype == np.uint8 else frame
    planes = from_numpy(values.astype(np.float32)).permute(2, 0, 1)[None]
    return interpolate(planes, size, mode="bicubic", antialias=True)[0].clamp(0, 1).permute(1, 2, 0).numpy()


def carried(full, guide, edited, alpha):
    """The edited full-size frame, float in 0..1."""
    maps = color_transform(guide[None], edited[None], alpha[None])[0]
    return (full + color_change(full, maps)) / 255


@pytest.mark.parametrize("edit", ["black and white", "night", "sepia", "nothing"])
def test_light_and_style_keep_the_detail_of_the_source(edit):
    """Against the edit made at full size: far closer than the model's small result enlarged."""
    full = photograph(np.random.default_rng(0), 270, 480)
    mix = {
        "black and white": np.full((3, 3), 1 / 3),
        "night": np.diag([0.3, 0.32, 0.45]),
        "sepia": np.outer([1, 0.85, 0.6], [0.3, 0.6, 0.1]),
        "nothing": np.eye(3),
    }[edit]
    truth = full / 255 @ mix.T
    guide = shrunk(full)
    everywhere = np.ones((96, 96), np.float32)
    made = carried(full, guide, guide @ mix.T, everywhere)
    enlarged = shrunk(guide @ mix.T, (270, 480))
    assert psnr(made, truth) > 35
    assert psnr(made, truth) > psnr(enlarged, truth) + 8


def test_new_content_replaces_the_old():
    """A textured disc is removed from a smooth wall: nothing of its texture may stay."""
    rng = np.random.default_rng(1)
    y, x = np.mgrid[:288, :480]
    wall = np.stack([100 + x / 8, 120 + y / 8, np.full(x.shape, 90.0)], -1)
    inside = np.hypot(y - 144, x - 240) < 60
    full = np.where(inside[..., None], 255 * (photograph(rng, 288, 480) > 128), wall).astype(np.uint8)
    guide, edited = (shrunk(video) for video in (full, wall.astype(np.uint8)))
    region = (shrunk(inside[..., None].astype(np.float32))[..., 0] > 0).astype(float)
    made = carried(full, guide, edited, region)
    left = np.abs(made - wall / 255)[inside].mean() / np.abs(full / 255 - wall / 255)[inside].mean()
    assert left < 0.1


def test_outside_the_region_the_source_stays():
    full = photograph(np.random.default_rng(2), 120, 200)
    guide = shrunk(full)
    region = np.zeros((96, 96))
    region[40:50, 40:50] = 1
    made = carried(full, guide, 1 - guide, region)
    assert (made[:40] == full[:40] / np.float32(255)).all()
    assert (carried(full, guide, 1 - guide, np.zeros((96, 96))) == full / np.float32(255)).all()


FULL = np.random.default_rng(3).integers(0, 256, (96, 96, 3), dtype=np.uint8)
BLURRED = gaussian_filter(FULL / 255, (1, 1, 0)).astype(np.float32)


@pytest.mark.parametrize("change", [18, 70])
def test_at_the_models_size_a_result_that_shows_the_same_is_given_back_its_detail(change):
    """What the autoencoder lost comes back under a change of light."""
    made = carried(FULL, BLURRED, BLURRED + np.float32(change / 255), np.ones((96, 96), np.float32))
    assert np.abs(made - (FULL / 255 + change / 255)).max() < 0.005


def test_where_nothing_is_left_of_the_source_the_result_stays_as_it_is():
    edited = np.full(FULL.shape, 0.5, np.float32)
    made = carried(FULL, BLURRED, edited, np.ones((96, 96), np.float32))
    assert np.abs(made - edited).mean() < 0.01


def test_a_share_of_the_edit_is_that_share_of_the_change():
    half, whole = (carried(FULL, BLURRED, 1 - BLURRED, np.full((96, 96), a, np.float32)) for a in (0.5, 1.0))
    np.testing.assert_allclose(half, (FULL / 255 + whole) / 2, atol=1e-3)


@pytest.mark.parametrize("size", [(77, 131), (200, 700)])
def test_maps_are_enlarged_as_torch_does_bilinearly(size):
    """At one tile and at several."""
    rng = np.random.default_rng(4)
    maps = rng.normal(0, 0.1, (12, 20, 30)).astype(np.float32)
    source = rng.integers(0, 256, (*size, 3), dtype=np.uint8)
    large = interpolate(from_numpy(maps)[None], size, mode="bilinear", align_corners=False)[0].numpy()
    wanted = np.einsum("cohw,hwo->hwc", large[:9].reshape(3, 3, *size), source) + 255 * large[9:].transpose(1, 2, 0)
    np.testing.assert_allclose(color_change(source, maps), wanted, atol=2e-3)
