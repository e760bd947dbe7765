"""Words for several objects that are meant together, and the calls that find them."""

from vireo.reasoning.hops import SHARED, Call
from vireo.reasoning.query_language import attribute_wordings, relation_wordings, wordings
from vireo.reasoning.query_language.draft import Draft
from vireo.reasoning.query_language.naming import Mention, drawn, named, nouns, plural
from vireo.world.appearance import pick

_NUMBER_WORDS = {"2": "two", "3": "three"}


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
    known = drawn(draft, (), (("category", 0.7), ("color", 0.5), ("material", 0.2), ("size", 0.15)))
    place = draft.ask(Call("find", known), many=True)
    return Mention(text.format(**nouns(draft, known)), place)


def _all_but(draft: Draft) -> Mention:
    """Everything except the ball. Only some wordings name a kind of which all but one are meant."""
    inner, known = named(draft), drawn(draft, (), (("category", 0.4),))
    kinds = [form for form in wordings.BUT.of(draft.wordings) if ("{noun" in form) or not known]
    text = pick(draft.words, kinds).format(**nouns(draft, known), x=inner.text)
    return Mention(text, draft.ask(Call("other", {"of": inner.reference, **known}), "other", many=True))


def _related_many(draft: Draft, text: str) -> Mention:
    inner, relation = named(draft), pick(draft.rng, ("left-of", "right-of", "behind", "in-front-of", "smaller-than"))
    where = f"{pick(draft.words, relation_wordings.SHORT[relation])} {inner.text}"
    known = drawn(draft, (), (("category", 0.4),))
    place = draft.ask(Call("related", {"relation": relation, "of": inner.reference, **known}), relation, many=True)
    return Mention(f"{text.format(**nouns(draft, known))} {where}", place)
