"""What calls come to: each that asks is answered by the ordinary queries of a twin, and cited as a reason of the plan.

Without a twin, names alone have answers: the words themselves, of which an editor finds the object.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from vireo.errors import InputError
from vireo.reasoning import moments, orders, queries
from vireo.reasoning.found import Found, When, found, reason, without
from vireo.reasoning.hops import TIMES, Call
from vireo.reasoning.literal import described
from vireo.reasoning.plan import Reason
from vireo.reasoning.twin import DigitalTwin

_RELATIONS: dict[str, queries.RelationWord] = {
    **{
        word.replace(" ", "-"): word
        for word in ("left of", "right of", "behind", "in front of", "on", "under", "inside")
    },
    **{word.replace(" ", "-"): word for word in ("touching", "larger than", "smaller than", "moving towards")},
    **{word.replace(" ", "-"): word for word in ("approached by", "following", "followed by")},
    "containing": "around",
}
_PLACED = ("left-of", "right-of", "behind", "in-front-of", "larger-than", "smaller-than")
"""Relations that are meant to hold all along, where there is something for which they do; the others come and go."""

_MEETINGS: dict[str, queries.EventWord] = {"moving towards": "hits", "approached by": "is hit"}
"""What comes of nearing, where something does: what a ball is about to hit is not what lies behind that."""

_EVENTS: dict[str, queries.EventWord] = {
    **{word: word for word in ("appears", "leaves", "starts", "stops", "collides")},
    "is-occluded": "is occluded",
    "occluding": "occludes",
    "occluded-by": "is occluded",
}
_ORDERS: dict[str, tuple[Literal["first", "last"], int]] = {
    **{word: ("first", rank) for rank, word in enumerate(("first", "second", "third", "fourth"), 1)},
    "last": ("last", 1),
    "last-but-one": ("last", 2),
}
"""From which end, and the how manyth."""

_SIDES = {"leftmost": "left", "rightmost": "right"}

CLEARLY = 0.05
"""Confidence below which an object is no candidate for what is meant."""


class NothingFound(InputError):
    """A call asks for what the twin does not have, or cannot be asked without one."""


@dataclass(frozen=True)
class Answer:
    """found: the objects, of a call that asks for objects; name: attributes by which the call names them, where it does
    nothing else. when: moments, of one that asks for these. reason: for the plan; None without a twin."""

    call: Call
    found: Found = field(default_factory=lambda: found({}))
    name: Mapping[str, str] | None = None
    when: When | None = None
    reason: Reason | None = None

    @property
    def ids(self) -> tuple[str, ...]:
        """Those that likely are meant; the likeliest where none is."""
        return self.found.likely or self.found.ids[:1]

    @property
    def chance(self) -> float:
        """Probability that the first of `ids` is what is meant."""
        return self.found.meant[self.ids[0]]

    @property
    def one(self) -> Found:
        """The likeliest object alone."""
        return Found(self.found.objects[:1], self.found.cited, self.found.spans)


def ask(call: Call, answers: Sequence[Answer], twin: DigitalTwin | None) -> Answer:
    """The answer to a call; answers: to the calls before it that ask. Raises NothingFound where a time is asked for
    that does not come, or anything but names without a twin."""
    name = _name(call)
    if twin is None:
        if name is None:
            raise NothingFound(f"{call.head} asks about what the clip shows", "look at the clip first")
        return Answer(call, name=name)
    if call.head in TIMES:
        when = _MOMENTS[call.head](twin, call, answers)
        if not when.spans:
            raise NothingFound(f"there is no time {explain(call, answers)}", "name another time")
        return Answer(call, when=when, reason=reason(twin, f"{explain(call, answers)}", when))
    objects = _OBJECTS[call.head](twin, call, answers)
    kept = Found(tuple(entry for entry in objects.objects if entry[1] >= CLEARLY), objects.cited, objects.spans)
    answer = Answer(call, kept, name)
    text = f"{explain(call, answers)}: {', '.join(answer.ids) or 'nothing'}"
    return Answer(call, kept, name, reason=reason(twin, text, kept))


def _name(call: Call) -> dict[str, str] | None:
    """The attributes of a call that only names something: the red ball, the left red ball."""
    known = call.attributes
    if "category" not in known or call.values.keys() & {"in", "at", "rank"}:
        return None
    if call.head == "find":
        return known
    side = _SIDES.get(call.values.get("extreme", ""))
    return None if side is None else {**known, "side": side}


def explain(call: Call, answers: Sequence[Answer]) -> str:
    """What a call asks for, in words; other answers by their ids."""

    def ids(slot: str) -> str:
        place = call.reference(slot)
        return "" if place is None else ", ".join(answers[place].ids) or "it"

    values = call.values
    noun = described({"category": "object", **call.attributes})
    among = f" among {ids('in')}" if "in" in values else ""
    at = {"at-start": " at the start", "at-end": " at the end"}.get(values.get("at", ""), "")
    of, other, event = ids("of"), ids("other"), values.get("event", "").replace("-", " ")
    relation, rank = values.get("relation", "").replace("-", " "), f"{values['rank']} " if "rank" in values else ""
    met = f" with {other}" if "other" in values else ""
    texts = {
        "find": f"the {noun}",
        "related": f"the {noun} {relation} {of}",
        "between": f"the {noun} between {of} and {other}",
        "extreme": f"the {rank}{values.get('extreme')} {noun}",
        "happens": f"the {noun} that {event} {values.get('order', '').replace('-', ' ')}".strip(),
        "partner": f"the {noun} that {'collides with' if event == 'collides' else 'is ' + event} {of}",
        "motion": f"the {noun} that is {values.get('motion')}",
        "alike": f"the {noun} with the same {values.get('attribute')} as {of}",
        "counted": f"the {noun} with a {values.get('attribute')} that occurs {values.get('number')} times",
        "other": f"the {noun} other than {of}",
        "after": f"after {of} {event}{met}",
        "before": f"before {of} {event}{met}",
        "during": f"in the {values.get('part', '').replace('-', ' ')}",
        "while": f"while {of} is {values.get('state')}",
        "holds": f"while {of} is {relation} {other}",
    }
    return f"{texts[call.head]}{among}{at}"


def nothing(call: Call, answers: Sequence[Answer]) -> NothingFound:
    """The error of a call that finds nothing."""
    return NothingFound(f"found no {explain(call, answers).removeprefix('the ')}", "name something else")


def _of(call: Call, answers: Sequence[Answer], slot: str = "of") -> Found:
    place = call.reference(slot)
    assert place is not None, call
    if not answers[place].found.objects:
        raise NothingFound(
            f"found no {explain(answers[place].call, answers).removeprefix('the ')}", "name something else"
        )
    return answers[place].one


def _among(twin: DigitalTwin, call: Call, answers: Sequence[Answer]) -> Found:
    """What may be the answer: objects with the attributes of the call, and of the answer that it looks in. Where there
    are none, those that the twin may be mistaken about: what people speak of is there, as a rule."""
    place = call.reference("in")
    whole = queries.everything(twin) if place is None else answers[place].found
    for with_value in (queries.with_value, queries.may_be):
        limits = whole
        for name, value in call.attributes.items():
            limits = with_value(twin, name, value, limits)
        if any(chance >= CLEARLY for _, chance in limits.objects):
            return limits
    return found({})


def _at(twin: DigitalTwin, call: Call) -> When | None:
    frames = {"at-start": (0, 1), "at-end": (twin.frames - 1, twin.frames)}.get(call.values.get("at", ""))
    return None if frames is None else When((frames,))


def _related(twin: DigitalTwin, call: Call, answers: Sequence[Answer]) -> Found:
    word, to, among = _RELATIONS[call.values["relation"]], _of(call, answers), _among(twin, call, answers)
    when = _at(twin, call)
    if call.values["relation"] in _PLACED and when is None:
        always = queries.related(twin, word, to, among, always=True)
        if always.likely:
            return always
    if word in _MEETINGS and when is None:
        met = queries.doing(twin, _MEETINGS[word], _certain(to), among)
        if met.likely:
            return queries.doing(twin, _MEETINGS[word], to, among)
    return queries.related(twin, word, to, among, when)


def _certain(answer: Found) -> Found:
    return Found(tuple((name, 1.0) for name in answer.ids), answer.cited, answer.spans)


def _between(twin: DigitalTwin, call: Call, answers: Sequence[Answer]) -> Found:
    one, other, among = _of(call, answers), _of(call, answers, "other"), _among(twin, call, answers)
    when = _at(twin, call)
    if when is None:
        always = queries.between(twin, one, other, among, always=True)
        if always.likely:
            return always
    return queries.between(twin, one, other, among, when)


def _extreme(twin: DigitalTwin, call: Call, answers: Sequence[Answer]) -> Found:
    which, rank = call.values["extreme"], _ORDERS[call.values.get("rank", "first")][1]
    return orders.extreme(twin, which, _among(twin, call, answers), _at(twin, call), rank)  # type: ignore[arg-type]


def _happens(twin: DigitalTwin, call: Call, answers: Sequence[Answer]) -> Found:
    order, rank = _ORDERS[call.values["order"]] if "order" in call.values else ("any", 1)
    word, among = _EVENTS[call.values["event"]], _among(twin, call, answers)
    return queries.doing(twin, word, None, among, order=order, rank=rank)


def _partner(twin: DigitalTwin, call: Call, answers: Sequence[Answer]) -> Found:
    return queries.doing(twin, _EVENTS[call.values["event"]], _of(call, answers), _among(twin, call, answers))


def _motion(twin: DigitalTwin, call: Call, answers: Sequence[Answer]) -> Found:
    asked = queries.moving if call.values["motion"] == "moving" else queries.resting
    return asked(twin, _among(twin, call, answers))


def _alike(twin: DigitalTwin, call: Call, answers: Sequence[Answer]) -> Found:
    to, attribute = _of(call, answers), call.values["attribute"]
    value = twin.by_id[to.ids[0]].value(attribute)
    if value is None:
        return found({})
    itself, among = Found(((to.ids[0], 1.0),), to.cited, to.spans), _among(twin, call, answers)
    alike = without(queries.with_value(twin, attribute, value, among), itself)
    if any(chance >= CLEARLY for _, chance in alike.objects):
        return alike
    return without(queries.may_be(twin, attribute, value, among), itself)


def _counted(twin: DigitalTwin, call: Call, answers: Sequence[Answer]) -> Found:
    attribute, number = call.values["attribute"], int(call.values["number"])
    values = [entry.value(attribute) for entry in twin.objects]
    shared = {entry.id: 1.0 for entry in twin.objects if entry.value(attribute) is not None}
    shared = {name: 1.0 for name in shared if values.count(twin.by_id[name].value(attribute)) == number}
    limits = _among(twin, call, answers).confidences
    return found({name: limits.get(name, 0.0) for name in shared})


def _other(twin: DigitalTwin, call: Call, answers: Sequence[Answer]) -> Found:
    to = _of(call, answers)
    return without(_among(twin, call, answers), Found(((to.ids[0], 1.0),), to.cited, to.spans))


_Ask = Callable[[DigitalTwin, Call, Sequence[Answer]], Found]
_OBJECTS: dict[str, _Ask] = {
    "find": _among,
    "related": _related,
    "between": _between,
    "extreme": _extreme,
    "happens": _happens,
    "partner": _partner,
    "motion": _motion,
    "alike": _alike,
    "counted": _counted,
    "other": _other,
}


def _event_time(twin: DigitalTwin, call: Call, answers: Sequence[Answer]) -> When:
    met = _of(call, answers, "other") if "other" in call.values else None
    return moments.time_of(twin, _EVENTS[call.values["event"]], _of(call, answers), met)


def _half(twin: DigitalTwin, call: Call, answers: Sequence[Answer]) -> When:
    middle = twin.frames // 2
    span = (0, middle) if call.values["part"] == "first-half" else (middle, twin.frames)
    return When((span,) if span[0] < span[1] else ())


_MOMENTS: dict[str, Callable[[DigitalTwin, Call, Sequence[Answer]], When]] = {
    "after": lambda twin, call, answers: moments.after(twin, _event_time(twin, call, answers)),
    "before": lambda twin, call, answers: moments.before(_event_time(twin, call, answers)),
    "during": _half,
    "while": lambda twin, call, answers: moments.while_so(
        twin,
        call.values["state"],  # type: ignore[arg-type]
        _of(call, answers).ids[0],
    ),
    "holds": lambda twin, call, answers: moments.while_related(
        twin, _RELATIONS[call.values["relation"]], _of(call, answers), _of(call, answers, "other")
    ),
}
