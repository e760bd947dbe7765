"""Chat models that are shown pictures and asked something, and the judge that any of them makes."""

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


def user_message(text: str, groups: Groups, as_part: Callable[[np.ndarray], dict[str, Any]]) -> dict[str, Any]:
    """What is asked as one message of a chat. as_part: a picture in the form that the model takes."""
    content: list[dict[str, Any]] = [{"type": "text", "text": text}]
    for title, pictures in groups:
        content += [{"type": "text", "text": title}, *map(as_part, pictures)]
    return {"role": "user", "content": content}


class ChatJudge:
    """A judge made of any chat model. frames: how many are shown of each clip, where the rubric does not say which."""

    def __init__(self, chat: Chat, rubric: RubricName, *, frames: int = 3) -> None:
        self.chat, self.frames = chat, frames
        self.rubric: RubricName = rubric
        self.settings: dict[str, Any] = {"judge": chat.name, "rubric": rubric}
        if rubric not in FRAME_BY_FRAME:
            self.settings["frames_shown"] = frames

    def judge(self, samples: list[Sample]) -> list[Judgement]:
        parts = [separately_judged(sample, self.rubric) for sample in samples]
        with ThreadPoolExecutor(self.chat.workers) as pool:
            judgements = iter(list(pool.map(self._judge, [part for each in parts for part in each])))
        return [_mean([next(judgements) for _ in each]) for each in parts]

    def _judge(self, sample: Sample) -> Judgement:
        read = partial(read_reply, criteria=sample.criteria(self.rubric))
        answer = self.chat.ask(sample.prompt(self.rubric), titled_pictures(sample, self.frames), read)
        scores, reason = answer.value or (None, "")
        return Judgement(scores, reason, answer.failure, answer.usage)


def _mean(parts: Sequence[Judgement]) -> Judgement:
    """Of the judgements of a sample's parts; a failure where one of them failed."""
    usage = sum((part.usage for part in parts), start=Usage(cached=True, cost=0.0))
    scores = [part.scores for part in parts if part.scores is not None]
    if len(scores) < len(parts):
        return Judgement(None, failure=next(part.failure for part in parts if part.scores is None), usage=usage)
    means = {name: float(np.mean([each[name] for each in scores])) for name in scores[0]}
    return Judgement(means, " ".join(part.reason for part in parts if part.reason), usage=usage)
