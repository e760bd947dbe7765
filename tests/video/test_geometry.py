import numpy as np
import pytest
import torch

from vireo.video.geometry import model_size, resize


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
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2] = 255
    small = resize(stripes, (16, 16))
    assert small.dtype == np.uint8
    assert np.abs(small - 127.5).max() < 25
    assert (resize(stripes, (64, 64)) == stripes).all()


def test_resizing_bytes_is_resizing_floats_up_to_rounding():
    frame = np.random.default_rng(0).integers(0, 256, (150, 211, 3), dtype=np.uint8)
    planes = torch.from_numpy(frame).permute(2, 0, 1)[None].float()
    floats = torch.nn.functional.interpolate(planes, (64, 96), mode="bicubic", align_corners=False, antialias=True)
    wanted = floats[0].clamp(0, 255).permute(1, 2, 0).numpy()
    assert np.abs(resize(frame, (64, 96)) - wanted).max() <= 1.5
