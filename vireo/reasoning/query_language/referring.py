"""Referring expressions: words for one object of a clip, and the calls that find it."""

from collections.abc import Callable, Mapping

from vireo.reasoning.hops import ORDERS, RANKS, SHARED, Call
from vireo.reasoning.query_language import (
    attribute_wordings,
    event_wordings,
    order_wordings,
    relation_wordings,
    wordings,
)
from vireo.reasoning.query_language.draft import Draft, Unfit
from vireo.reasoning.query_language.naming import Mention, drawn, named, noun, nouns, ordered, shortened
from vireo.world.appearance import pick, weighted
from vireo.world.families import FAMILIES
from vireo.world.families.record import ImplicitWordings

_KINDS: dict[int, dict[str, float]] = {
    1: {"attributes": 0.16, "clue": 0.12, "extreme": 0.26, "happens": 0.24, "motion": 0.1, "counted": 0.12},
    2: {"related": 0.5, "partner": 0.14, "alike": 0.2, "other": 0.06, "inner": 0.1},
    3: {"related": 0.38, "partner": 0.1, "alike": 0.08, "among": 0.2, "both": 0.14, "between": 0.1},
}
"""Shares of the ways to find an object by so many calls; "inner": by two, the first of which is no plain name."""

_NAMED_INNER = 0.75
_RANK_SHARES = ("second", "second", "second", "third", "third", "fourth")


def _clues() -> dict[str, Mapping[str, tuple[str, ...]]]:
    found = {}
    for key, family in {"color": "recolor", "category": "replace", "material": "material"}.items():
        implicit = FAMILIES[family].topics[0].implicit
        assert isinstance(implicit, ImplicitWordings), family
        found[key] = {
            value.split()[-1]: tuple(clue.removeprefix("the shape of ") for clue in clues)
            for value, clues in implicit.clues.items()
        }
    return found


CLUES = _clues()
"""Attribute -> value -> descriptions of it."""


def refer(draft: Draft, level: int) -> Mention:
    """Words for one object, found by `level` calls; 0 for its plain name. Raises Unfit where none were found."""
    if level == 0:
        return named(draft)
    return _WAYS[weighted(draft.rng, _KINDS[min(level, 3)])](draft, level)


def _attributes(draft: Draft, level: int) -> Mention:
    """The glass thing: what has no name of its own."""
    known = drawn(draft, (), (("color", 0.5), ("material", 0.5), ("size", 0.35)))
    if not known:
        raise Unfit
    return Mention(f"the {noun(draft, known)}", draft.ask(Call("find", known), "attributes"))


def _clue(draft: Draft, level: int) -> Mention:
    attribute = pick(draft.rng, CLUES)
    objects = draft.clip.objects(draft.rng)
    value = pick(draft.rng, objects).get(attribute)
    if value is None or value not in CLUES[attribute]:
        raise Unfit
    rest = {} if attribute == "category" else drawn(draft, (), (("category", 0.3),))
    text = draft.say(attribute_wordings.CLUES[attribute])
    place = draft.ask(Call("find", ordered({**rest, attribute: value})), "attributes")
    return Mention(text.format(noun=noun(draft, rest), clue=pick(draft.words, CLUES[attribute][value])), place)


def _extreme(draft: Draft, level: int) -> Mention:
    extreme = pick(draft.rng, wordings.EXTREMES)
    known = drawn(draft, (), (("category", 0.35), ("color", 0.15), ("material", 0.1)))
    values = {"extreme": extreme, **known}
    if draft.chance(0.4):
        values = {"extreme": extreme, "rank": pick(draft.rng, _RANK_SHARES), **known}
        text = _ranked(draft, extreme, values["rank"], known)
    else:
        text = draft.say(wordings.EXTREMES[extreme]).format(**nouns(draft, known))
    if extreme != "fastest":
        text = _at_an_end(draft, values, text, 0.12)
    return Mention(text, draft.ask(Call("extreme", values), extreme))


