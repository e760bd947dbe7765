"""Questions about the objects of a twin, as ordinary functions: what a reasoner's hops call.

Each takes a twin, may look only among objects found before, and only at some moments, and returns `Found`. What a twin
does not know lowers confidence; it is not guessed.
"""

from collections.abc import Sequence
from itertools import product
from typing import Literal, get_args

import numpy as np

from vireo.errors import InputError
from vireo.reasoning.found import Found, When, found, overlap
from vireo.reasoning.kinematics import measure
from vireo.reasoning.orders import frames_of, nth
from vireo.reasoning.relations import moving_odds, odds_to_chance
from vireo.reasoning.twin import DigitalTwin, Event, EventKind, RelationKind, Span

UNKNOWN = 0.25
"""Confidence that an object of unknown colour has the colour asked for: it may, but hardly is the one that is meant."""

SURE = 0.9
"""Confidence from which on nothing is taken for something else than the twin says."""

ALWAYS = 0.9
"""Share of the frames in which what is "always" so has to be so: tracks begin and end roughly."""

RelationWord = Literal[
    RelationKind, "right of", "in front of", "under", "around", "smaller than", "approached by", "followed by"
]
"""How an object lies to another: what a twin writes down, and the inverses."""

_INVERSE: dict[str, RelationKind] = {
    "right of": "left of",
    "in front of": "behind",
    "under": "on",
    "around": "inside",
    "smaller than": "larger than",
    "approached by": "moving towards",
    "followed by": "following",
}

_SYMMETRIC = ("touching",)

EventWord = Literal[EventKind, "hits", "is hit", "occludes"]
"""What an object does. "collides" is said of both sides, "hits" of the one that came, "is hit" of the other."""

_EVENTS: dict[str, tuple[EventKind, tuple[str, ...]]] = {
    **{kind: (kind, ("subject",)) for kind in get_args(EventKind)},
    "collides": ("collides", ("subject", "object")),
    "hits": ("collides", ("subject",)),
    "is hit": ("collides", ("object",)),
    "occludes": ("is occluded", ("object",)),
}
"""The kind of event of a word, and the sides of it that the word is said of."""


def everything(twin: DigitalTwin) -> Found:
    """All objects."""
    return found({entry.id: 1.0 for entry in twin.objects})


def with_value(twin: DigitalTwin, name: str, value: str, among: Found | None = None) -> Found:
    """Objects that are `value` in "category" or an attribute ("color", "material", "size"). Those of which the twin
    does not know it stay, with `UNKNOWN`."""
    chances = {}
    for entry in twin.objects:
        attribute = entry.category if name == "category" else entry.attributes.get(name)
        if attribute is None or attribute.value is None:
            chances[entry.id] = UNKNOWN
        elif attribute.value == value:
            chances[entry.id] = attribute.confidence
    return _restricted(chances, among)


def may_be(twin: DigitalTwin, name: str, value: str, among: Found | None = None) -> Found:
    """The same with those that the twin takes for something else, as far as it doubts that:
    if it is something else, then what was asked for, since people speak of what they see."""
    chances = with_value(twin, name, value).confidences
    for entry in twin.objects:
        attribute = entry.category if name == "category" else entry.attributes.get(name)
        if entry.id not in chances and attribute is not None and attribute.confidence < SURE:
            chances[entry.id] = 1 - attribute.confidence
    return _restricted(chances, among)


def related(
    twin: DigitalTwin,
    word: RelationWord,
    to: Found,
    among: Found | None = None,
    when: When | None = None,
    always: bool = False,
) -> Found:
    """Objects that are `word` one of `to`: at some time of `when` (None: of the clip), or at nearly all frames of it in
    which both are seen. Raises InputError on an unknown word."""
    if word not in get_args(RelationWord):
        raise InputError(f'there is no relation "{word}"', f"use one of: {', '.join(get_args(RelationWord))}")
    kind, turned = _INVERSE.get(word, word), word in _INVERSE
    others, chances, spans = to.confidences, {}, {}
    for link in twin.relations:
        if link.kind != kind:
            continue
        sides = [(link.subject, link.object), (link.object, link.subject)]
        for one, other in sides if word in _SYMMETRIC else [sides[turned]]:
            held = link.spans if when is None else overlap(link.spans, when.spans)
            if other in others and held and (not always or _nearly_always(twin, (one, other), held, when)):
                chance = link.confidence * others[other] * (1.0 if when is None else when.confidence)
                if chance > chances.get(one, 0.0):
                    chances[one], spans[one] = chance, held
    answer = _restricted(chances, among, to.likely)
    return found(answer.confidences, answer.cited, sum((spans[name] for name in answer.likely), ()))


