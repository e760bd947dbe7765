"""The frozen instructor as critic: how surely it answers Yes about an edit (ReViSE 4.2.2).

Gradients flow through the verdict into the edited frames where those are a float tensor.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from transformers import LlavaForConditionalGeneration, LlavaProcessor

from vireo.models.instructor.answer_logits import Frames, answer_logits, first_token
from vireo.models.instructor.prompts import NO, YES, InstructorTemplate, QuestionKind, critic_text
from vireo.models.instructor.states import highlighted, pixel_values


def verdict_logits(
    instructor: LlavaForConditionalGeneration,
    processor: LlavaProcessor,
    source: Frames,
    edited: Frames,
    instructions: Sequence[str],
    template: InstructorTemplate,
    kind: QuestionKind = "overall",
) -> Tensor:
    """l_yes - l_no at the place of the answer, float32 (B,): ReViSE Eq. 4 before its baseline is taken off.

    Departure: mini's critic sees the edited picture faded where nothing changed (decision 11).
    """
    texts = [critic_text(text, kind) for text in instructions]
    before, after = pixel_values(processor, source), pixel_values(processor, edited)
    pixels = [before, highlighted(before, after) if template.highlights else after]
    logits = answer_logits(instructor, processor, pixels, texts, template)
    yes, no = (first_token(processor, template, word) for word in (YES, NO))
    assert yes != no, "the tokenizer does not tell Yes from No by their first tokens"
    return logits[:, yes] - logits[:, no]


def p_yes(
    instructor: LlavaForConditionalGeneration,
    processor: LlavaProcessor,
    source: Frames,
    edited: Frames,
    instructions: Sequence[str],
    template: InstructorTemplate,
    kind: QuestionKind = "overall",
) -> Tensor:
    """The probability of Yes over Yes and No, (B,): sigmoid(l_yes - l_no)."""
    return torch.sigmoid(verdict_logits(instructor, processor, source, edited, instructions, template, kind))
