"""Frames to pixels in -1..1 and on to the transformer's latents, and back, for every video autoencoder that an editor
may hold."""

from typing import Any

import numpy as np
import torch
from diffusers.models.autoencoders.autoencoder_kl_hunyuan_video import AutoencoderKLHunyuanVideo
from torch import Tensor

from vireo.models.vae import BlockTransformVAE

VideoAutoencoder = BlockTransformVAE | AutoencoderKLHunyuanVideo


def to_pixels(frames: np.ndarray, device: torch.device) -> Tensor:
    """uint8 (B, T, H, W, 3) to float32 (B, 3, T, H, W) in -1..1."""
    x = torch.from_numpy(np.array(frames)).to(device)
    return x.permute(0, 4, 1, 2, 3).float().div_(127.5).sub_(1)


def to_unit(pixels: Tensor) -> np.ndarray:
    """(B, 3, T, H, W) in -1..1 to float32 (B, T, H, W, 3) in 0..1, clipped."""
    return pixels.float().add(1).div(2).clamp(0, 1).permute(0, 2, 3, 4, 1).cpu().numpy()


def to_uint8(pixels: Tensor) -> np.ndarray:
    """(B, 3, T, H, W) in -1..1 to uint8 (B, T, H, W, 3), rounded."""
    return np.round(to_unit(pixels) * 255).astype(np.uint8)


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
