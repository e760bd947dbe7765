"""Everything that the reward lab compares, as one list: rewards, what the critic says to each question, rubrics,
measures, and PSNR as a reference of what sees no instruction.

QUESTION            the critic's probability of "Yes", mean over frames; `QUESTION, hard`: 1 where that is over one half
viva, revise        the rubrics' overall scores with the instructor as the judge, 0 to 10
frame consistency   of the instructor's vision tower
judge, RUBRIC       overall score of another judge, where one is given

A reward (`vireo.rewards.registry`) or a measure (`vireo.evaluation.measures`) that is added there is in the lab by
that.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from vireo.evaluation.editors import fingerprint
from vireo.evaluation.measures import MEASURES
from vireo.judges.instructor_judge import rubric_scores
from vireo.judges.judge import Judge, Sample
from vireo.judges.rubric import RubricName, applicable, overall_score
from vireo.metrics.consistency import frame_consistency
from vireo.metrics.image_quality import psnr
from vireo.models.backbones.registry import Backbones
from vireo.models.editors.viva import VireoPipeline
from vireo.models.instructor.prompts import QuestionKind
from vireo.models.presets import resolve
from vireo.rewards.critic import QUESTIONS
from vireo.rewards.evidence import CRITIC_FRAMES, Evidence, Networks
from vireo.rewards.mix import RECOMMENDED_WHOLE
from vireo.rewards.registry import REWARDS
from vireo.rewards.scorer import Scorer, ScoringFailed, Value, computable, score_sample
from vireo.runtime import pick_device


def _question(question: QuestionKind) -> tuple[Scorer, Scorer]:
    """The critic's answer to one question as a probability, and as a verdict."""
    soft = Scorer(name=question, score=lambda e: e.p_yes(question), networks=("instructor",))
    hard = Scorer(name=f"{question}, hard", score=lambda e: float(e.p_yes(question) > 0.5), networks=("instructor",))
    return soft, hard


def _rubric(rubric: RubricName) -> Scorer:
    """A rubric's overall score with the instructor as the judge."""

    def score(evidence: Evidence) -> float:
        return overall_score(rubric, rubric_scores(evidence.p_yes, applicable(rubric)))

    return Scorer(name=rubric, score=score, networks=("instructor",))


def _psnr_to_target(evidence: Evidence) -> Value:
    assert evidence.sample.target is not None, "a scorer that sees the truth is given it"
    return psnr(evidence.sample.edited, evidence.sample.target)


def judge_scorer(judge: Judge) -> Scorer:
    """The overall score of a judge. Raises ScoringFailed where the judge fails."""

    def score(evidence: Evidence) -> float:
        (judgement,) = judge.judge([evidence.sample])
        if judgement.scores is None:
            raise ScoringFailed(judgement.failure)
        return overall_score(judge.rubric, judgement.scores)

    return Scorer(name=f"judge, {judge.rubric}", score=score)


SCORERS: tuple[Scorer, ...] = (
    *(_question(question)[0] for question in QUESTIONS),
    *(_question(question)[1] for question in QUESTIONS),
    *REWARDS.values(),
    RECOMMENDED_WHOLE,
    _rubric("viva"),
    _rubric("revise"),
    Scorer(
        name="frame consistency",
        score=lambda e: frame_consistency(e.images("instructor", "edited")),
        networks=("instructor",),
    ),
    *MEASURES,
    Scorer(name="PSNR to the source", score=lambda e: psnr(e.sample.edited, e.sample.source)),
    Scorer(name="PSNR to the target", score=_psnr_to_target, sees_truth=True),
)


class LabScorers:
    """Those of SCORERS that the loaded networks allow, and a judge's.

    instructor: a preset, folder or hub id of the pipeline whose instructor is asked. backbones: as in `Backbones.open`.
    settings: all that the values depend on, but for the code. Raises InputError and ModelError.
    """

    def __init__(self, instructor: str, backbones: Mapping[str, str], judge: Judge | None = None) -> None:
        pipe, opened = VireoPipeline.from_pretrained(instructor).to(pick_device()), Backbones.open(backbones)
        self.networks = Networks(pipe.templated_instructor, opened.models, pipe.facts.vocabulary)
        self.scorers: Sequence[Scorer] = computable(
            [*SCORERS, *([judge_scorer(judge)] if judge else [])], self.networks
        )
        self.settings: dict[str, Any] = {
            "instructor": instructor,
            "weights": fingerprint(resolve(instructor)),
            "backbones": opened.ids,
            "frames": CRITIC_FRAMES,
            "judge": dict(judge.settings) if judge else None,
            "scorers": [scorer.name for scorer in self.scorers],
        }

    def __call__(self, sample: Sample) -> dict[str, Value]:
        """The values of one sample by scorer, turned so that higher is better. Raises ScoringFailed."""
        values = score_sample(self.scorers, sample, self.networks)
        signs = {scorer.name: 1 if scorer.higher_is_better else -1 for scorer in self.scorers}
        return {name: signs[name] * value if isinstance(value, float) else value for name, value in values.items()}
