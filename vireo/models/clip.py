"""The CLIP-class model of mini: which picture and which words belong together.

A standard transformers `CLIPModel` from a small config. Its vision tower is where the instructor's starts.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence

import numpy as np
import torch
from tokenizers import pre_tokenizers, processors
from torch import Tensor, nn
from torch.nn.functional import interpolate
from transformers import (
    CLIPConfig,
    CLIPImageProcessorPil,
    CLIPModel,
    CLIPProcessor,
    CLIPTextConfig,
    CLIPVisionConfig,
    CLIPVisionModel,
    PreTrainedTokenizerFast,
)

from vireo.models.attention import PRODUCT
from vireo.models.tokenizer import BOS, EOS, PAD

IMAGE_SIZE, PATCH_SIZE = 96, 8
TEXT_LENGTH = 80
"""Most tokens of a text, its start and end marks included; longer texts are cut."""


def mini_vision_config() -> CLIPVisionConfig:
    """The vision tower of mini: 96 x 96 pixels in 144 patches."""
    # ReLU: on CPUs the smooth activations cost as much as the matrix products around them.
    return CLIPVisionConfig(
        hidden_size=192,
        intermediate_size=384,
        num_hidden_layers=4,
        num_attention_heads=3,
        image_size=IMAGE_SIZE,
        patch_size=PATCH_SIZE,
        projection_dim=256,
        hidden_act="relu",
    )


def build_mini_clip(vocab_size: int) -> CLIPModel:
    """A new CLIP-class model of mini's size with random weights (from torch's global generator)."""
    text = CLIPTextConfig(
        vocab_size=vocab_size,
        hidden_size=128,
        intermediate_size=256,
        num_hidden_layers=3,
        num_attention_heads=2,
        max_position_embeddings=TEXT_LENGTH,
        projection_dim=256,
        hidden_act="relu",
        bos_token_id=BOS,
        eos_token_id=EOS,
        pad_token_id=PAD,
    )
    config = CLIPConfig(text_config=text.to_dict(), vision_config=mini_vision_config().to_dict(), projection_dim=256)
    model = CLIPModel(config)
    model.set_attn_implementation(PRODUCT)
    return model


def build_image_processor() -> CLIPImageProcessorPil:
    """Turns pictures of any size into (3, 96, 96) in -1..1, with Pillow and numpy only."""
    size = {"height": IMAGE_SIZE, "width": IMAGE_SIZE}
    half = [0.5, 0.5, 0.5]
    return CLIPImageProcessorPil(size=size, crop_size=size, do_center_crop=False, image_mean=half, image_std=half)


def build_clip_processor(tokenizer: PreTrainedTokenizerFast) -> CLIPProcessor:
    """The processor that is saved beside the CLIP-class model; its tokenizer, called as CLIP's is, gives `text_ids`."""
    own = copy.deepcopy(tokenizer)
    own.backend_tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    marks = [(own.bos_token, BOS), (own.eos_token, EOS)]
    own.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{own.bos_token} $A {own.eos_token}", special_tokens=marks
    )
    own.model_max_length = TEXT_LENGTH
    return CLIPProcessor(image_processor=build_image_processor(), tokenizer=own)


