"""The instructor as it is passed around, and how it is asked one question about pictures."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from transformers import LlavaForConditionalGeneration, LlavaProcessor

from vireo.models.instructor.prompts import InstructorTemplate, answer_ids, opening_ids, turn_ids

Frames = Sequence[np.ndarray] | Tensor
"""Frames of B samples: uint8 (H, W, 3) each, of any sizes, or a float tensor (B, 3, H, W) in 0..1."""


@dataclass(frozen=True)
class Instructor:
    """A LLaVA-class model (VIVA Eq. 1), its processor, and the template of its prompts."""

    model: LlavaForConditionalGeneration
    processor: LlavaProcessor
    template: InstructorTemplate

    def opening(self, images: int) -> list[int]:
        """Token ids of the head and of `images` pictures."""
        size, image = self.model.config.image_seq_length, self.model.config.image_token_id
        return opening_ids(self.processor.tokenizer, self.template, images, size, image)

    def first_token(self, answer: str) -> int:
        """Token id with which an answer begins."""
        return answer_ids(self.processor.tokenizer, self.template, answer)[0]


def right_padded(rows: Sequence[Sequence[int]], device: torch.device) -> tuple[Tensor, Tensor]:
    """Rows as one int64 tensor (B, L), ended by zeros, which nothing attends to; and which entries are theirs, bool."""
    sizes = torch.tensor([len(row) for row in rows], device=device)
    valid = torch.arange(max(map(len, rows)), device=device) < sizes[:, None]
    padded = torch.zeros(valid.shape, dtype=torch.int64, device=device)
    padded[valid] = torch.tensor([number for row in rows for number in row], device=device)
    return padded, valid


def answer_logits(instructor: Instructor, pixels: Sequence[Tensor], texts: Sequence[str]) -> Tensor:
    """Float32 (B, vocabulary): scores of the first token of the answer to each of B turns.

    texts: what the user asks, one a sample. pixels: for each picture in the prompt the pixel values of all B samples,
        (B, 3, H, W).
    """
    model, opening = instructor.model, instructor.opening(len(pixels))
    rows = [opening + turn_ids(instructor.processor.tokenizer, instructor.template, text) for text in texts]
    ids, valid = right_padded(rows, model.device)
    hidden = model.model(
        input_ids=ids,
        pixel_values=torch.stack(list(pixels), 1).flatten(0, 1).to(model.device, model.dtype),
        # Right padding comes after the answer's place, to which a causal model does not attend.
        attention_mask=torch.ones_like(ids),
        use_cache=False,
    ).last_hidden_state
    return model.lm_head(hidden[torch.arange(len(rows), device=hidden.device), valid.sum(1) - 1]).float()
