"""A video autoencoder: a linear block transform plus a convolutional correction that training adds.

Blocks of 8x8 pixels and 4 frames (768 numbers) become `latent_channels` numbers. Encoder and decoder are each the sum
of a linear map, set to the principal components of such blocks before training, and a convolutional branch on the block
grid whose last layer starts at zero. So training starts at the best linear codec (about 30 dB on studio clips) instead
of at noise.

Clips have 4k + 1 frames as in diffusers' video autoencoders: the first frame, and an image, is repeated to fill its
block.
"""

import torch
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.autoencoders.vae import DecoderOutput, DiagonalGaussianDistribution
from diffusers.models.modeling_outputs import AutoencoderKLOutput
from diffusers.models.modeling_utils import ModelMixin
from einops import rearrange
from torch import Tensor, nn


def _set_zero(layer: nn.Module) -> None:
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)


class GridBlock(nn.Module):
    """x + conv_time(gelu(conv_space(norm(x)))) on (B, C, T, H, W); starts as the identity."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(8, width)
        self.space = nn.Conv3d(width, width, (1, 3, 3), padding=(0, 1, 1))
        self.time = nn.Conv3d(width, width, (3, 1, 1), padding=(1, 0, 0))
        _set_zero(self.time)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.time(nn.functional.gelu(self.space(self.norm(x))))


class Branch(nn.Module):
    """A convolutional branch from `inputs` to `outputs` channels whose last layer starts at zero.

    refine: splits every grid cell into 2x2 cells of half the width before the last blocks, so that the
    correction is not bound to the block grid; outputs are per fine cell then.
    """

    def __init__(self, inputs: int, outputs: int, width: int, blocks: int, refine: int = 0) -> None:
        super().__init__()
        self.enter = nn.Conv3d(inputs, width, 1)
        self.blocks = nn.Sequential(*[GridBlock(width) for _ in range(blocks)])
        self.refine = refine
        if refine:
            self.split = nn.Conv3d(width, 2 * width, 1)
            self.fine = nn.Sequential(*[GridBlock(width // 2) for _ in range(refine)])
            width //= 2
        self.leave = nn.Conv3d(width, outputs, 1)
        _set_zero(self.leave)

    def forward(self, x: Tensor) -> Tensor:
        x = self.blocks(self.enter(x))
        if self.refine:
            x = self.fine(rearrange(self.split(x), "b (c p q) t h w -> b c t (h p) (w q)", p=2, q=2))
        return self.leave(nn.functional.gelu(x))


class BlockTransformVAE(ModelMixin, ConfigMixin):
    """See the module. `encode(x).latent_dist`, `decode(z).sample` as in diffusers.

    latents_mean, latents_scale: per channel; `normalize` maps codes to the transformer's latents with them. The scale
        of a channel is its deviation to the power `whitening` (times one constant): 1 would give all components,
        however weak, the same share of the loss; 0 would hide the weak ones under the noise.
    posterior_std: deviation of the noise that `latent_dist.sample()` adds, in the codes' own units.
    """

    spatial_stride = 8
    temporal_stride = 4
    posterior_std = 0.05

    @register_to_config
    def __init__(
        self,
        latent_channels: int = 48,
        width: int = 192,
        encoder_blocks: int = 2,
        decoder_blocks: int = 4,
        refine_blocks: int = 3,
        latents_mean: list[float] | None = None,
        latents_scale: list[float] | None = None,
    ) -> None:
        super().__init__()
        block = 3 * self.temporal_stride * self.spatial_stride**2
        self.analysis = nn.Conv3d(block, latent_channels, 1)
        self.encoder = Branch(block, latent_channels, width, encoder_blocks)
        self.synthesis = nn.Conv3d(latent_channels, block, 1)
        self.decoder = Branch(latent_channels, block // 4, width, decoder_blocks, refine_blocks)

    def blocks(self, x: Tensor) -> Tensor:
        """(B, 3, 4k + 1, H, W) to (B, 768, k + 1, H / 8, W / 8); the first frame fills a block."""
        x = torch.cat([x[:, :, :1].expand(-1, -1, self.temporal_stride - 1, -1, -1), x], 2)
        return rearrange(x, "b c (t s) (h p) (w q) -> b (c s p q) t h w", s=4, p=8, q=8)

    def encode(self, x: Tensor) -> AutoencoderKLOutput:
        """x: (B, 3, 4k + 1, H, W) in -1..1, H and W multiples of 8."""
        assert (x.shape[2] - 1) % self.temporal_stride == 0, x.shape
        blocks = self.blocks(x)
        mean = self.analysis(blocks) + self.encoder(blocks)
        log_variance = torch.full_like(mean, 2 * torch.tensor(self.posterior_std).log().item())
        return AutoencoderKLOutput(latent_dist=DiagonalGaussianDistribution(torch.cat([mean, log_variance], 1)))

    def decode(self, z: Tensor) -> DecoderOutput:
        """z: (B, C, k + 1, h, w) codes to (B, 3, 4k + 1, 8h, 8w), unclamped."""
        coarse = rearrange(self.synthesis(z), "b (c s p q) t h w -> b c (t s) (h p) (w q)", s=4, p=8, q=8)
        fine = rearrange(self.decoder(z), "b (c s p q) t h w -> b c (t s) (h p) (w q)", s=4, p=4, q=4)
        x = coarse + fine
        first = x[:, :, : self.temporal_stride].mean(2, keepdim=True)
        return DecoderOutput(sample=torch.cat([first, x[:, :, self.temporal_stride :]], 2))

    def forward(self, x: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Decodes a draw of the posterior: what training optimises."""
        return self.decode(self.encode(x).latent_dist.sample(generator)).sample

    def normalize(self, codes: Tensor) -> Tensor:
        """Codes to the transformer's latents."""
        mean, scale = self._statistics(codes)
        return (codes - mean) / scale

    def denormalize(self, latents: Tensor) -> Tensor:
        """The transformer's latents to codes."""
        mean, scale = self._statistics(latents)
        return latents * scale + mean

    def _statistics(self, like: Tensor) -> list[Tensor]:
        assert self.config["latents_mean"] is not None, "the statistics are measured at the end of training"
        values = (self.config["latents_mean"], self.config["latents_scale"])
        return [torch.tensor(each, dtype=like.dtype, device=like.device).reshape(1, -1, 1, 1, 1) for each in values]

    def set_statistics(self, mean: Tensor, std: Tensor, whitening: float) -> None:
        """Per-channel mean and deviation of the codes, (C,) each; see the class."""
        scale = std.clamp_min(1e-4) ** whitening
        scale = scale * (std / scale).square().mean().sqrt()
        self.register_to_config(latents_mean=mean.tolist(), latents_scale=scale.tolist())

    def initialize_linear(self, mean: Tensor, basis: Tensor) -> None:
        """Sets the linear maps to a principal-component transform. mean: (768,); basis: (C, 768), orthonormal."""
        self.analysis.load_state_dict({"weight": basis[..., None, None, None], "bias": -basis @ mean})
        self.synthesis.load_state_dict({"weight": basis.T[..., None, None, None], "bias": mean})
