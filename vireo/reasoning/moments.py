"""Questions about when: the frames before, after, and while something happens or is so."""

from typing import Literal

import numpy as np

from vireo.reasoning.found import Found, When, overlap, union
from vireo.reasoning.kinematics import measure
from vireo.reasoning.queries import EventWord, RelationWord, happened, related
from vireo.reasoning.relations import clean_spans, moving_odds, span_confidence
from vireo.reasoning.twin import DigitalTwin, Span


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


def during(a: When, b: When) -> When:
    """The frames of both."""
    return When(overlap(a.spans, b.spans), a.confidence * b.confidence, tuple(dict.fromkeys(a.cited + b.cited)))


def between(twin: DigitalTwin, start: float, end: float) -> When:
    """The frames that are shown first at `start` seconds or later, and before `end`."""
    times = np.array(twin.times)
    first, behind = np.searchsorted(times, (start, end)).tolist()
    return When(((first, behind),) if first < behind else ())


def while_related(twin: DigitalTwin, who: Found, word: RelationWord, to: Found) -> When:
    """The frames in which a likely one of `who` is `word` one of `to`. Raises InputError on an unknown word."""
    answer = related(twin, word, to, among=who)
    if not answer.likely:
        return When((), 0.0)
    return When(answer.spans, answer.objects[0][1], tuple(dict.fromkeys(answer.likely + to.likely)))


def while_moving(twin: DigitalTwin, who: Found, moves: bool = True) -> When:
    """The frames in which a likely one of `who` moves, or is at rest."""
    now = measure(twin)
    odds = moving_odds(now) * (1 if moves else -1)
    spans: tuple[Span, ...] = ()
    cited, chances = [], []
    for entry, margins, seen in zip(twin.objects, odds, now.seen, strict=True):
        held = clean_spans(margins, now.step) if entry.id in who.likely else ()
        if held:
            chances.append(who.confidences[entry.id] * span_confidence(margins, held))
            if held[0][0] == now.step and seen[0]:
                held = ((0, held[0][1]), *held[1:])  # how it goes on is how it was under way
            spans, cited = spans + held, [*cited, entry.id]
    trust = twin.camera.motion.confidence
    return When(union(spans), trust * max(chances, default=0.0), tuple(cited))


def while_seen(twin: DigitalTwin, who: Found) -> When:
    """The frames in which a likely one of `who` is seen."""
    frames = sorted({frame for name in who.likely for frame in twin.by_id[name].track.seen()})
    sure = max((chance for _, chance in who.objects), default=0.0)
    return When(union(tuple((frame, frame + 1) for frame in frames)), sure if frames else 0.0, who.likely)
