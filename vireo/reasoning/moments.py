"""Questions about when: the frames of an event, before it and after it, and those while something is so."""

from typing import Literal

import numpy as np

from vireo.reasoning.events import COVERED, in_motion, stretches
from vireo.reasoning.found import Found, When, union
from vireo.reasoning.kinematics import measure
from vireo.reasoning.queries import EventWord, RelationWord, happened, related
from vireo.reasoning.relations import moving_odds, odds_to_chance, span_confidence
from vireo.reasoning.twin import DigitalTwin, Span

State = Literal["moving", "still", "hidden"]
"""What an object is for a while."""


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


def while_related(twin: DigitalTwin, word: RelationWord, one: Found, other: Found) -> When:
    """The frames in which one of `one` is `word` one of `other`. Raises InputError on an unknown word."""
    answer = related(twin, word, other, one)
    if not answer.likely:
        return When((), 0.0)
    return When(answer.spans, answer.objects[0][1], answer.likely + answer.cited)


def while_so(twin: DigitalTwin, state: State, name: str) -> When:
    """The frames in which an object is in a state: it moves from where it starts until it stops, and is still else, as
    far as that is known; it is hidden from where it is covered until it is seen as well as before, or leaves."""
    spans, chance = _hidden(twin, name) if state == "hidden" else _motion(twin, name, state)
    return When(union(tuple(spans)), chance, (name,)) if spans else When((), 0.0)


def _motion(twin: DigitalTwin, name: str, state: str) -> tuple[list[Span], float]:
    now = measure(twin)
    row = [entry.id for entry in twin.objects].index(name)
    odds, step = moving_odds(now)[row], now.step
    moving = in_motion(odds, step)
    known = ~np.isnan(odds)
    flags = stretches(moving if state == "moving" else ~moving & known)
    if not flags:
        return [], 0.0
    spans = []
    for start, end in flags:
        unknown_before = start >= step and not known[start - step : start].any() and now.seen[row, start - step]
        begins = start - step if unknown_before or (state == "still" and start > 0) else start
        stops = state == "moving" and end < twin.frames and known[end]
        spans.append((begins, end - step if stops else end))
    signed = odds if state == "moving" else -odds
    kept = [span for span in spans if span[0] < span[1]]
    return kept, twin.camera.motion.confidence * span_confidence(odds_to_chance(signed), tuple(flags))


def _hidden(twin: DigitalTwin, name: str) -> tuple[list[Span], float]:
    track, spans, chance = twin.by_id[name].track, [], 1.0
    gone = [event.frame for event in twin.events if event.kind == "leaves" and event.subject == name]
    for event in twin.events:
        if event.kind == "is occluded" and event.subject == name:
            most = max(track.visibility[: event.frame + 1])
            seen = (f for f in range(event.frame + 1, twin.frames) if track.visibility[f] >= COVERED * most)
            ends = [*seen, *(frame for frame in gone if frame > event.frame), twin.frames]
            spans.append((event.frame, min(ends)))
            chance = min(chance, event.confidence)
    return spans, chance
