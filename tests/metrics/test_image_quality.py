"""PSNR and SSIM against arithmetic and against torchmetrics."""

import numpy as np
import pytest
import torch
from torchmetrics.functional.image import structural_similarity_index_measure

from vireo.metrics.image_quality import masked_psnr, psnr, ssim


def test_psnr_by_hand():
    zeros = np.zeros((1, 2, 2, 3), np.uint8)
    video = zeros.copy()
    video[0, 0, 0, 0] = 255  # one of twelve values is wrong by the whole range
    assert psnr(video, zeros) == pytest.approx(10 * np.log10(12))
    assert psnr(zeros, video) == pytest.approx(10 * np.log10(12))
    assert psnr(zeros, zeros) == 100


def test_psnr_of_a_part():
    zeros = np.zeros((1, 2, 2, 3), np.uint8)
    video = zeros.copy()
    video[0, 0, 0, 0] = 255
    where = np.zeros((1, 2, 2), bool)
    assert masked_psnr(video, zeros, where) is None
    where[0, 0, 0] = True
    assert masked_psnr(video, zeros, where) == pytest.approx(10 * np.log10(3))
    assert masked_psnr(video, zeros, ~where) == 100


@pytest.mark.parametrize("noise", [2, 20, 80])
def test_ssim_agrees_with_torchmetrics(noise):
    random = np.random.default_rng(noise)
    rows, columns = np.mgrid[:40, :52]
    base = 128 + 80 * np.sin(rows / 5)[..., None] * np.cos(columns / 7)[..., None] * [1, 0.5, -1]
    reference = np.stack([base, base[::-1]]).clip(0, 255).astype(np.uint8)
    video = (reference + random.normal(0, noise, reference.shape)).clip(0, 255).astype(np.uint8)
    planes = [torch.from_numpy(v).permute(0, 3, 1, 2).double() for v in (video, reference)]
    expected = structural_similarity_index_measure(*planes, data_range=255.0)
    assert ssim(video, reference) == pytest.approx(float(expected), abs=1e-4)


def test_ssim_of_itself_is_one():
    video = np.random.default_rng(0).integers(0, 256, (1, 16, 16, 3), dtype=np.uint8)
    assert ssim(video, video) == pytest.approx(1)
