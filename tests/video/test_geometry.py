import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from vireo.video.geometry import carry, model_size, resize


def photograph(rng, height, width):
    """A picture with structure at all scales, uint8."""
    picture = sum(
        gaussian_filter(rng.normal(size=(height, width, 3)), (s, s, 0)) * s * weight
        for s, weight in ((1, 12), (4, 40), (30, 90))
    )
    return np.clip(np.rint(128 + picture), 0, 255).astype(np.uint8)


def psnr(a, b):
    return -10 * np.log10(np.mean((a - b) ** 2))


def test_the_size_of_a_fixed_model_is_fixed():
    assert model_size(720, 1280, (96, 96), None) == (96, 96)


@pytest.mark.parametrize("size", [(720, 1280), (1080, 608), (480, 480), (100, 1000), (64, 48)])
def test_free_sizes_fit_budget_multiple_and_aspect(size):
    height, width = model_size(*size, (480, 832), 16)
    assert height % 16 == width % 16 == 0
    assert height * width <= min(480 * 832, size[0] * size[1])
    assert height * width >= 0.7 * min(480 * 832, size[0] * size[1])
    assert abs(np.log((width / height) / (size[1] / size[0]))) < 0.2


def test_resizing_keeps_means_and_does_not_alias():
    stripes = np.zeros((1, 64, 64, 3), np.uint8)
    stripes[:, :, ::2] = 255
    small = resize(stripes, (16, 16))
    assert small.dtype == np.float32
    assert np.abs(small - 0.5).max() < 0.1
    assert (resize(stripes, (64, 64)) == stripes / np.float32(255)).all()


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
    guide = resize(full[None], (96, 96))[0]
    everywhere = np.ones((96, 96))
    carried = carry(full, guide, guide @ mix.T, everywhere)
    enlarged = resize((guide @ mix.T)[None], (270, 480))[0]
    assert psnr(carried, truth) > 35
    assert psnr(carried, truth) > psnr(enlarged, truth) + 8


def test_new_content_replaces_the_old():
    """A textured disc is removed from a smooth wall: nothing of its texture may stay."""
    rng = np.random.default_rng(1)
    y, x = np.mgrid[:288, :480]
    wall = np.stack([100 + x / 8, 120 + y / 8, np.full(x.shape, 90.0)], -1)
    inside = np.hypot(y - 144, x - 240) < 60
    full = np.where(inside[..., None], 255 * (photograph(rng, 288, 480) > 128), wall).astype(np.uint8)
    guide, edited = (resize(video[None], (96, 96))[0] for video in (full, wall.astype(np.uint8)))
    region = (resize(inside[None, :, :, None].astype(np.float32), (96, 96))[0, ..., 0] > 0).astype(float)
    carried = carry(full, guide, edited, region)
    left = np.abs(carried - wall / 255)[inside].mean() / np.abs(full / 255 - wall / 255)[inside].mean()
    assert left < 0.1


def test_outside_the_region_the_source_stays():
    full = photograph(np.random.default_rng(2), 120, 200)
    guide = resize(full[None], (96, 96))[0]
    region = np.zeros((96, 96))
    region[40:50, 40:50] = 1
    carried = carry(full, guide, 1 - guide, region)
    assert np.abs(carried[:40] - full[:40] / 255).max() < 1e-6
    assert (carry(full, guide, 1 - guide, np.zeros((96, 96))) == full / np.float32(255)).all()
