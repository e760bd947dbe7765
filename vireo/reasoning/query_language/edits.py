"""Requests for one edit each: wordings of an operation, of what it is done to and of when, and its step."""

from dataclasses import dataclass
from typing import NamedTuple

from vireo.reasoning.hops import Call, spelled
from vireo.reasoning.literal import described, with_article
from vireo.reasoning.query_language import wordings
from vireo.reasoning.query_language.draft import Draft
from vireo.reasoning.query_language.edit_wordings import (
    COPIED,
    EVERYDAY,
    FIRST_NAMED,
    JOINED,
    NO_ORDER,
    SCENES,
)
from vireo.reasoning.query_language.naming import Mention, named
from vireo.reasoning.query_language.referring import refer
from vireo.reasoning.query_language.several import every
from vireo.reasoning.query_language.times import Clause, time_clause
from vireo.reasoning.query_language.wordings import Said
from vireo.world.appearance import pick, weighted
from vireo.world.families import TOPICS
from vireo.world.families.record import ImplicitWordings, Topic

WHOLE_TOPICS = ("add", "floor", "backdrop", "setting", "light", "style", "watermark")
"""Operations on objects of the clip, and on the picture or with what is to come."""

_SHARES = {"recolor": 0.3, "material": 0.16, "remove": 0.22, "replace": 0.12, "grow": 0.08, "shrink": 0.08}
_SHARES |= {"reference": 0.04}

_GAPPED = {"recolor": "color", "material": "material"}

_TIMED = 0.18
_WHOLE_TIMED = 0.12
_FIRST_NAMED = 0.1
_NO_OBJECT_FIRST = (*NO_ORDER, "let", "use", "substitute")
"""First words of requests that cannot come behind their object."""


class Focus(NamedTuple):
    """What "it" stands for: the object of the request before. place: of its answer. category: of its name, or None."""

    place: int
    category: str | None


@dataclass(frozen=True)
class Request:
    text: str
    focus: Focus | None
    level: int = 0


def templates(draft: Draft, topic: Topic) -> tuple[str, ...]:
    own = EVERYDAY.get(topic.name, Said((), ()))
    if draft.wordings == "train":
        return (*topic.plain, *topic.train, *own.train)
    return (*topic.test, *own.held_out)


def request_edit(draft: Draft, level: int | None, focus: Focus | None = None, *, timed: bool = True) -> Request:
    """Draws one request and adds its calls. level: calls that the object takes, 0 for its name; None for an edit of the
    whole picture. focus: what a pronoun may stand for. Raises Unfit where it does not fit the clip."""
    if level is None:
        return _timed_whole(draft, timed=timed)
    topic = TOPICS[weighted(draft.rng, _SHARES)]
    if topic.name in _GAPPED and level == 0 and focus is None and draft.chance(0.06):
        return _gapped(draft, topic.name)
    if topic.name == "remove" and level == 0 and focus is None and draft.chance(0.08):
        return _listed(draft)
    mention, together = _mention(draft, level, focus, topic.name), False
    if mention is None:
        mention, together = every(draft), True
    clause, said = None, mention.text
    if timed and draft.chance(_TIMED):
        clause = time_clause(draft, None if together else mention, new=focus is None)
        said = clause.again or said
    values = {**({"all": "all"} if together else {}), "object": mention.reference}
    text = _valued(draft, topic, {"object": said, "other": said}, values)
    if clause is not None:
        values["when"] = clause.reference
        text = _with_clause(draft, text, clause)
    elif not together and len(draft.calls) == len(draft.asked) and draft.coin(_FIRST_NAMED):
        text = _first_named(draft, text, said)
    draft.step(Call(topic.name, values))
    gone = topic.name in ("remove", "replace", "reference") or together
    category = None if mention.place is None else draft.asked[mention.place].values.get("category")
    return Request(text, None if gone else Focus(mention.place, category), level)


def _with_clause(draft: Draft, text: str, clause: Clause) -> str:
    if clause.first:
        return f"{clause.text}{pick(draft.words, (', ', ', ', ' '))}{text}"
    return f"{text} {clause.text}"


def _first_named(draft: Draft, text: str, object_: str) -> str:
    """Take the ball and make it blue; the request as it is where it is no order or says the object's words first."""
    order = text.removeprefix("please ")
    if order.count(object_) != 1 or order.split()[0] in (*_NO_OBJECT_FIRST, *draft.vocabulary.words["color"]):
        return text
    return draft.say(FIRST_NAMED).format(object=object_, order=order.replace(object_, wordings.PRONOUN))


