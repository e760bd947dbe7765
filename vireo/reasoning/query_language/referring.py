"""Referring expressions: words for one object of a clip, or several, and the calls that find them."""

from collections.abc import Callable, Mapping, Sequence

from vireo.reasoning.hops import ORDERS, SHARED, Call
from vireo.reasoning.literal import described
from vireo.reasoning.query_language import attribute_wordings, event_wordings, wordings
from vireo.reasoning.query_language.draft import Draft, Unfit
from vireo.world.appearance import pick, weighted
from vireo.world.families import FAMILIES
from vireo.world.families.record import ImplicitWordings

_NUMBER_WORDS = {"2": "two", "3": "three"}
_KINDS: dict[int, dict[str, float]] = {
    1: {"attributes": 0.16, "clue": 0.12, "extreme": 0.26, "happens": 0.24, "motion": 0.1, "counted": 0.12},
    2: {"related": 0.5, "partner": 0.14, "alike": 0.2, "other": 0.06, "inner": 0.1},
    3: {"related": 0.4, "partner": 0.1, "alike": 0.1, "among": 0.24, "both": 0.16},
}
"""Shares of the ways to find an object by so many calls; "inner": by two, the first of which is no plain name."""

_NAMED_INNER = 0.75


class Mention:
    """Words for objects, and the place of the answer that they are."""

    def __init__(self, text: str, place: int) -> None:
        self.text, self.place = text, place

    @property
    def reference(self) -> str:
        return f"#{self.place + 1}"


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


def named(draft: Draft) -> Mention:
    """The red ball: by a shape and what is needed with it; now and then by its side."""
    known = _drawn(draft, ("category",), (("color", 0.85), ("material", 0.2), ("size", 0.2)))
    if draft.chance(0.06):
        side, extreme = ("left", "leftmost") if draft.chance(0.5) else ("right", "rightmost")
        words = _noun(draft, known)
        forms = (f"the {side} {words}", f"the {words} on the {side}", f"the {side}most {words}")
        return Mention(pick(draft.words, forms), draft.ask(Call("extreme", {"extreme": extreme, **known}), extreme))
    return Mention(f"the {_noun(draft, known)}", draft.ask(Call("find", known)))


def every(draft: Draft) -> Mention:
    """Words for several objects together."""
    if draft.chance(0.25):
        attribute, number = pick(draft.rng, SHARED), pick(draft.rng, _NUMBER_WORDS)
        text = draft.say(attribute_wordings.TOGETHER[attribute])
        place = draft.ask(Call("counted", {"attribute": attribute, "number": number}), many=True)
        return Mention(
            text.format(number=_NUMBER_WORDS[number], nouns=plural(pick(draft.words, wordings.THINGS[:2]))), place
        )
    if draft.chance(0.2):
        return _all_but(draft)
    if draft.chance(0.06):
        return Mention(draft.say(wordings.EVERYTHING), draft.ask(Call("find", {}), many=True))
    text = draft.say(wordings.EVERY)
    if draft.chance(0.3):
        return _related_many(draft, text)
    known = _drawn(draft, (), (("category", 0.7), ("color", 0.5), ("material", 0.2), ("size", 0.15)))
    place = draft.ask(Call("find", known), many=True)
    return Mention(text.format(**_nouns(draft, known)), place)


def _all_but(draft: Draft) -> Mention:
    """Everything except the ball. Only some wordings name a kind of which all but one are meant."""
    inner, known = named(draft), _drawn(draft, (), (("category", 0.4),))
    kinds = [form for form in wordings.BUT.of(draft.wordings) if ("{noun" in form) or not known]
    text = pick(draft.words, kinds).format(**_nouns(draft, known), x=inner.text)
    return Mention(text, draft.ask(Call("other", {"of": inner.reference, **known}), "other", many=True))


def _related_many(draft: Draft, text: str) -> Mention:
    inner, relation = named(draft), pick(draft.rng, ("left-of", "right-of", "behind", "in-front-of", "smaller-than"))
    where = _without_verb(draft, relation).format(x=inner.text)
    known = _drawn(draft, (), (("category", 0.4),))
    place = draft.ask(Call("related", {"relation": relation, "of": inner.reference, **known}), relation, many=True)
    return Mention(f"{text.format(**_nouns(draft, known))} {where}", place)


