"""Asking the instructor one question about pictures: the scores of its answer's first token."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from vireo.models.instructor.instructor import Instructor
from vireo.models.instructor.prompts import answer_ids, opening_ids, turn_ids

Frames = Sequence[np.ndarray] | Tensor
"""Frames of B samples: uint8 (H, W, 3) each, or a float tensor (B, 3, H, W) in 0..1."""


def answer_logits(instructor: Instructor, pixels: Sequence[Tensor], texts: Sequence[str]) -> Tensor:
    """Float32 (B, vocabulary): scores of the first token of the answer to each of B turns.

    texts: what the user asks, one a sample. pixels: for each picture in the prompt the pixel values of all B samples,
        (B, 3, H, W).
    """
    model, tokenizer, template = instructor.model, instructor.processor.tokenizer, instructor.template
    config = model.config
    opening = opening_ids(tokenizer, template, len(pixels), config.image_seq_length, config.image_token_id)
    rows = [opening + turn_ids(tokenizer, template, text) for text in texts]
    last = torch.tensor([len(row) - 1 for row in rows], device=model.device)
    width = int(last.max()) + 1
    pad = tokenizer.pad_token_id or 0
    ids = torch.tensor([row + [pad] * (width - len(row)) for row in rows], device=model.device)
    hidden = model.model(
        input_ids=ids,
        pixel_values=torch.stack(list(pixels), 1).flatten(0, 1).to(model.device, model.dtype),
        # Right padding comes after the answer's place, to which a causal model does not attend.
        attention_mask=torch.ones_like(ids),
        use_cache=False,
    ).last_hidden_state
    at_answer = hidden[torch.arange(len(rows), device=hidden.device), last]
    return model.lm_head(at_answer).float()


def first_token(instructor: Instructor, answer: str) -> int:
    """Token id with which an answer begins."""
    return answer_ids(instructor.processor.tokenizer, instructor.template, answer)[0]