def _ranked(draft: Draft, extreme: str, rank: str, known: Mapping[str, str]) -> str:
    """The second ball from the left, the nearest but one."""
    if extreme in order_wordings.SIDES and draft.coin(0.6):
        said = order_wordings.FROM_SIDE
    else:
        said = order_wordings.RANKED_ALONE if not known and draft.coin(0.4) else order_wordings.RANKED
    return draft.say(said).format(
        **nouns(draft, known),
        nth=pick(draft.words, order_wordings.NTH[rank]),
        less=order_wordings.LESS[rank],
        side=order_wordings.SIDES.get(extreme),
        superlative=pick(draft.words, wordings.SUPERLATIVES[extreme]),
    )


def _at_an_end(draft: Draft, values: dict[str, str], text: str, share: float) -> str:
    if not draft.chance(share):
        return text
    values["at"] = pick(draft.rng, wordings.ENDS)
    return f"{text} {draft.say(wordings.ENDS[values['at']])}"


def _happens(draft: Draft, level: int) -> Mention:
    event = pick(draft.rng, event_wordings.EVENTS)
    known = drawn(draft, (), (("category", 0.35), ("color", 0.15)))
    verbs, values, nth = event_wordings.EVENTS[event], {"event": event}, ""
    said = event_wordings.HAPPENS
    if draft.chance(0.6):
        order = values["order"] = pick(draft.rng, ORDERS)
        if order in order_wordings.NTH:
            said, nth = order_wordings.FROM_FIRST, pick(draft.words, order_wordings.NTH[order])
        else:
            said = order_wordings.FROM_LAST if order == "last-but-one" else event_wordings.ORDERS[order]
        verbs = order_wordings.MOVES if event == "starts" and draft.coin(0.3) else verbs
    verb = pick(draft.words, verbs.of(draft.wordings))
    text = draft.say(said).format(**nouns(draft, known), **verb.forms(), nth=nth)
    return Mention(shortened(draft, text), draft.ask(Call("happens", {**values, **known}), event))


def _motion(draft: Draft, level: int) -> Mention:
    motion = pick(draft.rng, event_wordings.MOTIONS)
    known = drawn(draft, (), (("category", 0.4), ("color", 0.2)))
    text = draft.say(event_wordings.MOTIONS[motion]).format(noun=noun(draft, known))
    return Mention(shortened(draft, text), draft.ask(Call("motion", {"motion": motion, **known}), motion))


def _counted(draft: Draft, level: int) -> Mention:
    attribute = pick(draft.rng, SHARED)
    text = draft.say(attribute_wordings.COUNTED[attribute]).format(noun=pick(draft.words, wordings.THINGS))
    return Mention(text, draft.ask(Call("counted", {"attribute": attribute, "number": "1"}), "counted"))


def _inner(draft: Draft, level: int) -> Mention:
    """The object inside of an expression that takes one call fewer."""
    if level <= 1:
        return refer(draft, level)
    if level == 2:
        return named(draft) if draft.chance(_NAMED_INNER) else refer(draft, 1)
    return refer(draft, level - 1)


def _related(draft: Draft, level: int) -> Mention:
    inner, relation = _inner(draft, level), pick(draft.rng, relation_wordings.RELATIONS)
    return _in_relation(draft, inner, relation)


def _in_relation(draft: Draft, inner: Mention, relation: str) -> Mention:
    known = drawn(draft, (), (("category", 0.3), ("color", 0.15)))
    text = draft.say(relation_wordings.RELATIONS[relation]).format(noun=noun(draft, known), x=inner.text)
    values = {"relation": relation, "of": inner.reference, **known}
    if relation in ("left-of", "right-of", "behind", "in-front-of"):
        text = _at_an_end(draft, values, text, 0.1)
    return Mention(shortened(draft, text), draft.ask(Call("related", values), relation))


def _partner(draft: Draft, level: int) -> Mention:
    inner, event = _inner(draft, level), pick(draft.rng, event_wordings.PARTNERS)
    known = drawn(draft, (), (("category", 0.3), ("color", 0.15)))
    text = draft.say(event_wordings.PARTNERS[event]).format(noun=noun(draft, known), x=inner.text)
    values = {"event": event, "of": inner.reference, **known}
    return Mention(shortened(draft, text), draft.ask(Call("partner", values), event))


