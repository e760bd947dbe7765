"""Questions about when: the frames of an event, before it and after it."""

from typing import Literal

from vireo.reasoning.found import Found, When
from vireo.reasoning.queries import EventWord, happened
from vireo.reasoning.twin import DigitalTwin


def time_of(
    twin: DigitalTwin,
    word: EventWord,
    who: Found | None = None,
    to: Found | None = None,
    order: Literal["first", "last"] = "first",
) -> When:
    """The frame of the first or last such event; no frame where there is none. who, to: its sides, see
    `vireo.reasoning.queries.doing`. Raises InputError on an unknown word."""
    answer = happened(twin, word, who, to)
    if not answer:
        return When((), 0.0)
    _, event, chance = answer[0 if order == "first" else -1]
    cited = (event.subject,) if event.object is None else (event.subject, event.object)
    return When(((event.frame, event.frame + 1),), chance, cited)


def before(when: When) -> When:
    """The frames up to where it begins."""
    ahead = tuple((0, start) for start, _ in when.spans[:1] if start > 0)
    return When(ahead, when.confidence, when.cited)


def after(twin: DigitalTwin, when: When) -> When:
    """The frames from where it has ended, its last frame included if it is a single one: an event's frame is the first
    that shows what comes of it."""
    if not when.spans:
        return when
    start, end = when.spans[-1]
    begin = start if end - start == 1 else end
    return When(((begin, twin.frames),) if begin < twin.frames else (), when.confidence, when.cited)