def _attributes(draft: Draft, level: int) -> Mention:
    """The glass thing: what has no name of its own."""
    known = _drawn(draft, (), (("color", 0.5), ("material", 0.5), ("size", 0.35)))
    if not known:
        raise Unfit
    return Mention(f"the {_noun(draft, known)}", draft.ask(Call("find", known), "attributes"))


def _clue(draft: Draft, level: int) -> Mention:
    attribute = pick(draft.rng, CLUES)
    objects = draft.clip.objects(draft.rng)
    value = pick(draft.rng, objects).get(attribute)
    if value is None or value not in CLUES[attribute]:
        raise Unfit
    rest = {} if attribute == "category" else _drawn(draft, (), (("category", 0.3),))
    text = draft.say(attribute_wordings.CLUES[attribute])
    place = draft.ask(Call("find", _ordered({**rest, attribute: value})), "attributes")
    return Mention(text.format(noun=_noun(draft, rest), clue=pick(draft.words, CLUES[attribute][value])), place)


def _extreme(draft: Draft, level: int) -> Mention:
    extreme = pick(draft.rng, wordings.EXTREMES)
    known = _drawn(draft, (), (("category", 0.35), ("color", 0.15), ("material", 0.1)))
    values = {"extreme": extreme, **known}
    text = draft.say(wordings.EXTREMES[extreme]).format(**_nouns(draft, known))
    if extreme != "fastest":
        text = _at_an_end(draft, values, text, 0.12)
    return Mention(text, draft.ask(Call("extreme", values), extreme))


def _at_an_end(draft: Draft, values: dict[str, str], text: str, share: float) -> str:
    if not draft.chance(share):
        return text
    values["at"] = pick(draft.rng, wordings.ENDS)
    return f"{text} {draft.say(wordings.ENDS[values['at']])}"


def _happens(draft: Draft, level: int) -> Mention:
    event = pick(draft.rng, event_wordings.EVENTS)
    known = _drawn(draft, (), (("category", 0.35), ("color", 0.15)))
    verb = pick(draft.words, event_wordings.EVENTS[event].of(draft.wordings))
    values = {"event": event}
    said = event_wordings.HAPPENS
    if draft.chance(0.5):
        values["order"] = pick(draft.rng, ORDERS)
        said = event_wordings.ORDERS[values["order"]]
    text = draft.say(said).format(**_nouns(draft, known), **verb._asdict())
    return Mention(_shortened(draft, text), draft.ask(Call("happens", {**values, **known}), event))


def _motion(draft: Draft, level: int) -> Mention:
    motion = pick(draft.rng, event_wordings.MOTIONS)
    known = _drawn(draft, (), (("category", 0.4), ("color", 0.2)))
    text = draft.say(event_wordings.MOTIONS[motion]).format(noun=_noun(draft, known))
    return Mention(_shortened(draft, text), draft.ask(Call("motion", {"motion": motion, **known}), motion))


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
    inner, relation = _inner(draft, level), pick(draft.rng, wordings.RELATIONS)
    return _in_relation(draft, inner, relation)


def _in_relation(draft: Draft, inner: Mention, relation: str) -> Mention:
    known = _drawn(draft, (), (("category", 0.3), ("color", 0.15)))
    text = draft.say(wordings.RELATIONS[relation]).format(noun=_noun(draft, known), x=inner.text)
    values = {"relation": relation, "of": inner.reference, **known}
    if relation in ("left-of", "right-of", "behind", "in-front-of"):
        text = _at_an_end(draft, values, text, 0.1)
    return Mention(_shortened(draft, text), draft.ask(Call("related", values), relation))


def _partner(draft: Draft, level: int) -> Mention:
    inner, event = _inner(draft, level), pick(draft.rng, event_wordings.PARTNERS)
    known = _drawn(draft, (), (("category", 0.3), ("color", 0.15)))
    text = draft.say(event_wordings.PARTNERS[event]).format(noun=_noun(draft, known), x=inner.text)
    values = {"event": event, "of": inner.reference, **known}
    return Mention(_shortened(draft, text), draft.ask(Call("partner", values), event))