def between(
    twin: DigitalTwin,
    one: Found,
    other: Found,
    among: Found | None = None,
    when: When | None = None,
    always: bool = False,
) -> Found:
    """Objects between one of `one` and one of `other` in the picture: right of the first and left of the second, or the
    other way round, however high or far away they are. When and always as in `related`; in frames in which a place is
    not known nothing is between."""
    sides = {(link.subject, link.object): link for link in twin.relations if link.kind == "left of"}
    chances, spans = {}, {}
    for entry, a, b in product(twin.objects, one.objects, other.objects):
        for (left, p), (right, q) in ((a, b), (b, a)):
            ahead, behind = sides.get((left, entry.id)), sides.get((entry.id, right))
            if ahead is None or behind is None or left == right:
                continue
            held = overlap(ahead.spans, behind.spans)
            held = held if when is None else overlap(held, when.spans)
            if held and (not always or _nearly_always(twin, (left, entry.id, right), held, when)):
                chance = min(ahead.confidence, behind.confidence) * p * q * (1.0 if when is None else when.confidence)
                if chance > chances.get(entry.id, 0.0):
                    chances[entry.id], spans[entry.id] = chance, held
    answer = _restricted(chances, among, one.likely + other.likely)
    return found(answer.confidences, answer.cited, sum((spans[name] for name in answer.likely), ()))


def doing(
    twin: DigitalTwin,
    word: EventWord,
    to: Found | None = None,
    among: Found | None = None,
    when: When | None = None,
    order: Literal["any", "first", "last"] = "any",
    rank: int = 1,
) -> Found:
    """Objects to which an event of `when` (None: of the clip) happened. to: the other side of it ("hits" these). order:
    only the object to which it happened first, or last; rank: second, third, ... from there. Raises InputError on an
    unknown word."""
    found_events = happened(twin, word, among, to, when)
    if order != "any":
        found_events = nth(found_events if order == "first" else found_events[::-1], rank)
    chances: dict[str, float] = {}
    for name, _, chance in found_events:
        chances[name] = max(chance, chances.get(name, 0.0))
    spans = tuple((event.frame, event.frame + 1) for _, event, _ in found_events)
    return found(chances, to.likely if to is not None else (), spans)


def happened(
    twin: DigitalTwin, word: EventWord, who: Found | None = None, to: Found | None = None, when: When | None = None
) -> list[tuple[str, Event, float]]:
    """Who did it, the event, and the confidence in both, in order of time. Raises InputError on an unknown word."""
    if word not in get_args(EventWord):
        raise InputError(f'there is no event "{word}"', f"use one of: {', '.join(get_args(EventWord))}")
    kind, sides = _EVENTS[word]
    answer = []
    for event in sorted(twin.events, key=lambda event: event.frame):
        if event.kind != kind or (when is not None and not overlap(((event.frame, event.frame + 1),), when.spans)):
            continue
        for side in sides:
            name, other = (event.subject, event.object) if side == "subject" else (event.object, event.subject)
            chance = event.confidence * (1.0 if when is None else when.confidence)
            chance *= 1.0 if who is None else who.confidences.get(name or "", 0.0)
            chance *= 1.0 if to is None else to.confidences.get(other or "", 0.0)
            if name is not None and chance > 0:
                answer.append((name, event, chance))
    return answer


def moving(twin: DigitalTwin, among: Found | None = None, when: When | None = None) -> Found:
    """Objects that move at some time of `when` (None: of the clip), whether or not they start or stop in it."""
    return _by_speed(twin, among, when, 1)


def resting(twin: DigitalTwin, among: Found | None = None, when: When | None = None) -> Found:
    """Objects that are at rest all through `when` (None: the clip)."""
    return _by_speed(twin, among, when, -1)


def _restricted(chances: dict[str, float], among: Found | None, cited: tuple[str, ...] = ()) -> Found:
    if among is None:
        return found(chances, cited)
    limits = among.confidences
    return found({name: chance * limits.get(name, 0.0) for name, chance in chances.items()}, cited + among.cited)


def _nearly_always(twin: DigitalTwin, names: Sequence[str], held: tuple[Span, ...], when: When | None) -> bool:
    frames = set(frames_of(twin, when)).intersection(*(twin.by_id[name].track.seen() for name in names))
    inside = {frame for start, end in held for frame in range(start, end)}
    return len(inside & frames) >= ALWAYS * len(frames)


def _by_speed(twin: DigitalTwin, among: Found | None, when: When | None, sign: int) -> Found:
    """sign: 1 for what moves, -1 for what rests. Speeds are those of the best-known frames: the second highest, where
    there are several, so that one bad mask moves nothing."""
    frames, chances = frames_of(twin, when), {}
    trust = twin.camera.motion.confidence * (1.0 if when is None else when.confidence)
    for entry, odds in zip(twin.objects, moving_odds(measure(twin)), strict=True):
        known = np.sort(odds[frames][~np.isnan(odds[frames])])
        if len(known) and sign * known[-min(2, len(known))] > 0:
            chances[entry.id] = trust * float(odds_to_chance(sign * known[-min(2, len(known))]))
    answer = _restricted(chances, among)
    return found(answer.confidences, answer.cited, () if when is None else when.spans)