def _alike(draft: Draft, level: int) -> Mention:
    inner, attribute = _inner(draft, level), pick(draft.rng, SHARED)
    known = {} if attribute == "category" else drawn(draft, (), (("category", 0.3),))
    text = draft.say(attribute_wordings.ALIKE[attribute]).format(noun=noun(draft, known), x=inner.text)
    values = {"attribute": attribute, "of": inner.reference, **known}
    return Mention(shortened(draft, text), draft.ask(Call("alike", values), attribute))


def _other(draft: Draft, level: int) -> Mention:
    inner = named(draft)
    known = drawn(draft, ("category",), (("color", 0.2),))
    said = relation_wordings.OTHER.of(draft.wordings)
    text = pick(draft.words, [form for form in said if "{x}" in form]).format(noun=noun(draft, known), x=inner.text)
    return Mention(text, draft.ask(Call("other", {"of": inner.reference, **known}), "other"))


def _implicit_inner(draft: Draft, level: int) -> Mention:
    return _in_relation(draft, refer(draft, 1), pick(draft.rng, relation_wordings.RELATIONS))


def _between(draft: Draft, level: int) -> Mention:
    """The ball between the cube and the cone."""
    one, other = named(draft), named(draft)
    draft.apart(one.place, other.place)
    known = drawn(draft, (), (("category", 0.5), ("color", 0.2)))
    text = draft.say(relation_wordings.BETWEEN).format(noun=noun(draft, known), x=one.text, y=other.text)
    values = {"of": one.reference, "other": other.reference, **known}
    return Mention(shortened(draft, text), draft.ask(Call("between", values), "between"))


def _short(draft: Draft, relation: str, other: Mention) -> str:
    """behind the cube."""
    return f"{pick(draft.words, relation_wordings.SHORT[relation])} {other.text}"


_PLACED = ("left-of", "right-of", "behind", "in-front-of")


def _among(draft: Draft, level: int) -> Mention:
    """The leftmost of the balls behind the cube."""
    inner, relation = named(draft), pick(draft.rng, _PLACED)
    where = _short(draft, relation, inner)
    known = drawn(draft, (), (("category", 0.3),))
    several = draft.ask(Call("related", {"relation": relation, "of": inner.reference, **known}), relation, many=True)
    extreme = pick(draft.rng, wordings.SUPERLATIVES)
    values, superlative = {"extreme": extreme}, pick(draft.words, wordings.SUPERLATIVES[extreme])
    if draft.chance(0.25):
        values["rank"] = pick(draft.rng, RANKS[:2])
        superlative = f"{pick(draft.words, order_wordings.NTH[values['rank']])} {superlative}"
    text = draft.say(wordings.AMONG).format(**nouns(draft, known), where=where, superlative=superlative)
    return Mention(text, draft.ask(Call("extreme", {**values, "in": f"#{several + 1}"}), extreme))


def _both(draft: Draft, level: int) -> Mention:
    """The ball left of the cube and behind the cone."""
    first, relation = named(draft), pick(draft.rng, _PLACED)
    where = _short(draft, relation, first)
    known = drawn(draft, (), (("category", 0.3),))
    several = draft.ask(Call("related", {"relation": relation, "of": first.reference, **known}), relation, many=True)
    second, further = named(draft), pick(draft.rng, (*_PLACED, "larger-than", "smaller-than"), without=(relation,))
    also = _short(draft, further, second)
    text = draft.say(relation_wordings.BOTH).format(noun=noun(draft, known), where=where, also=also)
    values = {"relation": further, "of": second.reference, "in": f"#{several + 1}"}
    return Mention(text, draft.ask(Call("related", values), further))


_WAYS: dict[str, Callable[[Draft, int], Mention]] = {
    "attributes": _attributes,
    "clue": _clue,
    "extreme": _extreme,
    "happens": _happens,
    "motion": _motion,
    "counted": _counted,
    "related": _related,
    "partner": _partner,
    "alike": _alike,
    "other": _other,
    "inner": _implicit_inner,
    "among": _among,
    "both": _both,
    "between": _between,
}
