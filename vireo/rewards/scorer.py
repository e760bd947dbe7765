"""What gives an edited clip a number: rewards, and all that the reward lab compares them with."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from vireo.judges.judge import Sample
from vireo.rewards.evidence import Evidence, Networks


@dataclass(frozen=True)
class Undefined:
    """What a scorer returns for a sample of which its value is not defined, e.g. for want of a reference image.

    Such a sample is left out of every statistic, and counted; it never counts as 0. reason: for the report.
    """

    reason: str


Value = float | Undefined

Input = Literal["source_caption", "target_caption", "reference", "region"]
"""Fields of a `Sample` that not every sample has."""


class ScoringFailed(Exception):
    """A scorer failed on a sample and may succeed when it is asked again, as judges behind an endpoint do; says why."""


@dataclass(frozen=True, kw_only=True)
class Scorer:
    """A function of one edited clip, and what has to be known about it.

    name: unique in its registry. score: gives the value of one sample; calls are independent of each other.
    networks: what has to be loaded, "instructor" or kinds of `vireo.models.backbones.registry`. inputs: fields without
    which the value is undefined; `score` is not called then. sees_truth: whether it is given the exact result (`target`
    and `mask` of the sample), which no reward for training on unlabelled videos can have. higher_is_better: else
    statistics take the negative value.
    """

    name: str
    score: Callable[[Evidence], Value]
    networks: tuple[str, ...] = ()
    inputs: tuple[Input, ...] = ()
    sees_truth: bool = False
    higher_is_better: bool = True

    def __call__(self, evidence: Evidence) -> Value:
        """The value of one sample. Raises ScoringFailed."""
        for field in self.inputs:
            value = getattr(evidence.sample, field)
            if value is None or (isinstance(value, str) and not value):
                return Undefined(f"no {field.replace('_', ' ')}")
        return self.score(evidence if self.sees_truth else evidence.without_truth())


def computable(scorers: Iterable[Scorer], networks: Networks) -> list[Scorer]:
    """Those whose networks are loaded, in the same order."""
    return [scorer for scorer in scorers if all(networks.has(name) for name in scorer.networks)]


def score_sample(scorers: Sequence[Scorer], sample: Sample, networks: Networks) -> dict[str, Value]:
    """The values of a sample by the scorers' names; what several need is computed once. Raises ScoringFailed."""
    evidence = Evidence(sample, networks)
    return {scorer.name: scorer(evidence) for scorer in scorers}
