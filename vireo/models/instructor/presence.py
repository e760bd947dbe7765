"""Whether a picture shows what an instruction speaks of, before anything is edited."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from transformers import LlavaForConditionalGeneration, LlavaProcessor

from vireo.models.instructor.answer_logits import Frames, answer_logits, first_token
from vireo.models.instructor.prompts import MINI, NONE, WHERE, InstructorTemplate
from vireo.models.instructor.states import pixel_values


@torch.no_grad()
def p_absent(
    instructor: LlavaForConditionalGeneration,
    processor: LlavaProcessor,
    frames: Frames,
    instructions: Sequence[str],
    template: InstructorTemplate = MINI,
) -> Tensor:
    """The probability, (B,) in 0..1, that the instructor answers "none" when asked where each edit takes place.

    An edit of the whole picture takes place everywhere, an addition where it shall stand: only an instruction that
    names an object takes place nowhere, if the frame does not show it.
    """
    # The editor reads no more of an instruction either.
    said = [" ".join(text.split()[: template.max_length]) + f"\n{WHERE}" for text in instructions]
    chances = answer_logits(instructor, processor, [pixel_values(processor, frames)], said, template).softmax(-1)
    return chances[:, first_token(processor, template, NONE)]