def _alike(draft: Draft, level: int) -> Mention:
    inner, attribute = _inner(draft, level), pick(draft.rng, SHARED)
    known = {} if attribute == "category" else _drawn(draft, (), (("category", 0.3),))
    text = draft.say(attribute_wordings.ALIKE[attribute]).format(noun=_noun(draft, known), x=inner.text)
    values = {"attribute": attribute, "of": inner.reference, **known}
    return Mention(_shortened(draft, text), draft.ask(Call("alike", values), attribute))


def _other(draft: Draft, level: int) -> Mention:
    inner = named(draft)
    known = _drawn(draft, ("category",), (("color", 0.2),))
    said = wordings.OTHER.of(draft.wordings)
    text = pick(draft.words, [form for form in said if "{x}" in form]).format(noun=_noun(draft, known), x=inner.text)
    return Mention(text, draft.ask(Call("other", {"of": inner.reference, **known}), "other"))


def _implicit_inner(draft: Draft, level: int) -> Mention:
    return _in_relation(draft, refer(draft, 1), pick(draft.rng, wordings.RELATIONS))


def _without_verb(draft: Draft, relation: str) -> str:
    """behind {x}."""
    every_form = wordings.RELATIONS[relation].train
    short = [form.removeprefix("the {noun} ") for form in every_form if form.endswith("{x}")]
    return pick(draft.words, [form for form in short if form.split()[0] not in ("that", "which")])


_PLACED = ("left-of", "right-of", "behind", "in-front-of")


def _among(draft: Draft, level: int) -> Mention:
    """The leftmost of the balls behind the cube."""
    inner, relation = named(draft), pick(draft.rng, _PLACED)
    where = _without_verb(draft, relation).format(x=inner.text)
    known = _drawn(draft, (), (("category", 0.3),))
    several = draft.ask(Call("related", {"relation": relation, "of": inner.reference, **known}), relation, many=True)
    extreme = pick(draft.rng, wordings.SUPERLATIVES)
    text = draft.say(wordings.AMONG).format(
        **_nouns(draft, known), where=where, superlative=pick(draft.words, wordings.SUPERLATIVES[extreme])
    )
    return Mention(text, draft.ask(Call("extreme", {"extreme": extreme, "in": f"#{several + 1}"}), extreme))


def _both(draft: Draft, level: int) -> Mention:
    """The ball left of the cube and behind the cone."""
    first, relation = named(draft), pick(draft.rng, _PLACED)
    where = _without_verb(draft, relation).format(x=first.text)
    known = _drawn(draft, (), (("category", 0.3),))
    several = draft.ask(Call("related", {"relation": relation, "of": first.reference, **known}), relation, many=True)
    second, further = named(draft), pick(draft.rng, (*_PLACED, "larger-than", "smaller-than"), without=(relation,))
    also = _without_verb(draft, further).format(x=second.text)
    text = draft.say(wordings.BOTH).format(noun=_noun(draft, known), where=where, also=also)
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
}


def _drawn(draft: Draft, always: tuple[str, ...], sometimes: tuple[tuple[str, float], ...]) -> dict[str, str]:
    """Attributes of an object of the clip that are said of it, in the order in which calls have them."""
    one = pick(draft.rng, draft.clip.objects(draft.rng))
    keys = {*always, *(key for key, share in sometimes if draft.chance(share))}
    return _ordered({key: one[key] for key in keys if key in one})


def _ordered(known: Mapping[str, str]) -> dict[str, str]:
    return {key: known[key] for key in ("size", "material", "color", "category") if key in known}


def _noun(draft: Draft, known: Mapping[str, str], things: Sequence[str] = wordings.THINGS) -> str:
    """red ball, striped thing."""
    category = known.get("category")
    if category is None:
        return described({**known, "category": pick(draft.words, things)})
    second = draft.vocabulary.words["shape"][category]
    return described({**known, "category": pick(draft.words, second) if second and draft.coin(0.15) else category})


def _nouns(draft: Draft, known: Mapping[str, str]) -> dict[str, str]:
    """The noun, and a plural."""
    return {"noun": _noun(draft, known), "nouns": plural(_noun(draft, known, wordings.THINGS[:2]))}


def plural(noun: str) -> str:
    return noun + ("es" if noun.endswith("x") else "s")


def _shortened(draft: Draft, text: str) -> str:
    """What moves, for: the thing that moves."""
    for long in ("the thing that ", "the object which "):
        if text.startswith(long) and draft.wordings == "train" and draft.coin(0.4):
            return f"what {text.removeprefix(long)}"
    return text
