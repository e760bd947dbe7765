"""Stage `t2v`: the transformer learns to make studio clips from the instructor's states of a caption."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from diffusers.models.transformers.transformer_hunyuan_video import HunyuanVideoTransformer3DModel
from torch import Tensor

from vireo.flow.loss import masked_flow_loss, velocities
from vireo.flow.path import interpolate, sampling_times, training_times, velocity_from_output
from vireo.flow.sample import guided
from vireo.flow.sample import sample as integrate
from vireo.models.editors.mini import TransformerConfig, build_mini_transformer
from vireo.models.latents import VideoAutoencoder, decode_latents, to_uint8
from vireo.pairs.conditioning_cache import ConditioningCache
from vireo.pairs.latent_cache import LatentCache
from vireo.runtime import autocast
from vireo.training.acceleration import compile_blocks, plain_attention
from vireo.training.stage import LoopConfig, Stage, save_rows, step_generator


@dataclass(frozen=True)
class T2vConfig:
    """shift, prediction: see flow (`affine` needs a source, which this stage has not). image: share of single-frame
    steps."""

    transformer: TransformerConfig = field(default_factory=TransformerConfig)
    prediction: Literal["velocity", "sample"] = "sample"
    shift: float = 3.0
    image: float = 0.6
    dropout: float = 0.1
    loop: LoopConfig = field(
        default_factory=lambda: LoopConfig(steps=400, batch_size=24, learning_rate=1e-3, optimizer="muon", average=0.99)
    )


class T2vStage(Stage[T2vConfig, HunyuanVideoTransformer3DModel]):
    """captions: row i is the caption of clip i of the latent cache; its last row is the empty caption."""

    name = "t2v"

    def __init__(
        self,
        config: T2vConfig,
        latents: LatentCache,
        captions: ConditioningCache,
        vae: VideoAutoencoder,
        device: torch.device,
    ) -> None:
        torch.manual_seed(config.loop.seed)
        channels, width = latents.videos.shape[1], captions.tokens.shape[1]
        module = build_mini_transformer(channels, width, config.transformer)
        super().__init__(config, module, device)
        if config.loop.compile_blocks:
            compile_blocks(self.module)
        self.latents, self.captions, self.vae = latents, captions, vae

    def loss(self, step: int) -> tuple[Tensor, dict[str, float]]:
        rng, generator = np.random.default_rng((self.loop.seed, step)), step_generator(self.loop.seed, step)
        image = rng.random() < self.config.image
        rows = rng.integers(0, len(self.latents.videos), self.loop.batch_size * (2 if image else 1))
        clips = [self.latents.images[r, rng.integers(2)] if image else self.latents.videos[r] for r in rows]
        x0 = torch.from_numpy(np.stack(clips)).to(self.device).float()
        rows[rng.random(len(rows)) < self.config.dropout] = len(self.captions.offsets) - 2
        condition = self.captions.batch(rows, self.device)
        noise = torch.randn(x0.shape, generator=generator).to(self.device)
        t = training_times(len(x0), [self.config.shift], generator).to(self.device)
        z = interpolate(x0, noise, t)
        with plain_attention(self.device):
            output = self.module(z, 1000 * t, *condition, return_dict=False)[0].float()
        predicted, true = velocities(output, x0, noise, z, t, self.config.prediction)
        return masked_flow_loss(predicted, true, None, 0.0), {}

    @torch.no_grad()
    def sample(self, folder: Path, step: int, count: int = 4, steps: int = 16, guidance: float = 3.0) -> None:
        rows = np.linspace(0, len(self.latents.videos) - 1, count).astype(int)
        empty = np.full(count, len(self.captions.offsets) - 2)
        condition = self.captions.batch(np.concatenate([empty, rows]), self.device)
        noise = torch.randn((count, *self.latents.videos.shape[1:]), generator=torch.Generator().manual_seed(0))

        def velocity(z: Tensor, t: Tensor) -> Tensor:
            with autocast(self.device, self.dtype), plain_attention(self.device):
                output = self.module(torch.cat([z, z]), 1000 * torch.cat([t, t]), *condition, return_dict=False)[0]
            halves = output.float().chunk(2)
            unconditional, conditional = (velocity_from_output(half, z, t, self.config.prediction) for half in halves)
            return guided(conditional, unconditional, guidance)

        z = integrate(velocity, noise.to(self.device), sampling_times(steps, self.config.shift).to(self.device))
        x0 = torch.from_numpy(self.latents.videos[rows]).to(self.device).float()
        clips, samples = (to_uint8(decode_latents(self.vae, latent)) for latent in (x0, z))
        save_rows(folder / f"{step:06d}.png", [row for pair in zip(clips, samples, strict=True) for row in pair])
