"""The instructor: a frozen LLaVA-class model whose hidden states tell the editor what to do (VIVA Eq. 1).

Mini's is trained by `vireo.training.stages.vlm`; at full size the same function runs llava-llama-3-8b.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from transformers import (
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    PreTrainedTokenizerFast,
    StableLmConfig,
)

from vireo.models.attention import PRODUCT
from vireo.models.clip import IMAGE_SIZE, PATCH_SIZE, build_image_processor, mini_vision_config
from vireo.models.instructor.prompts import MINI, InstructorTemplate, marked_ids, opening_ids, said_ids
from vireo.models.tokenizer import BOS, EOS, IMAGE, PAD

TOKENS_PER_IMAGE = (IMAGE_SIZE // PATCH_SIZE) ** 2


@dataclass(frozen=True)
class Conditioning:
    """What the editor reads.

    states: (B, L, D) hidden states, image tokens first, then text; zeros where invalid.
    mask: bool (B, L), the valid tokens, which come first.
    pooled: (B, D) mean of the valid text states.
    """

    states: Tensor
    mask: Tensor
    pooled: Tensor


def build_mini_instructor(vocab_size: int) -> LlavaForConditionalGeneration:
    """A new instructor of mini's size with random weights (from torch's global generator)."""
    # StableLM is Llama's block with layer norms instead of RMS norms, which torch fuses on CPUs: a fifth faster.
    text = StableLmConfig(
        vocab_size=vocab_size,
        hidden_size=192,
        intermediate_size=448,
        num_hidden_layers=5,
        num_attention_heads=3,
        num_key_value_heads=3,
        hidden_act="relu",
        max_position_embeddings=512,
        partial_rotary_factor=0.5,
        use_qkv_bias=True,
        tie_word_embeddings=True,
        bos_token_id=BOS,
        eos_token_id=EOS,
        pad_token_id=PAD,
    )
    config = LlavaConfig(
        vision_config=mini_vision_config(),
        text_config=text,
        image_token_id=IMAGE,
        image_seq_length=TOKENS_PER_IMAGE,
        projector_hidden_act="relu",
        vision_feature_select_strategy="default",
        vision_feature_layer=-1,
        tie_word_embeddings=True,
    )
    model = LlavaForConditionalGeneration(config)
    model.set_attn_implementation(PRODUCT)
    return model


def build_processor(tokenizer: PreTrainedTokenizerFast, patch_size: int = PATCH_SIZE) -> LlavaProcessor:
    """The processor that is saved beside mini's instructor."""
    return LlavaProcessor(
        image_processor=build_image_processor(),
        tokenizer=tokenizer,
        patch_size=patch_size,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
    )


def pixel_values(processor: LlavaProcessor, images: Sequence[np.ndarray] | Tensor) -> Tensor:
    """Pictures as the vision tower takes them, (B, 3, H, W).

    images: uint8 (H, W, 3) each, any sizes; or a float tensor (B, 3, H, W) in 0..1, and then the result is
        differentiable.
    """
    prepare = processor.image_processor
    if not isinstance(images, Tensor):
        return prepare(images=list(images), return_tensors="pt").pixel_values
    size = prepare.crop_size if prepare.do_center_crop else prepare.size
    wanted = (size["height"], size["width"])
    if images.shape[-2:] != wanted:
        images = torch.nn.functional.interpolate(images, wanted, mode="bicubic", antialias=True).clamp(0, 1)
    mean, std = (images.new_tensor(values).view(3, 1, 1) for values in (prepare.image_mean, prepare.image_std))
    return (images - mean) / std


def highlighted(source: Tensor, edited: Tensor) -> Tensor:
    """An edited picture that shows what the edit changed: faded to a quarter towards grey where it equals the source.

    source, edited: pixel values (B, 3, H, W) with zero for grey, as mini's processor makes them; so is the result.
    Differentiable. A difference of 24 of 255 in any channel, averaged over 3 x 3 pixels, is shown in full.
    """
    change = (edited - source).abs().amax(1, keepdim=True)
    change = torch.nn.functional.avg_pool2d(change, 3, stride=1, padding=1, count_include_pad=False)
    return edited * (0.25 + 0.75 * (change / (24 / 127.5)).clamp(max=1))


