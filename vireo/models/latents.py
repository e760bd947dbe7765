"""Pixels to the transformer's latents and back, for every video autoencoder that an editor may hold."""

from __future__ import annotations

from typing import Any

import torch
from diffusers.models.autoencoders.autoencoder_kl_hunyuan_video import AutoencoderKLHunyuanVideo
from torch import Tensor

from vireo.models.vae import BlockTransformVAE

VideoAutoencoder = BlockTransformVAE | AutoencoderKLHunyuanVideo


def encode_latents(vae: VideoAutoencoder, x: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """(B, 3, 4k + 1, H, W) in -1..1 to latents (B, C, k + 1, h, w): the posterior's mode, or a draw of it."""
    encoded: Any = vae.encode(x)  # typed as a record or a tuple
    posterior = encoded.latent_dist
    codes = posterior.mode() if generator is None else posterior.sample(generator)
    return vae.normalize(codes) if isinstance(vae, BlockTransformVAE) else codes * vae.config["scaling_factor"]


def decode_latents(vae: VideoAutoencoder, latents: Tensor) -> Tensor:
    """Latents to pixels (B, 3, 4k + 1, H, W), about -1..1, unclamped."""
    codes = vae.denormalize(latents) if isinstance(vae, BlockTransformVAE) else latents / vae.config["scaling_factor"]
    decoded: Any = vae.decode(codes)
    return decoded.sample


def strides(vae: VideoAutoencoder) -> tuple[int, int]:
    """(frames, pixels) that one latent cell spans."""
    if isinstance(vae, BlockTransformVAE):
        return vae.temporal_stride, vae.spatial_stride
    return vae.temporal_compression_ratio, vae.spatial_compression_ratio
