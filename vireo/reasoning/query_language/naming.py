"""Names of objects as people say them, and what a query has mentioned."""

from collections.abc import Mapping, Sequence

from vireo.reasoning.hops import Call
from vireo.reasoning.literal import described
from vireo.reasoning.query_language import wordings
from vireo.reasoning.query_language.draft import Draft
from vireo.world.appearance import pick

_WHAT = ("what", "whatever")
_WHAT_OF = tuple(f"the {noun} {word} " for noun in ("thing", "object") for word in ("that", "which"))


class Mention:
    """Words for objects, and the place of the answer that they are."""

    def __init__(self, text: str, place: int) -> None:
        self.text, self.place = text, place

    @property
    def reference(self) -> str:
        return f"#{self.place + 1}"


def named(draft: Draft) -> Mention:
    """The red ball: by a shape and what is needed with it; now and then by its side."""
    known = drawn(draft, ("category",), (("color", 0.85), ("material", 0.2), ("size", 0.2)))
    if draft.chance(0.06):
        side, extreme = ("left", "leftmost") if draft.chance(0.5) else ("right", "rightmost")
        words = noun(draft, known)
        forms = (f"the {side} {words}", f"the {words} on the {side}", f"the {side}most {words}")
        return Mention(pick(draft.words, forms), draft.ask(Call("extreme", {"extreme": extreme, **known}), extreme))
    return Mention(f"the {noun(draft, known)}", draft.ask(Call("find", known)))


def drawn(draft: Draft, always: tuple[str, ...], sometimes: tuple[tuple[str, float], ...]) -> dict[str, str]:
    """Attributes of an object of the clip that are said of it, in the order in which calls have them."""
    one = pick(draft.rng, draft.clip.objects(draft.rng))
    keys = {*always, *(key for key, share in sometimes if draft.chance(share))}
    return ordered({key: one[key] for key in keys if key in one})


def ordered(known: Mapping[str, str]) -> dict[str, str]:
    return {key: known[key] for key in ("size", "material", "color", "category") if key in known}


def noun(draft: Draft, known: Mapping[str, str], things: Sequence[str] = wordings.THINGS) -> str:
    """red ball, striped thing."""
    category = known.get("category")
    if category is None:
        return described({**known, "category": pick(draft.words, things)})
    second = draft.vocabulary.words["shape"][category]
    return described({**known, "category": pick(draft.words, second) if second and draft.coin(0.15) else category})


def nouns(draft: Draft, known: Mapping[str, str]) -> dict[str, str]:
    """The noun, and a plural."""
    return {"noun": noun(draft, known), "nouns": plural(noun(draft, known, wordings.THINGS[:2]))}


def plural(noun: str) -> str:
    return noun + ("es" if noun.endswith("x") else "s")


def shortened(draft: Draft, text: str) -> str:
    """What moves, for: the thing that moves. Whichever one moves, for: the one that moves; this with held-out
    wordings, too."""
    lead = next((lead for lead in _WHAT_OF if text.startswith(lead)), None)
    if lead is not None and draft.wordings == "train" and draft.coin(0.4):
        return f"{pick(draft.words, _WHAT)} {text.removeprefix(lead)}"
    kept = ("the one that ",) if draft.wordings == "held_out" else ("the object that ", "the item that ")
    lead = next((lead for lead in kept if text.startswith(lead)), None)
    if lead is not None and draft.coin(0.3):
        return f"{wordings.WHICHEVER} {lead.split()[1]} {text.removeprefix(lead)}"
    return text
