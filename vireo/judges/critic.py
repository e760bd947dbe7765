"""The frozen instructor as critic: how surely it answers Yes about an edit (ReViSE 4.2.2).

Gradients flow through the verdict into the edited frames where those are a float tensor.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from transformers import LlavaForConditionalGeneration, LlavaProcessor

from vireo.models.chat import (
    MINI,
    NO,
    YES,
    InstructorTemplate,
    QuestionKind,
    answer_ids,
    critic_text,
    opening_ids,
    turn_ids,
)
from vireo.models.instructor import pixel_values

Frames = Sequence[np.ndarray] | Tensor
"""Frames of B samples: uint8 (H, W, 3) each, or a float tensor (B, 3, H, W) in 0..1."""


def verdict_logits(
    instructor: LlavaForConditionalGeneration,
    processor: LlavaProcessor,
    source: Frames,
    edited: Frames,
    instructions: Sequence[str],
    kind: QuestionKind = "overall",
    template: InstructorTemplate = MINI,
) -> Tensor:
    """l_yes - l_no at the place of the answer, float32 (B,): ReViSE Eq. 4 before its baseline is taken off."""
    tokenizer, config = processor.tokenizer, instructor.config
    opening = opening_ids(tokenizer, template, 2, config.image_seq_length, config.image_token_id)
    rows = [opening + turn_ids(tokenizer, template, critic_text(text, kind)) for text in instructions]
    last = torch.tensor([len(row) - 1 for row in rows], device=instructor.device)
    width = int(last.max()) + 1
    pad = tokenizer.pad_token_id or 0
    ids = torch.tensor([row + [pad] * (width - len(row)) for row in rows], device=instructor.device)
    pixels = [pixel_values(processor, frames).to(instructor.device, instructor.dtype) for frames in (source, edited)]
    hidden = instructor.model(
        input_ids=ids,
        pixel_values=torch.stack(pixels, 1).flatten(0, 1),
        # Right padding comes after the answer's place, where a causal model never looks.
        attention_mask=torch.ones_like(ids),
        use_cache=False,
    ).last_hidden_state
    at_answer = hidden[torch.arange(len(rows), device=hidden.device), last]
    yes, no = (answer_ids(tokenizer, template, word)[0] for word in (YES, NO))
    assert yes != no, "the tokenizer does not tell Yes from No by their first tokens"
    logits = instructor.lm_head(at_answer).float()
    return logits[:, yes] - logits[:, no]


def p_yes(
    instructor: LlavaForConditionalGeneration,
    processor: LlavaProcessor,
    source: Frames,
    edited: Frames,
    instructions: Sequence[str],
    kind: QuestionKind = "overall",
    template: InstructorTemplate = MINI,
) -> Tensor:
    """The probability of Yes over Yes and No, (B,): sigmoid(l_yes - l_no)."""
    return torch.sigmoid(verdict_logits(instructor, processor, source, edited, instructions, kind, template))