def text_ids(tokenizer: PreTrainedTokenizerFast, texts: Sequence[str], multiple: int = 1) -> Tensor:
    """Token ids (B, L), int64: start mark, text, end mark, right padded to the longest.

    L is rounded up to a multiple of `multiple`, so that training sees few shapes.
    """
    # The leading space makes a first word the same token as elsewhere.
    encoded = tokenizer([f" {text}" for text in texts], add_special_tokens=False, split_special_tokens=True).input_ids
    rows = [[BOS, *row[: TEXT_LENGTH - 2], EOS] for row in encoded]
    length = min(TEXT_LENGTH, -(-max(map(len, rows)) // multiple) * multiple)
    return torch.tensor([row + [PAD] * (length - len(row)) for row in rows])


@torch.no_grad()
def embed_texts(model: CLIPModel, processor: CLIPProcessor, texts: Sequence[str]) -> Tensor:
    """Unit vectors (B, D) of texts."""
    ids = text_ids(processor.tokenizer, texts).to(model.device)
    return torch.nn.functional.normalize(model.get_text_features(input_ids=ids).pooler_output, dim=-1)


@torch.no_grad()
def embed_images(model: CLIPModel, processor: CLIPProcessor, images: Sequence[np.ndarray]) -> Tensor:
    """Unit vectors (B, D) of pictures, uint8 (H, W, 3) each."""
    pixels = processor.image_processor(images=list(images), return_tensors="pt").pixel_values
    features = model.get_image_features(pixel_values=pixels.to(model.device, model.dtype)).pooler_output
    return torch.nn.functional.normalize(features, dim=-1)


@torch.no_grad()
def start_tower(tower: CLIPVisionModel, pixels: Tensor, seed: int = 0) -> None:
    """Sets a new tower to a start from which it learns to see in fewer steps than from plain random weights.

    Patches go in as whitened principal components: with random filters the strongest thing in a patch, its mean
    colour, drowns the edges by which shapes are told. Positions are waves. Attention starts as in Trockman and
    Kolter, "Mimetic Initialization of Self-Attention Layers" (2023): what looks alike attends to each other.

    pixels: (B, 3, H, W) in -1..1, typical pictures.
    """
    size, width = tower.config.patch_size, tower.config.hidden_size
    patches = torch.nn.functional.unfold(pixels.float(), size, stride=size).transpose(1, 2).flatten(0, 1)
    embedding = tower.embeddings.patch_embedding.weight
    embedding.copy_(_whitening(patches, width).reshape(embedding.shape))
    positions = tower.embeddings.position_embedding.weight
    positions[1:] = _waves(IMAGE_SIZE // size, width).to(positions)
    generator = torch.Generator().manual_seed(seed)
    for layer in tower.encoder.layers:
        _mimetic(layer.self_attn, tower.config.num_attention_heads, generator)


@torch.no_grad()
def take_tower(tower: CLIPVisionModel, former: CLIPVisionModel) -> None:
    """Sets a tower to a trained one of the same width and depth, whose patches may have another size.

    At first it sees what the former one would see in a picture enlarged by the ratio of the patch sizes: filters are
    resampled to that end (as Beyer et al., "FlexiViT" (2023), but by the transpose of the bilinear enlargement), the
    table of positions is stretched over the new grid.
    """
    weights = former.state_dict()
    size, old = tower.config.patch_size, former.config.patch_size
    filters, positions = "embeddings.patch_embedding.weight", "embeddings.position_embedding.weight"
    pixels = torch.eye(size * size).reshape(size * size, 1, size, size)
    enlarged = interpolate(pixels, (old, old), mode="bilinear").flatten(1)  # (new pixels, old pixels)
    weights[filters] = (weights[filters].flatten(2) @ enlarged.T).unflatten(2, (size, size))
    grids = [config.image_size // config.patch_size for config in (former.config, tower.config)]
    table = weights[positions][1:].T.unflatten(1, (grids[0], grids[0]))[None]
    stretched = interpolate(table, (grids[1], grids[1]), mode="bilinear")[0].flatten(1).T
    weights[positions] = torch.cat([weights[positions][:1], stretched])
    tower.load_state_dict(weights)


def _whitening(patches: Tensor, width: int, floor: float = 1e-3) -> Tensor:
    """The `width` strongest principal components of patches (N, K), each scaled to about unit variance, (width, K).

    floor: added to variances, so that grain is not blown up.
    """
    patches = (patches - patches.mean(0)).double()
    variances, vectors = torch.linalg.eigh(patches.T @ patches / len(patches))
    return (vectors / (variances.clamp(min=0) + floor).sqrt()).flip(1)[:, :width].T


def _waves(grid: int, width: int) -> Tensor:
    """Sines and cosines of row and column, (grid * grid, width), rows first."""
    steps = torch.arange(grid, dtype=torch.float64) / grid * 2 * torch.pi
    phase = steps[:, None] * torch.arange(1, width // 4 + 1, dtype=torch.float64) * grid / (width / 2)
    one = torch.cat([phase.sin(), phase.cos()], dim=1)
    rows, columns = one[:, None].expand(grid, grid, -1), one[None].expand(grid, grid, -1)
    return torch.cat([rows, columns], dim=-1).flatten(0, 1) * 0.5


def _mimetic(attention: nn.Module, heads: int, generator: torch.Generator) -> None:
    """Query times key near 0.7 noise + 0.7 identity in each head, value times output near 0.4 noise - 0.4 identity."""
    width = attention.q_proj.weight.shape[1]
    identity, each = torch.eye(width), width // heads
    for head in range(heads):
        noise = torch.randn(width, width, generator=generator) / width**0.5
        left, size, right = torch.linalg.svd(0.7 * noise + 0.7 * identity)
        own, root = slice(head * each, (head + 1) * each), size[:each].sqrt()
        attention.q_proj.weight[own] = (left[:, :each] * root).T
        attention.k_proj.weight[own] = root[:, None] * right[:each]
    noise = torch.randn(width, width, generator=generator) / width**0.5
    left, size, right = torch.linalg.svd(0.4 * noise - 0.4 * identity)
    attention.out_proj.weight.copy_(left * size.sqrt())
    attention.v_proj.weight.copy_(size.sqrt()[:, None] * right)
