"""FiVE-Acc (FiVE, 2025): a chat model answers questions about an edited clip; is it the answer of a right edit?"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from vireo.judges.chat_model import Answer, Chat
from vireo.judges.judge import Usage
from vireo.judges.rubric import UnusableReply

STRIDE = 4
"""FiVE shows about every fourth frame."""


@dataclass(frozen=True)
class Questions:
    """choice: with the answers a) of the source and b) of the target. target: yes where the edit is done.

    source: yes where it is not; some edits have none.
    """

    choice: str
    target: str
    source: str = ""


def five_accuracy(chat: Chat, video: np.ndarray, questions: Questions) -> Answer[dict[str, float]]:
    """Of an edited clip, uint8 (T, H, W, 3), each 0 or 1: `YN` (the target's question is answered yes and the source's,
    if any, no), `MC` (the choice is b), their `union` and `intersection`; `FiVE-Acc` is the mean of the four.

    Departures: FiVE takes whatever does not begin with the right word for a wrong answer; here a reply that is none is
    a failure. FiVE's questions are put with our words around them.
    """
    groups = [("Video:", video[_places(len(video))])]
    questions_asked: list[tuple[str, Callable[[str], str]]] = [
        (f"Choose the right answer about the video. Reply with its letter alone.\n{questions.choice}", _letter),
        (f"Reply with YES or NO alone, about the video.\n{questions.target}", _yes_or_no),
    ]
    if questions.source:
        questions_asked.append((f"Reply with YES or NO alone, about the video.\n{questions.source}", _yes_or_no))
    answers = [chat.ask(text, groups, read) for text, read in questions_asked]
    usage = sum((answer.usage for answer in answers), start=Usage(cached=True, cost=0.0))
    for answer in answers:
        if answer.value is None:
            return Answer(None, answer.failure, usage)
    choice, target, *source = (answer.value for answer in answers)
    mc, yn = choice == "b", target == "yes" and source in ([], ["no"])
    scores = {"YN": yn, "MC": mc, "union": yn or mc, "intersection": yn and mc}
    found = {name: float(value) for name, value in scores.items()}
    return Answer(found | {"FiVE-Acc": float(np.mean(list(found.values())))}, usage=usage)


def _places(length: int) -> list[int]:
    stride = length // max(length // STRIDE, 1)
    return list(range(stride // 2, length, stride))


def _letter(reply: str) -> str:
    """The letter with which a reply begins, or that it names as its answer."""
    found = re.match(r"\W*(?:(?:the )?(?:answer|option|choice)(?: is)?\W*)?([a-d])\b", reply.lower())
    if found is None:
        raise UnusableReply(f"no letter but {reply[:80]!r}" if reply.strip() else "an empty reply")
    return found[1]


def _yes_or_no(reply: str) -> str:
    found = re.match(r"\W*(yes|no)\b", reply.lower())
    if found is None:
        raise UnusableReply(f"neither yes nor no but {reply[:80]!r}" if reply.strip() else "an empty reply")
    return found[1]
