"""What travels together wherever the instructor is read or asked."""

from __future__ import annotations

from dataclasses import dataclass

from transformers import LlavaForConditionalGeneration, LlavaProcessor

from vireo.models.instructor.prompts import InstructorTemplate


@dataclass(frozen=True)
class Instructor:
    """A LLaVA-class model (VIVA Eq. 1), its processor, and the template of its prompts."""

    model: LlavaForConditionalGeneration
    processor: LlavaProcessor
    template: InstructorTemplate