def _mention(draft: Draft, level: int, focus: Focus | None, operation: str) -> Mention | None:
    """What is edited; None for several objects, which are mentioned otherwise."""
    if focus is not None and draft.chance(0.6):
        if draft.chance(0.75):
            return Mention(wordings.PRONOUN, focus.place)
        values = {"of": f"#{focus.place + 1}"}
        known = {"category": focus.category} if focus.category and draft.chance(0.6) else {}
        noun = known.get("category") or pick(draft.words, ("one", "object", "thing"))
        return Mention(f"the other {noun}", draft.ask(Call("other", {**values, **known}), "other"))
    if level <= 1 and operation != "reference" and draft.chance(0.1):
        return None
    return refer(draft, level)


def _valued(draft: Draft, topic: Topic, words: dict[str, str], values: dict[str, str]) -> str:
    """The request's words; adds to `values` what the operation is done with."""
    slot = {"recolor": "color", "material": "material", "replace": "shape"}.get(topic.name)
    if slot is None:
        return pick(draft.words, templates(draft, topic)).format(**words)
    if draft.chance(0.06):
        other = named(draft)
        values[slot] = other.reference
        return draft.say(COPIED).format(object=words["object"], what=slot, x=other.text)
    value = pick(draft.rng, draft.vocabulary.words[slot])
    values[slot] = spelled(value)
    spoken = with_article(_noun(draft, value)) if slot == "shape" else value
    implicit = topic.implicit or ImplicitWordings()
    clues = implicit.clues.get(with_article(value) if slot == "shape" else value)
    if clues and draft.wordings == "train" and draft.coin(0.07):
        return pick(draft.words, implicit.frames).format(**words, clue=pick(draft.words, clues))
    return pick(draft.words, templates(draft, topic)).format(**words, **{slot: spoken})


def _noun(draft: Draft, shape: str) -> str:
    second = draft.vocabulary.words["shape"][shape]
    return pick(draft.words, second) if second and draft.coin(0.15) else shape


def _gapped(draft: Draft, operation: str) -> Request:
    """Make the ball blue and the cube red."""
    slot = _GAPPED[operation]
    one, first = named(draft), pick(draft.rng, draft.vocabulary.words[slot])
    draft.step(Call(operation, {"object": one.reference, slot: first}))
    two, second = named(draft), pick(draft.rng, draft.vocabulary.words[slot])
    draft.apart(one.place, two.place)
    draft.step(Call(operation, {"object": two.reference, slot: second}))
    said = [form for form in JOINED.of(draft.wordings) if operation == "recolor" or not form.startswith("paint")]
    text = pick(draft.words, said).format(one=one.text, value=first, two=two.text, other=second)
    return Request(text, Focus(two.place, draft.asked[two.place].values.get("category")))


def _listed(draft: Draft) -> Request:
    """Remove the ball and the cube."""
    one = named(draft)
    draft.step(Call("remove", {"object": one.reference}))
    two = named(draft)
    draft.apart(one.place, two.place)
    draft.step(Call("remove", {"object": two.reference}))
    text = pick(draft.words, templates(draft, TOPICS["remove"])).format(object=f"{one.text} and {two.text}")
    return Request(text, None)


def _timed_whole(draft: Draft, *, timed: bool) -> Request:
    """An edit of the whole picture, now and then for a time: once the cube has left, make the room darker."""
    topic = TOPICS[pick(draft.rng, WHOLE_TOPICS)]
    clause = time_clause(draft, None) if timed and draft.chance(_WHOLE_TIMED) else None
    request = _whole(draft, topic, {} if clause is None else {"when": clause.reference})
    return request if clause is None else Request(_with_clause(draft, request.text, clause), None)


def _whole(draft: Draft, topic: Topic, when: dict[str, str]) -> Request:
    """An edit of the whole picture, or an addition."""
    words = draft.vocabulary.words
    if topic.name == "add":
        shape, place = pick(draft.rng, words["shape"]), pick(draft.rng, words["place"])
        known = {"size": "size", "material": "material", "color": "color"}
        shares = {"size": 0.4, "material": 0.45, "color": 0.92}
        known = {key: pick(draft.rng, words[key]) for key in known if draft.chance(shares[key])}
        thing = with_article(described({**known, "category": _noun(draft, shape)}))
        draft.step(Call("add", {**known, "shape": shape, "place": spelled(place), **when}))
        return Request(pick(draft.words, templates(draft, topic)).format(thing=thing, place=place), None)
    slot = topic.value_slot or topic.name
    value = pick(draft.rng, words[slot])
    draft.step(Call(topic.name, {slot: spelled(value), **when}))
    clues = topic.implicit.clues.get(value) if topic.implicit is not None else None
    if clues and draft.wordings == "train" and draft.coin(0.08):
        return Request(pick(draft.words, clues), None)
    derived = {name: given[value] for name, given in topic.derived_slots.items()}
    text = pick(draft.words, templates(draft, topic)).format(**{slot: value}, **derived)
    if "make it " in text and draft.coin(0.5):
        text = text.replace("make it ", f"make {draft.say(SCENES)} ")
    return Request(text, None)
