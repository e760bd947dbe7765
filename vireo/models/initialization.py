"""Initial weights from which networks learn in fewer steps than from random ones."""

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import interpolate
from transformers import CLIPVisionModel, LlavaForConditionalGeneration


@torch.no_grad()
def initialize_tower(tower: CLIPVisionModel, pixels: Tensor, seed: int) -> None:
    """Initialises a new vision tower from typical pictures.

    The patch embedding computes whitened principal components: under random filters the strongest component of a patch,
    its mean colour, hides the edges that tell shapes apart. Position embeddings are sinusoidal. Attention starts as in
    Trockman and Kolter, "Mimetic Initialization of Self-Attention Layers" (2023): similar patches attend to each other.

    pixels: (B, 3, H, W) in -1..1.
    """
    config: Any = tower.config  # sizes are typed as a number or a pair; CLIP's are numbers
    size, width = config.patch_size, config.hidden_size
    patches = torch.nn.functional.unfold(pixels.float(), size, stride=size).transpose(1, 2).flatten(0, 1)
    embedding = tower.embeddings.patch_embedding.weight
    embedding.copy_(_whitening(patches, width).reshape(embedding.shape))
    positions = tower.embeddings.position_embedding.weight
    positions[1:] = _sinusoids(config.image_size // size, width).to(positions)
    generator = torch.Generator().manual_seed(seed)
    for layer in tower.encoder.layers:
        _mimetic(layer.self_attn, config.num_attention_heads, generator)


@torch.no_grad()
def resize_trained_tower(tower: CLIPVisionModel, trained: CLIPVisionModel) -> None:
    """Sets a tower to a trained one of the same width and depth, whose patches may have another size.

    Before training it computes what the trained one computes of a picture enlarged by the ratio of the patch sizes:
    filters are resampled to that end (as Beyer et al., "FlexiViT" (2023), but by the transpose of the bilinear
    enlargement), the table of positions is interpolated to the new grid.
    """
    weights = trained.state_dict()
    new_config: Any = tower.config  # as above
    old_config: Any = trained.config
    size, old = new_config.patch_size, old_config.patch_size
    filters, positions = "embeddings.patch_embedding.weight", "embeddings.position_embedding.weight"
    pixels = torch.eye(size * size).reshape(size * size, 1, size, size)
    enlarged = interpolate(pixels, (old, old), mode="bilinear").flatten(1)  # (new pixels, old pixels)
    weights[filters] = (weights[filters].flatten(2) @ enlarged.T).unflatten(2, (size, size))
    grids = [config.image_size // config.patch_size for config in (old_config, new_config)]
    table = weights[positions][1:].T.unflatten(1, (grids[0], grids[0]))[None]
    stretched = interpolate(table, (grids[1], grids[1]), mode="bilinear")[0].flatten(1).T
    weights[positions] = torch.cat([weights[positions][:1], stretched])
    tower.load_state_dict(weights)


def _whitening(patches: Tensor, width: int) -> Tensor:
    """The `width` strongest principal components of patches (N, K), each scaled to about unit variance, (width, K)."""
    patches = (patches - patches.mean(0)).double()
    variances, vectors = torch.linalg.eigh(patches.T @ patches / len(patches))
    # What is added to the variances keeps noise from being amplified.
    return (vectors / (variances.clamp(min=0) + 1e-3).sqrt()).flip(1)[:, :width].T


def _sinusoids(grid: int, width: int) -> Tensor:
    """Sines and cosines of row and column, (grid * grid, width), rows first."""
    steps = torch.arange(grid, dtype=torch.float64) / grid * 2 * torch.pi
    phase = steps[:, None] * torch.arange(1, width // 4 + 1, dtype=torch.float64) * grid / (width / 2)
    one = torch.cat([phase.sin(), phase.cos()], dim=1)
    rows, columns = one[:, None].expand(grid, grid, -1), one[None].expand(grid, grid, -1)
    return torch.cat([rows, columns], dim=-1).flatten(0, 1) * 0.5


def _mimetic(attention: Any, heads: int, generator: torch.Generator) -> None:
    """Query times key near 0.7 noise + 0.7 identity in each head, value times output near 0.4 noise - 0.4 identity."""
    width = attention.q_proj.weight.shape[1]
    identity, each = torch.eye(width), width // heads
    for head in range(heads):
        noise = torch.randn(width, width, generator=generator) / width**0.5
        left, size, right = torch.linalg.svd(0.7 * noise + 0.7 * identity)
        rows, root = slice(head * each, (head + 1) * each), size[:each].sqrt()
        attention.q_proj.weight[rows] = (left[:, :each] * root).T
        attention.k_proj.weight[rows] = root[:, None] * right[:each]
    noise = torch.randn(width, width, generator=generator) / width**0.5
    left, size, right = torch.linalg.svd(0.4 * noise - 0.4 * identity)
    attention.out_proj.weight.copy_(left * size.sqrt())
    attention.v_proj.weight.copy_(size.sqrt()[:, None] * right)


@torch.no_grad()
def initialize_projector(instructor: LlavaForConditionalGeneration, pixels: Tensor) -> None:
    """Initialises the projector of a new instructor so that image tokens have zero mean and a standard deviation of .5.

    The tower's features are nearly one constant vector, hundreds of times as large as the differences between patches;
    unscaled image tokens are so large that the language model's layers hardly change them. So features are whitened.

    pixels: (B, 3, H, W) in -1..1, typical pictures.
    """
    projector = instructor.model.multi_modal_projector
    features = instructor.model.vision_tower(pixel_values=pixels).last_hidden_state[:, 1:].flatten(0, 1).double()
    mean = features.mean(0)
    variances, vectors = torch.linalg.eigh(torch.cov((features - mean).T))
    whitening = vectors / (variances + 0.01 * variances.max()).sqrt() @ vectors.T
    projector.linear_1.weight.copy_(whitening)
    projector.linear_1.bias.copy_(1 - whitening @ mean)  # mostly above zero, where ReLU is linear
    turn = torch.randn(whitening.shape, generator=torch.Generator().manual_seed(0))
    projector.linear_2.weight.copy_(torch.linalg.qr(turn)[0])
    projector.linear_2.bias.zero_()
    out = projector(features.to(pixels))
    factor = 0.5 / out.std(0).mean()
    projector.linear_2.weight.mul_(factor)
    projector.linear_2.bias.copy_(-factor * out.mean(0))
