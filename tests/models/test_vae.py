"""The block-transform autoencoder against linear algebra."""

import numpy as np
import pytest
import torch

from vireo.models.latents import decode_latents, encode_latents, strides
from vireo.models.vae import BlockTransformVAE
from vireo.pairs.latent_cache import pool_mask
from vireo.training.stages.vae import principal_blocks


def small(channels=8):
    torch.manual_seed(0)
    return BlockTransformVAE(latent_channels=channels, width=16, encoder_blocks=1, decoder_blocks=1, refine_blocks=1)


def clips(count=4):
    coarse = torch.rand(count, 3, 9, 4, 4, generator=torch.Generator().manual_seed(1)) * 2 - 1
    return torch.nn.functional.interpolate(coarse, (9, 32, 32), mode="trilinear")


@torch.no_grad()
def test_starts_as_the_best_linear_codec():
    vae, x = small(), clips()
    vae.initialize_linear(*principal_blocks(vae, x))
    blocks = vae.blocks(x).permute(0, 2, 3, 4, 1).reshape(-1, 768).double()
    centred = blocks - blocks.mean(0)
    left, values, right = torch.linalg.svd(centred, full_matrices=False)
    best = (left[:, :8] * values[:8]) @ right[:8] + blocks.mean(0)
    restored = vae.blocks(vae.decode(vae.encode(x).latent_dist.mode()).sample)
    # The first frame is averaged over its block on the way out, which a copy of itself does not change.
    got = restored[:, :, 1:].permute(0, 2, 3, 4, 1).reshape(-1, 768).double()
    expected = best.reshape(4, 3, -1, 768)[:, 1:].reshape(-1, 768)
    torch.testing.assert_close(got, expected, atol=2e-4, rtol=0)


def test_zero_started_branches_learn():
    vae, x = small(), clips(1)
    vae(x, torch.Generator().manual_seed(0)).square().mean().backward()
    assert vae.decoder.leave.weight.grad.abs().sum() > 0
    assert vae.encoder.leave.weight.grad.abs().sum() > 0


@torch.no_grad()
@pytest.mark.parametrize("frames", [1, 5, 9])
def test_latents_round_trip_through_normalisation(frames):
    vae, x = small(), clips()[:, :, :frames]
    codes = vae.encode(x).latent_dist.mode()
    flat = codes.transpose(0, 1).flatten(1)
    vae.set_statistics(flat.mean(1), flat.std(1), whitening=0.5)
    latents = encode_latents(vae, x)
    assert latents.shape == (4, 8, (frames - 1) // 4 + 1, 4, 4)
    assert latents.transpose(0, 1).flatten(1).var(1).mean().item() == pytest.approx(1, rel=1e-3)
    torch.testing.assert_close(decode_latents(vae, latents), vae.decode(codes).sample, atol=1e-4, rtol=1e-4)


@torch.no_grad()
def test_posterior_noise_has_the_stated_deviation():
    vae, x = small(), clips()
    posterior = vae.encode(x).latent_dist
    noise = posterior.sample(torch.Generator().manual_seed(0)) - posterior.mode()
    assert noise.std().item() == pytest.approx(vae.posterior_std, rel=0.05)


def test_saved_statistics_come_back(tmp_path):
    vae = small()
    vae.set_statistics(torch.arange(8.0), torch.arange(1.0, 9.0), whitening=0.5)
    vae.save_pretrained(tmp_path)
    again = BlockTransformVAE.from_pretrained(tmp_path)
    assert again.config.latents_mean == list(range(8))
    x = clips(1)
    with torch.no_grad():
        assert torch.equal(encode_latents(vae.eval(), x), encode_latents(again, x))


def test_mask_pooling_is_any_over_blocks_with_the_first_frame_alone():
    mask = np.zeros((9, 16, 16), bool)
    mask[0, 3, 3] = mask[4, 9, 2] = mask[5, 0, 15] = True
    pooled = pool_mask(mask, 4, 8)
    expected = np.zeros((3, 2, 2), bool)
    expected[0, 0, 0] = expected[1, 1, 0] = expected[2, 0, 1] = True
    assert np.array_equal(pooled, expected)
    assert strides(small()) == (4, 8)
