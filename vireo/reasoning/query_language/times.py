"""Clauses that say when an edit holds, and the calls that find their times."""

from typing import NamedTuple

from vireo.reasoning.hops import STATES, Call
from vireo.reasoning.query_language import event_wordings, order_wordings, relation_wordings, time_wordings, wordings
from vireo.reasoning.query_language.draft import Draft
from vireo.reasoning.query_language.event_wordings import Verbs
from vireo.reasoning.query_language.naming import Mention, named
from vireo.reasoning.query_language.referring import refer
from vireo.world.appearance import pick, weighted

_SHARES = {"part": 0.16, "event": 0.44, "meeting": 0.24, "state": 0.1, "relation": 0.06}
_STAYING = ("left-of", "right-of", "behind", "in-front-of", "on", "inside", "touching")


class Clause(NamedTuple):
    """reference: of the answer that is its time. first: whether it is said before the request. again: what the edited
    object is called in the request; None for its own words."""

    text: str
    reference: str
    first: bool
    again: str | None = None


def time_clause(draft: Draft, mention: Mention | None, *, new: bool = True) -> Clause:
    """A clause about time. mention: the edited object, which it may be about; None for several, or none. new: whether
    nothing else has been spoken of. Raises Unfit where it does not fit the clip, or could be misunderstood.

    Where the clause comes first and is about the object, it has the object's words and the request a pronoun, or its
    name again: after the ball stops, make it blue.
    """
    kind = weighted(draft.rng, _SHARES)
    if kind == "part":
        part = pick(draft.rng, tuple(time_wordings.PARTS))
        place = draft.ask(Call("during", {"part": part}))
        return Clause(draft.say(time_wordings.PARTS[part]), f"#{place + 1}", draft.coin(0.5))
    about, itself = _about(draft, mention, 2 if kind in ("meeting", "relation") else 1)
    call, said = _calls(draft, kind, about)
    reference = f"#{draft.ask(call) + 1}"
    texts = [one.text for one in about]
    if itself is None or mention is None:
        # "it" would be what the clause is about, where that comes first
        pronoun = mention is not None and mention.text == wordings.PRONOUN
        return Clause(_filled(said, texts), reference, not pronoun and draft.coin(0.6))
    if mention.text != wordings.PRONOUN and draft.coin(0.6):
        return Clause(_filled(said, texts), reference, True, _again(draft, about, itself))
    texts[itself] = wordings.PRONOUN
    return Clause(_filled(said, texts), reference, new and mention.text != wordings.PRONOUN and draft.coin(0.25))


def _about(draft: Draft, mention: Mention | None, count: int) -> tuple[list[Mention], int | None]:
    """What a clause is about, and which of these is the edited object."""
    itself = None
    if mention is not None and draft.chance(0.65):
        itself = 0 if count == 1 or draft.chance(0.65) else 1
    about = []
    for place in range(count):
        if mention is not None and place == itself:
            about.append(mention)
        else:
            about.append(named(draft) if draft.chance(0.85) else refer(draft, 1))
    further = [mention] if mention is not None and itself is None else []
    draft.apart(*(one.place for one in (*about, *further)))
    return about, itself


def _again(draft: Draft, about: list[Mention], itself: int) -> str:
    """What an object that a clause has named is called behind it: by a pronoun where the clause is mainly about it."""
    own, *others = (draft.asked[one.place].values.get("category") for one in (about[itself], *about))
    plain = own is not None and others.count(own) == 1 and None not in others
    if itself == 0 and (not plain or draft.coin(0.65)):
        return wordings.PRONOUN
    if not plain:
        return about[itself].text
    return draft.say(time_wordings.AGAIN).format(noun=own)


def _calls(draft: Draft, kind: str, about: list[Mention]) -> tuple[Call, str]:
    """The call for the time, and the clause with {x} and {y} for what it is about."""
    values = {slot: one.reference for slot, one in zip(("of", "other"), about, strict=False)}
    if kind == "state":
        state = pick(draft.rng, STATES)
        said = draft.say(time_wordings.WHILE)
        return Call("while", {"state": state, **values}), said.replace(
            "{state}", draft.say(time_wordings.STATES[state])
        )
    if kind == "relation":
        relation = pick(draft.rng, _STAYING)
        where = f"{pick(draft.words, relation_wordings.SHORT[relation])} {{y}}"
        stays = draft.say(time_wordings.STAYS).replace("{where}", where)
        return Call("holds", {"relation": relation, **values}), draft.say(time_wordings.WHILE).replace("{state}", stays)
    if kind == "meeting":
        event = "collides" if draft.chance(0.75) else "is-occluded"
        verbs, behind = time_wordings.MEETS[event], " {y}"
    else:
        event = pick(draft.rng, tuple(event_wordings.EVENTS))
        verbs, behind = _verbs(draft, event), ""
    head, said = ("after", time_wordings.AFTER) if draft.chance(0.65) else ("before", time_wordings.BEFORE)
    verb = pick(draft.words, verbs.of(draft.wordings))
    return Call(head, {"event": event, **values}), draft.say(said).format(x="{x}", **verb.forms()) + behind


def _verbs(draft: Draft, event: str) -> Verbs:
    return order_wordings.MOVES if event == "starts" and draft.coin(0.2) else event_wordings.EVENTS[event]


def _filled(said: str, texts: list[str]) -> str:
    return said.format(**dict(zip("xy", texts, strict=False)))
