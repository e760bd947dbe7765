"""Chat models that are shown pictures and asked something, and the judge that any of them makes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

import numpy as np

from vireo.judges.judge import Judgement, Sample, Usage, separately_judged, titled_pictures
from vireo.judges.rubric import FRAME_BY_FRAME, RubricName, read_reply

T = TypeVar("T")

Groups = Sequence[tuple[str, np.ndarray]]
"""What is shown: titles, and the pictures below each, uint8 (n, H, W, 3)."""


@dataclass(frozen=True)
class Answer(Generic[T]):
    """value: what a reply was read as. failure: why there is none."""

    value: T | None
    failure: str | None = None
    usage: Usage = field(default_factory=Usage)


class Chat(Protocol):
    """name: for reports. workers: how many questions it takes at a time."""

    name: str
    workers: int

    def ask(self, text: str, groups: Groups, read: Callable[[str], T]) -> Answer[T]:
        """Asks `text` about the pictures; `read` makes a value of the reply, or raises UnusableReply. Never raises
        because a model is down or answers nonsense."""
        ...


class ChatJudge:
    """frames: how many are shown of each clip, where the rubric does not say which."""

    def __init__(self, chat: Chat, rubric: RubricName, *, frames: int = 3) -> None:
        self.chat, self.rubric, self.frames = chat, rubric, frames
        self.settings: dict[str, Any] = {"judge": chat.name, "rubric": rubric}
        if rubric not in FRAME_BY_FRAME:
            self.settings["shown"] = frames

    def judge(self, samples: list[Sample]) -> list[Judgement]:
        asked = [separately_judged(sample, self.rubric) for sample in samples]
        with ThreadPoolExecutor(self.chat.workers) as pool:
            replies = iter(list(pool.map(self._judge, [look for each in asked for look in each])))
        return [_mean([next(replies) for _ in each]) for each in asked]

    def _judge(self, sample: Sample) -> Judgement:
        read = partial(read_reply, criteria=sample.criteria(self.rubric))
        answer = self.chat.ask(sample.prompt(self.rubric), titled_pictures(sample, self.frames), read)
        scores, reason = answer.value or (None, "")
        return Judgement(scores, reason, answer.failure, answer.usage)


def _mean(looks: Sequence[Judgement]) -> Judgement:
    """Of several looks at one sample; a failure where one of them failed."""
    usage = sum((look.usage for look in looks), start=Usage(cached=True, cost=0.0))
    for look in looks:
        if look.scores is None:
            return Judgement(None, failure=look.failure, usage=usage)
    scores = {name: float(np.mean([look.scores[name] for look in looks])) for name in looks[0].scores}
    return Judgement(scores, " ".join(look.reason for look in looks if look.reason), usage=usage)
