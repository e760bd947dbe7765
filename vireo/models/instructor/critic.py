"""The frozen instructor as critic: how surely it answers Yes about an edit (ReViSE 4.2.2).

Gradients flow through the verdict into the edited frames where those are a float tensor.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from vireo.models.instructor.instructor import Frames, Instructor, answer_logits
from vireo.models.instructor.prompts import NO, YES, QuestionKind, critic_text
from vireo.models.instructor.states import highlighted, pixel_values


def verdict_logits(
    instructor: Instructor, source: Frames, edited: Frames, instructions: Sequence[str], kind: QuestionKind = "overall"
) -> Tensor:
    """l_yes - l_no at the place of the answer, float32 (B,): ReViSE Eq. 4 before its baseline is taken off.

    Departure: mini's critic sees the edited picture faded where nothing changed (decision 11).
    """
    texts = [critic_text(text, kind) for text in instructions]
    before, after = (pixel_values(instructor.processor, frames) for frames in (source, edited))
    pixels = [before, highlighted(before, after) if instructor.template.highlights else after]
    logits = answer_logits(instructor, pixels, texts)
    yes, no = (instructor.first_token(word) for word in (YES, NO))
    assert yes != no, "the tokenizer does not tell Yes from No by their first tokens"
    return logits[:, yes] - logits[:, no]


def p_yes(
    instructor: Instructor, source: Frames, edited: Frames, instructions: Sequence[str], kind: QuestionKind
) -> Tensor:
    """The probability of Yes over Yes and No, (B,): sigmoid(l_yes - l_no)."""
    return torch.sigmoid(verdict_logits(instructor, source, edited, instructions, kind))
