"""The instructor as a judge: its probability of Yes to the critic's questions (`vireo.models.instructor.critic`)."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Self

import numpy as np
import torch

from vireo.judges.judge import JudgeKind, Judgement, Sample, evenly_spaced
from vireo.judges.rubric import Criterion, RubricName
from vireo.models.editors.viva import VireoPipeline
from vireo.models.instructor.critic import p_yes
from vireo.models.instructor.instructor import Instructor
from vireo.models.instructor.prompts import QuestionKind
from vireo.runtime import pick_device

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


def rubric_scores(ask: Callable[[QuestionKind], float], criteria: Sequence[Criterion]) -> dict[str, float]:
    """Scores of those criteria that the critic's questions answer. ask: its probability of "Yes" to a question."""
    return {
        criterion.name: criterion.best * float(np.mean([ask(question) for question in QUESTIONS[criterion.name]]))
        for criterion in criteria
        if criterion.name in QUESTIONS
    }


@torch.no_grad()
def yes_chance(
    instructor: Instructor, sample: Sample, question: QuestionKind, frames: int, instruction: str | None = None
) -> float:
    """The critic's probability of "Yes", 0..1, mean over `frames` frames of a sample, or all of a shorter clip.

    instruction: asked about in place of the sample's own, as one of its parts.
    """
    asked = sample.instruction if instruction is None else instruction
    shown = min(frames, len(sample.source), len(sample.edited))
    source, edited = (list(evenly_spaced(video, shown)) for video in (sample.source, sample.edited))
    return float(p_yes(instructor, source, edited, [asked] * len(source), question).mean())


class InstructorJudge:
    """The same frame of source and edited clip at a time, `frames` of them; a score is the mean over them.

    name: of the pipeline that the instructor is from, for reports.

    It reads words of the instruction alone and was never taught to read text in pictures, so that such text cannot
    speak to it.
    """

    def __init__(self, instructor: Instructor, rubric: RubricName, *, name: str = "", frames: int = 4) -> None:
        self.instructor = instructor
        self.rubric: RubricName = rubric
        self.frames = frames
        self.settings = {"judge": f"the instructor of {name}", "rubric": rubric, "frames_shown": frames}

    @classmethod
    def from_pretrained(cls, name: str, rubric: RubricName) -> Self:
        """name: a preset, folder or hub id of a pipeline. Raises ModelError."""
        pipe = VireoPipeline.from_pretrained(name).to(pick_device())
        return cls(pipe.templated_instructor, rubric, name=name)

    def judge(self, samples: list[Sample]) -> list[Judgement]:
        return [self._judge(sample) for sample in samples]

    def _judge(self, sample: Sample) -> Judgement:
        ask = partial(yes_chance, self.instructor, sample, frames=self.frames)
        return Judgement(rubric_scores(ask, sample.criteria(self.rubric)))


INSTRUCTOR = JudgeKind(
    matches=lambda address: True,
    open=lambda address, rubric, options: InstructorJudge.from_pretrained(address, rubric),
)
"""Addresses are presets, folders and hub ids of pipelines."""
