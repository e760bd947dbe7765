"""What the editor is conditioned on: hidden states of the instructor, a frozen LLaVA-class model (VIVA Eq. 1).

Mini's instructor is trained by `vireo.training.stages.vlm`; at full size it is llava-llama-3-8b.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from transformers import LlavaProcessor

from vireo.models.instructor.instructor import Frames, Instructor, right_padded
from vireo.models.instructor.prompts import marked_ids, user_ids


@dataclass(frozen=True)
class Conditioning:
    """What the transformer attends to.

    states: (B, L, D) hidden states, image tokens first, then text; zeros where invalid.
    mask: bool (B, L), the valid tokens, which come first.
    pooled: (B, D) mean of the valid text states.
    """

    states: Tensor
    mask: Tensor
    pooled: Tensor


def pixel_values(processor: LlavaProcessor, images: Frames) -> Tensor:
    """Pictures as the vision tower takes them, (B, 3, H, W); differentiable where they are a float tensor."""
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
    Differentiable. A difference of 24 of 255 in any channel, averaged over 3 x 3 pixels, is not faded at all.
    """
    change = (edited - source).abs().amax(1, keepdim=True)
    change = torch.nn.functional.avg_pool2d(change, 3, stride=1, padding=1, count_include_pad=False)
    return edited * (0.25 + 0.75 * (change / (24 / 127.5)).clamp(max=1))


def _prompt(instructor: Instructor, instruction: str, images: int) -> tuple[list[int], list[int], list[int]]:
    """Tokens of one sequence, and the positions of the image and of the text states that are kept."""
    tokenizer, template = instructor.processor.tokenizer, instructor.template
    opening, picture = instructor.opening(images), instructor.model.config.image_seq_length
    tail, closing, answer = (marked_ids(tokenizer, text) for text in (template.tail, template.closing, template.answer))
    image = [
        start + offset
        for start in range(len(opening) - images * picture, len(opening), picture)
        for offset in range(0, picture, template.interleave)
    ]
    room = template.max_length - len(image) - len(closing)
    user = user_ids(tokenizer, template, instruction)[:room]
    begin = len(opening) + len(tail)
    text = list(range(begin, begin + len(user) + len(closing)))
    return opening + tail + user + closing + answer, image, text


@torch.no_grad()
def encode_instruction(
    instructor: Instructor,
    instructions: Sequence[str],
    frames: Sequence[np.ndarray] | None = None,
    references: Sequence[np.ndarray | None] | None = None,
) -> Conditioning:
    """VIVA Eq. 1: hidden states of (system prompt, first source frame, reference picture, instruction).

    instructions: one a sample; "" is the unconditional branch of guidance.
    frames: first source frames, uint8 (H, W, 3) of any size; None for text alone (captions of text-to-video).
    references: reference pictures likewise, None for a sample without; only with frames.

    Of the image states every n-th is kept (`InstructorTemplate.interleave`), of the system prompt none. The order is
    image, then text, as in diffusers' HunyuanVideo-I2V.
    """
    assert frames is not None or references is None, "a reference needs a source frame"
    nothing = [None] * len(instructions)
    shown = zip(nothing if frames is None else frames, nothing if references is None else references, strict=True)
    pictures = [[picture for picture in pair if picture is not None] for pair in shown]
    model, processor = instructor.model, instructor.processor
    prompts = [_prompt(instructor, text, len(images)) for text, images in zip(instructions, pictures, strict=True)]
    ids, attended = right_padded([tokens for tokens, _, _ in prompts], model.device)
    flat = [picture for images in pictures for picture in images]
    pixels = pixel_values(processor, flat).to(model.device, model.dtype) if flat else None
    hidden = model.model(
        input_ids=ids,
        pixel_values=pixels,
        attention_mask=attended.long(),
        output_hidden_states=True,
        use_cache=False,
    ).hidden_states[instructor.template.layer]
    kept, mask = right_padded([image + text for _, image, text in prompts], model.device)
    states = hidden.gather(1, kept[..., None].expand(-1, -1, hidden.shape[-1])) * mask[..., None]
    images = torch.tensor([len(image) for _, image, _ in prompts], device=model.device)
    is_text = mask & (torch.arange(mask.shape[1], device=model.device) >= images[:, None])
    pooled = (states * is_text[..., None]).sum(1) / is_text.sum(1, keepdim=True)
    return Conditioning(states, mask, pooled.to(states.dtype))
