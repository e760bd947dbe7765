"""Stage `vae`: the video autoencoder, from a principal-component start (see models/vae.py)."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import numpy as np
import torch
from diffusers.models.autoencoders.vae import DecoderOutput
from diffusers.models.modeling_outputs import AutoencoderKLOutput
from einops import rearrange
from torch import Tensor

from vireo.models.latents import to_pixels, to_uint8
from vireo.models.vae import BlockTransformVAE
from vireo.pairs.frame_cache import FrameCache
from vireo.training.stage import LoopConfig, Stage, save_rows, step_generator


@dataclass(frozen=True)
class VaeConfig:
    """latent_channels .. refine_blocks: of the model. whitening: see BlockTransformVAE.

    l1, mse: weights of the two terms. Squared error drives the PSNR; absolute error keeps faint texture.
    """

    latent_channels: int = 48
    width: int = 192
    encoder_blocks: int = 2
    decoder_blocks: int = 4
    refine_blocks: int = 3
    whitening: float = 0.0
    l1: float = 1.0
    mse: float = 10.0
    loop: LoopConfig = field(
        default_factory=lambda: LoopConfig(
            steps=4500, batch_size=8, learning_rate=1e-3, weight_decay=0.0, average=0.998, compile_blocks=False
        )
    )


class VaeStage(Stage[VaeConfig, BlockTransformVAE]):
    name = "vae"

    def __init__(self, config: VaeConfig, frames: FrameCache, device: torch.device) -> None:
        torch.manual_seed(config.loop.seed)
        module = BlockTransformVAE(
            latent_channels=config.latent_channels,
            width=config.width,
            encoder_blocks=config.encoder_blocks,
            decoder_blocks=config.decoder_blocks,
            refine_blocks=config.refine_blocks,
        )
        super().__init__(config, module, device)
        self.frames = frames
        mean, basis = principal_blocks(self.module, self._draw(step_generator(config.loop.seed, 0, 1), 256))
        self.module.initialize_linear(mean.to(device), basis.to(device))

    def _draw(self, generator: torch.Generator, count: int) -> Tensor:
        rows = torch.randint(len(self.frames.frames), (count,), generator=generator).numpy()
        return to_pixels(np.stack([self.frames.frames[row] for row in rows]), torch.device("cpu"))

    def loss(self, step: int) -> tuple[Tensor, dict[str, float]]:
        generator = step_generator(self.loop.seed, step)
        x = self._draw(generator, self.loop.batch_size).to(self.device)
        y = self.module(x, generator).float()
        error = y - x
        mse = error.square().mean()
        loss = self.config.l1 * error.abs().mean() + self.config.mse * mse
        return loss, {"psnr": 10 * float(torch.log10(4 / mse.detach()))}

    @torch.no_grad()
    def sample(self, folder: Path, step: int) -> None:
        x = self._draw(torch.Generator().manual_seed(1), 4).to(self.device)
        y = cast(DecoderOutput, self.module.decode(self._codes(x))).sample
        rows = [row for pair in zip(to_uint8(x), to_uint8(y), strict=True) for row in pair]
        save_rows(folder / f"{step:06d}.png", rows)

    def _codes(self, x: Tensor) -> Tensor:
        return cast(AutoencoderKLOutput, self.module.encode(x)).latent_dist.mode()

    @torch.no_grad()
    def finish(self, count: int = 512) -> BlockTransformVAE:
        """Measures the statistics of the codes, after which the model is complete."""
        generator = torch.Generator().manual_seed(2)
        codes = [self._codes(self._draw(generator, 8).to(self.device)) for _ in range(count // 8)]
        codes = rearrange(torch.cat(codes), "b c t h w -> c (b t h w)").float()
        self.module.set_statistics(codes.mean(1), codes.std(1), self.config.whitening)
        return self.module


def principal_blocks(vae: BlockTransformVAE, clips: Tensor) -> tuple[Tensor, Tensor]:
    """Mean (D,) and leading principal components (C, D) of the clips' blocks; clips: (B, 3, T, H, W)."""
    blocks = rearrange(vae.blocks(clips), "b k t h w -> (b t h w) k").double()
    mean = blocks.mean(0)
    _, vectors = torch.linalg.eigh((blocks - mean).T @ (blocks - mean))
    basis = vectors.flip(1).T[: vae.config["latent_channels"]]
    return mean.float(), basis.float().contiguous()