@torch.no_grad()
def start_projector(
    instructor: LlavaForConditionalGeneration, pixels: Tensor, scale: float = 0.5, seed: int = 0
) -> None:
    """Sets the projector of a new instructor so that image tokens have zero mean and standard deviation `scale`.

    What the tower gives is nearly one constant vector, hundreds of times as strong as what tells patches apart, and
    image tokens come out so large that the language model's layers hardly change them. So patches go in whitened.

    pixels: (B, 3, H, W), typical pictures.
    """
    projector = instructor.model.multi_modal_projector
    seen = instructor.model.vision_tower(pixel_values=pixels).last_hidden_state[:, 1:].flatten(0, 1).double()
    mean = seen.mean(0)
    variances, vectors = torch.linalg.eigh(torch.cov((seen - mean).T))
    whitening = vectors / (variances + 0.01 * variances.max()).sqrt() @ vectors.T
    projector.linear_1.weight.copy_(whitening)
    projector.linear_1.bias.copy_(1 - whitening @ mean)  # above zero mostly, where the activation is linear
    turn = torch.randn(whitening.shape, generator=torch.Generator().manual_seed(seed))
    projector.linear_2.weight.copy_(torch.linalg.qr(turn)[0])
    projector.linear_2.bias.zero_()
    out = projector(seen.to(pixels))
    factor = scale / out.std(0).mean()
    projector.linear_2.weight.mul_(factor)
    projector.linear_2.bias.copy_(-factor * out.mean(0))


@dataclass(frozen=True)
class _Prompt:
    """ids: tokens of one sequence. image, text: positions of the states that are kept."""

    ids: list[int]
    image: list[int]
    text: list[int]


def _prompt(
    instructor: LlavaForConditionalGeneration,
    tokenizer: PreTrainedTokenizerFast,
    instruction: str,
    images: int,
    template: InstructorTemplate,
) -> _Prompt:
    config = instructor.config
    opening = opening_ids(tokenizer, template, images, config.image_seq_length, config.image_token_id)
    tail, closing, answer = (marked_ids(tokenizer, text) for text in (template.tail, template.closing, template.answer))
    image = [
        start + offset
        for start in range(len(opening) - images * config.image_seq_length, len(opening), config.image_seq_length)
        for offset in range(0, config.image_seq_length, template.interleave)
    ]
    room = template.max_length - len(image) - len(closing)
    said = said_ids(tokenizer, template, instruction)[:room]
    begin = len(opening) + len(tail)
    text = list(range(begin, begin + len(said) + len(closing)))
    return _Prompt(opening + tail + said + closing + answer, image, text)


def _right_padded(rows: Sequence[Sequence[int]], value: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Rows as one int64 tensor (B, L), and which entries are theirs (B, L)."""
    length = max(map(len, rows))
    padded = torch.tensor([[*row, *[value] * (length - len(row))] for row in rows], device=device)
    sizes = torch.tensor([len(row) for row in rows], device=device)
    return padded, torch.arange(length, device=device) < sizes[:, None]


@torch.no_grad()
def encode_instruction(
    instructor: LlavaForConditionalGeneration,
    processor: LlavaProcessor,
    instructions: Sequence[str],
    frames: Sequence[np.ndarray] | None = None,
    references: Sequence[np.ndarray | None] | None = None,
    template: InstructorTemplate = MINI,
) -> Conditioning:
    """VIVA Eq. 1: hidden states of (system prompt, first source frame, reference picture, instruction).

    instructions: one a sample; "" is the unconditional branch of guidance.
    frames: first source frames, uint8 (H, W, 3) of any size; None for text alone (captions of text-to-video).
    references: reference pictures likewise, None for a sample without; only with frames.

    Image states are every `template.interleave`-th, states of the system prompt are left out. The order is
    image, then text, as in diffusers' HunyuanVideo-I2V.
    """
    assert frames is not None or references is None, "a reference needs a source frame"
    references = references if references is not None else [None] * len(instructions)
    pictures: list[list[np.ndarray]] = [
        [picture for picture in (frames[k], references[k]) if picture is not None] if frames is not None else []
        for k in range(len(instructions))
    ]
    tokenizer = processor.tokenizer
    prompts = [
        _prompt(instructor, tokenizer, text, len(own), template)
        for text, own in zip(instructions, pictures, strict=True)
    ]
    device = instructor.device
    pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else 0
    ids, attended = _right_padded([prompt.ids for prompt in prompts], pad, device)
    flat = [picture for own in pictures for picture in own]
    pixels = pixel_values(processor, flat).to(device, instructor.dtype) if flat else None
    hidden = instructor.model(
        input_ids=ids,
        pixel_values=pixels,
        attention_mask=attended.long(),
        output_hidden_states=True,
        use_cache=False,
    ).hidden_states[template.layer]
    kept, mask = _right_padded([prompt.image + prompt.text for prompt in prompts], 0, device)
    states = hidden.gather(1, kept[..., None].expand(-1, -1, hidden.shape[-1])) * mask[..., None]
    images = torch.tensor([len(prompt.image) for prompt in prompts], device=device)
    is_text = mask & (torch.arange(mask.shape[1], device=device) >= images[:, None])
    pooled = (states * is_text[..., None]).sum(1) / is_text.sum(1, keepdim=True)
    return Conditioning(states, mask, pooled.to(states.dtype))
