"""The instructor as a judge: its probability of Yes to the critic's questions (`vireo.models.instructor.critic`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from transformers import LlavaForConditionalGeneration, LlavaProcessor

from vireo.judges.judge import Judgement, Sample, evenly_spaced
from vireo.judges.rubric import Criterion, RubricName
from vireo.models.instructor.critic import p_yes
from vireo.models.instructor.prompts import InstructorTemplate, QuestionKind

QUESTIONS: dict[str, tuple[QuestionKind, ...]] = {
    "instruction_following": ("accuracy",),
    "editing_quality": ("naturalness", "realism"),
    "source_preservation": ("preservation",),
    "edit_accuracy": ("accuracy",),
    "preservation_consistency": ("preservation",),
    "generation_naturalness": ("naturalness",),
    "generation_realism": ("realism",),
    "prompt_following": ("accuracy",),
    "edit_quality": ("naturalness", "realism"),
    "background_consistency": ("preservation",),
}
"""Which of the critic's questions answer a criterion, on average. None tells how near a reference is."""


def rubric_scores(sure: Mapping[QuestionKind, float], criteria: Sequence[Criterion]) -> dict[str, float]:
    """Scores of those criteria that the critic's questions answer; sure: its probabilities of Yes."""
    asked = [criterion for criterion in criteria if criterion.name in QUESTIONS]
    return {each.name: each.best * float(np.mean([sure[kind] for kind in QUESTIONS[each.name]])) for each in asked}


class InstructorJudge:
    """name: of the pipeline that the instructor is from, for reports.

    The same frame of source and edited clip at a time, `frames` of them; a score is the mean over them.

    It reads words of the instruction alone and was never taught to read text in pictures, so that such text cannot
    speak to it.
    """

    def __init__(
        self,
        instructor: LlavaForConditionalGeneration,
        processor: LlavaProcessor,
        template: InstructorTemplate,
        rubric: RubricName,
        *,
        name: str = "",
        frames: int = 4,
    ) -> None:
        self.instructor, self.processor, self.template = instructor, processor, template
        self.rubric, self.frames = rubric, frames
        self.settings: dict[str, Any] = {"judge": f"the instructor of {name}", "rubric": rubric, "shown": frames}

    def judge(self, samples: list[Sample]) -> list[Judgement]:
        return [self._judge(sample) for sample in samples]

    @torch.no_grad()
    def _judge(self, sample: Sample) -> Judgement:
        before, after = (list(evenly_spaced(video, self.frames)) for video in (sample.source, sample.edited))
        said = [sample.instruction] * len(before)
        criteria = sample.criteria(self.rubric)
        kinds = dict.fromkeys(kind for criterion in criteria for kind in QUESTIONS.get(criterion.name, ()))
        model = self.instructor, self.processor
        sure = {kind: float(p_yes(*model, before, after, said, kind, self.template).mean()) for kind in kinds}
        return Judgement(rubric_scores(sure, criteria))
