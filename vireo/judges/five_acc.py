"""FiVE-Acc (FiVE, 2025): a chat model answers questions about an edited clip; is it the answer of a right edit?"""

import re
from dataclasses import dataclass

import numpy as np

from vireo.judges.chat_model import Chat
from vireo.judges.judge import Judgement, Usage
from vireo.judges.rubric import UnusableReply

STRIDE = 4
"""FiVE shows about every fourth frame."""

CHOOSE = "Choose the right answer about the video. Reply with its letter alone."
DECIDE = "Reply with YES or NO alone, about the video."
"""Our words before FiVE's questions."""


@dataclass(frozen=True)
class Questions:
    """choice: with the answers a) of the source and b) of the target. target: yes where the edit is done.

    source: yes where it is not; some edits have none.
    """

    choice: str
    target: str
    source: str = ""


def five_accuracy(chat: Chat, video: np.ndarray, questions: Questions) -> Judgement:
    """Of an edited clip, uint8 (T, H, W, 3), each 0 or 1: `YN` (the target's question is answered yes and the source's,
    if any, no), `MC` (the choice is b), their `union` and `intersection`; `FiVE-Acc` is the mean of the four.

    Departures: FiVE takes whatever does not begin with the right word for a wrong answer; here a reply that is none is
    a failure. FiVE's questions are put with our words before them.
    """
    groups = [("Video:", video[_places(len(video))])]
    decided = [questions.target, questions.source] if questions.source else [questions.target]
    answers = [chat.ask(f"{CHOOSE}\n{questions.choice}", groups, _letter)]
    answers += [chat.ask(f"{DECIDE}\n{question}", groups, _yes_or_no) for question in decided]
    usage = sum((answer.usage for answer in answers), start=Usage(cached=True, cost=0.0))
    for answer in answers:
        if answer.value is None:
            return Judgement(None, failure=answer.failure, usage=usage)
    choice, target, *source = (answer.value for answer in answers)
    mc, yn = choice == "b", target == "yes" and source in ([], ["no"])
    scores = {"YN": float(yn), "MC": float(mc), "union": float(yn or mc), "intersection": float(yn and mc)}
    return Judgement(scores | {"FiVE-Acc": float(np.mean(list(scores.values())))}, usage=usage)


def _places(length: int) -> list[int]:
    stride = length // max(length // STRIDE, 1)
    return list(range(stride // 2, length, stride))


def _letter(reply: str) -> str:
    """The letter with which a reply begins, or that it names as its answer."""
    return _found(r"\W*(?:(?:the )?(?:answer|option|choice)(?: is)?\W*)?([a-d])\b", reply, "no letter")


def _yes_or_no(reply: str) -> str:
    return _found(r"\W*(yes|no)\b", reply, "neither yes nor no")


def _found(pattern: str, reply: str, without: str) -> str:
    found = re.match(pattern, reply.lower())
    if found is None:
        raise UnusableReply(f"{without} but {reply[:80]!r}" if reply.strip() else "an empty reply")
    return found[1]
