"""Asking the instructor about pictures: how likely are the answers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from transformers import LlavaForConditionalGeneration, LlavaProcessor

from vireo.models.chat import InstructorTemplate, answer_ids, opening_ids, turn_ids
from vireo.models.instructor import pixel_values

Frames = Sequence[np.ndarray] | Tensor
"""Frames of B samples: uint8 (H, W, 3) each, or a float tensor (B, 3, H, W) in 0..1."""


def answer_logits(
    instructor: LlavaForConditionalGeneration,
    processor: LlavaProcessor,
    pictures: Sequence[Frames],
    said: Sequence[str],
    template: InstructorTemplate,
) -> Tensor:
    """Float32 (B, vocabulary): scores of the first token of the answer to each of B turns.

    pictures: for each place in the prompt the frames of all B samples. Gradients flow into those that are tensors.
    """
    prompts = _prompts(instructor, processor, len(pictures), said, template)
    hidden = _states(instructor, processor, pictures, prompts)
    last = torch.tensor([len(row) - 1 for row in prompts], device=hidden.device)
    return instructor.lm_head(hidden[torch.arange(len(prompts), device=hidden.device), last]).float()


def answer_chances(
    instructor: LlavaForConditionalGeneration,
    processor: LlavaProcessor,
    pictures: Sequence[Sequence[np.ndarray]],
    said: Sequence[str],
    answers: Sequence[str],
    template: InstructorTemplate,
) -> Tensor:
    """Float32 (B, A) in 0..1: the probability of each of A whole answers, end mark included, to each of B turns."""
    end = processor.tokenizer.eos_token_id
    endings = [[*answer_ids(processor.tokenizer, template, answer), end] for answer in answers]
    prompts = _prompts(instructor, processor, len(pictures), said, template)
    repeated = [[frame for frame in frames for _ in endings] for frames in pictures]
    rows = [prompt + ending for prompt in prompts for ending in endings]
    chances = instructor.lm_head(_states(instructor, processor, repeated, rows)).float().log_softmax(-1)
    found = [
        chances[number, range(len(row) - len(ending) - 1, len(row) - 1), ending].sum()
        for number, (row, ending) in enumerate(zip(rows, endings * len(prompts), strict=True))
    ]
    return torch.stack(found).exp().view(len(prompts), len(endings))


def first_token(processor: LlavaProcessor, template: InstructorTemplate, answer: str) -> int:
    """Token id with which an answer begins."""
    return answer_ids(processor.tokenizer, template, answer)[0]


def _prompts(
    instructor: LlavaForConditionalGeneration,
    processor: LlavaProcessor,
    pictures: int,
    said: Sequence[str],
    template: InstructorTemplate,
) -> list[list[int]]:
    config = instructor.config
    opening = opening_ids(processor.tokenizer, template, pictures, config.image_seq_length, config.image_token_id)
    return [opening + turn_ids(processor.tokenizer, template, text) for text in said]


def _states(
    instructor: LlavaForConditionalGeneration,
    processor: LlavaProcessor,
    pictures: Sequence[Frames],
    rows: list[list[int]],
) -> Tensor:
    """Last hidden states (B, L, D) of B sequences, padded to the longest."""
    pad, width = processor.tokenizer.pad_token_id or 0, max(map(len, rows))
    ids = torch.tensor([row + [pad] * (width - len(row)) for row in rows], device=instructor.device)
    pixels = [pixel_values(processor, frames).to(instructor.device, instructor.dtype) for frames in pictures]
    return instructor.model(
        input_ids=ids,
        pixel_values=torch.stack(pixels, 1).flatten(0, 1),
        # Right padding comes after the places that are read, where a causal model never looks.
        attention_mask=torch.ones_like(ids),
        use_cache=False,
    ).last_hidden_state
