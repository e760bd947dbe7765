"""A judge of edits: source, edited clip and instruction in, scores under a rubric out."""

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from vireo.judges.rubric import FRAME_BY_FRAME, Criterion, RubricName, applicable, prompt


@dataclass(frozen=True)
class Sample:
    """One edit to judge. source, edited: uint8 (T, H, W, 3). reference: uint8 (H, W, 3) or None.

    generates: whether the clip is a new one (ReViSE's ICVG) and nothing of the source has to stay. source_caption,
    target_caption: of the source and of what the edit shall look like, empty where they are not known. target, mask:
    the exact result and where it differs from the source (uint8 as the source, bool (T, H, W)), where they are known;
    judges do not read them. parts: what the instruction asks for, thing by thing, as the steps of its plan say it;
    empty where there is no plan. region: bool (T, H, W), where the edit may change the clip, as who asks for it knows
    it (from a plan, a person's mask, a pair set); None where nobody does.
    """

    source: np.ndarray
    edited: np.ndarray
    instruction: str
    reference: np.ndarray | None = None
    generates: bool = False
    _: KW_ONLY
    source_caption: str = ""
    target_caption: str = ""
    target: np.ndarray | None = None
    mask: np.ndarray | None = None
    parts: tuple[str, ...] = ()
    region: np.ndarray | None = None

    def criteria(self, rubric: RubricName) -> tuple[Criterion, ...]:
        return applicable(rubric, reference=self.reference is not None, generates=self.generates)

    def prompt(self, rubric: RubricName) -> str:
        return prompt(rubric, self.instruction, reference=self.reference is not None, generates=self.generates)


@dataclass(frozen=True)
class Usage:
    """What a judgement has cost. calls: requests that were sent. cached: whether it was read from disk instead.

    cost: in the unit of the endpoint's prices; None where they are not known.
    """

    calls: int = 0
    cached: bool = False
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float | None = None

    def __add__(self, other: "Usage") -> "Usage":
        cost = None if self.cost is None or other.cost is None else self.cost + other.cost
        tokens = self.prompt_tokens + other.prompt_tokens, self.completion_tokens + other.completion_tokens
        return Usage(self.calls + other.calls, self.cached and other.cached, *tokens, cost)


@dataclass(frozen=True)
class Judgement:
    """scores: by criterion, from 0 to its best. failure: why there are none; a failure is no score, least of all 0."""

    scores: dict[str, float] | None
    reason: str = ""
    failure: str | None = None
    usage: Usage = field(default_factory=Usage)


class Judge(Protocol):
    """rubric: whose criteria it scores. settings: all that its scores depend on."""

    @property
    def rubric(self) -> RubricName: ...

    @property
    def settings(self) -> Mapping[str, Any]: ...

    def judge(self, samples: list[Sample]) -> list[Judgement]:
        """One judgement a sample; never raises because a judge is down or answers nonsense."""
        ...


@dataclass(frozen=True)
class JudgeOptions:
    """cache: folder of replies of judges that cost money. prices: of a million tokens in prompts and in replies."""

    cache: Path
    prices: tuple[float, float] | None = None


@dataclass(frozen=True)
class JudgeKind:
    """One way to get a judge. matches: whether an address has the form of its addresses. open: the judge at an address,
    which scores by a rubric; raises InputError and ModelError."""

    matches: Callable[[str], bool]
    open: Callable[[str, RubricName, JudgeOptions], Judge]


def evenly_spaced(video: np.ndarray, frames: int) -> np.ndarray:
    """`frames` frames of a clip, evenly from the first to the last; all of a shorter one."""
    places = np.linspace(0, len(video) - 1, min(frames, len(video))).round().astype(int)
    return video[places]


def separately_judged(sample: Sample, rubric: RubricName) -> list[Sample]:
    """What is judged one by one, for the mean of its scores: the sample itself or, under a rubric of FRAME_BY_FRAME,
    frames of it (EditVerse's: from the first on, a third of the clip apart) without the reference."""
    if rubric not in FRAME_BY_FRAME:
        return [sample]
    source, edited, length = sample.source, sample.edited, min(len(sample.source), len(sample.edited))
    places = range(0, length, max(length // 3, 1))
    return [Sample(source[[k]], edited[[k]], sample.instruction) for k in places]


def titled_pictures(sample: Sample, frames: int) -> list[tuple[str, np.ndarray]]:
    """What a judge is shown of a sample: titles, and the pictures below each, uint8 (n, H, W, 3)."""
    clips = {"Original video:": sample.source, "Edited video:": sample.edited}
    groups = [(title, evenly_spaced(clip, frames)) for title, clip in clips.items()]
    if sample.reference is not None:
        groups.append(("Reference image:", sample.reference[None]))
    return groups
