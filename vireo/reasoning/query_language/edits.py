"""Requests for one edit each: wordings of an operation, of what it is done to and of when, and its step."""

from dataclasses import dataclass
from typing import NamedTuple

from vireo.reasoning.hops import Call, spelled
from vireo.reasoning.literal import described, with_article
from vireo.reasoning.query_language import wordings
from vireo.reasoning.query_language.draft import Draft, Unfit
from vireo.reasoning.query_language.referring import Mention, every, named, refer
from vireo.reasoning.query_language.wordings import Said
from vireo.world.appearance import pick, weighted
from vireo.world.families import TOPICS
from vireo.world.families.record import ImplicitWordings, Topic

OBJECT_TOPICS = ("recolor", "material", "remove", "replace", "grow", "shrink", "reference")
WHOLE_TOPICS = ("add", "floor", "backdrop", "setting", "light", "style", "watermark")
"""Operations on objects of the clip, and on the picture or with what is to come."""

_SHARES = {"recolor": 0.3, "material": 0.16, "remove": 0.22, "replace": 0.12, "grow": 0.08, "shrink": 0.08}
_SHARES |= {"reference": 0.04}

_EVERYDAY: dict[str, Said] = {
    "recolor": Said(
        (
            *(
                "color {object} {color}",
                "{object} needs to be {color}",
                "paint {object} {color}",
                "dye {object} {color}",
            ),
            *("i would like {object} in {color}", "could {object} be {color}", "have {object} painted {color}"),
            *("{color} would look better on {object}", "how about a {color} color for {object}"),
            *("recolour {object} {color}", "tint {object} {color}", "switch {object} to {color}"),
            *(
                "turn {object} into a {color} one",
                "it would be great if {object} were {color}",
                "let {object} be {color}",
            ),
            *("would you mind making {object} {color}", "give {object} {color} paint", "set {object} to {color}"),
            *("{object} in {color}, please", "make {object} look {color}", "convert {object} to {color}"),
        ),
        (
            "could you paint {object} {color}",
            "i would like {object} to be {color}",
            "{object} would look better in {color}",
        ),
    ),
    "material": Said(
        (
            *("{object} needs to be {material}", "could {object} be {material}", "have {object} look {material}"),
            *(
                "i would like {object} to look {material}",
                "give {object} a {material} finish",
                "let {object} be {material}",
            ),
            *("how about a {material} look for {object}", "it would be great if {object} were {material}"),
            *(
                "would you mind making {object} {material}",
                "make {object} out of {material}",
                "switch {object} to {material}",
            ),
            *("{object} should be made of {material}", "convert {object} to {material}", "use {material} for {object}"),
            *("give {object} a {material} texture", "make {object} look {material}"),
        ),
        ("i would like {object} to be {material}", "{object} would look better with a {material} finish"),
    ),
    "remove": Said(
        (
            *("{object} has to go", "drop {object}", "i do not want {object}", "lose {object}", "cut {object} out"),
            *("i would like {object} gone", "{object} needs to go away", "wipe {object} out", "let {object} vanish"),
            *("kick {object} out of the video", "hide {object}", "discard {object}", "i want {object} removed"),
            *("{object} should be removed", "eliminate {object}", "throw {object} away", "edit {object} out"),
            *("i want to get rid of {object}", "the video without {object}", "would you mind removing {object}"),
            *("{object} must not be there", "make {object} invisible", "have {object} removed"),
        ),
        ("i would like {object} to go away", "{object} needs to be cut out", "{object} has to vanish"),
    ),
    "replace": Said(
        (
            *(
                "i would like {shape} where {object} is",
                "exchange {object} for {shape}",
                "{object} needs to be {shape}",
            ),
            *(
                "substitute {shape} for {object}",
                "how about {shape} in place of {object}",
                "convert {object} to {shape}",
            ),
            *(
                "let {shape} take the place of {object}",
                "transform {object} into {shape}",
                "use {shape} instead of {object}",
            ),
            *("it would be great if {object} were {shape}", "swap {object} with {shape}"),
        ),
        ("i would like {shape} in place of {object}", "exchange {object} with {shape}"),
    ),
    "grow": Said(
        (
            *("{object} needs to be bigger", "blow up {object}", "scale {object} up", "inflate {object}"),
            *("i would like {object} to be bigger", "make {object} a bit bigger", "make {object} much larger"),
            *("make {object} huge", "{object} is too small", "expand {object}", "let {object} get bigger"),
            *("make {object} a little larger", "make {object} way bigger", "make {object} big", "make {object} giant"),
        ),
        ("{object} needs to be larger", "i would like {object} to be larger"),
    ),
    "shrink": Said(
        (
            *("{object} needs to be smaller", "scale {object} down", "i would like {object} to be smaller"),
            *("{object} is too big", "make {object} a bit smaller", "make {object} much smaller", "make {object} tiny"),
            *(
                "let {object} get smaller",
                "make {object} a little smaller",
                "{object} is too large",
                "make {object} small",
            ),
            "decrease the size of {object}",
        ),
        ("i would like to have {object} smaller", "i need {object} to be smaller"),
    ),
    "add": Said(
        (
            *("i would like {thing} {place}", "have {thing} stand {place}", "can there be {thing} {place}"),
            *(
                "how about {thing} {place}",
                "there needs to be {thing} {place}",
                "draw {thing} {place}",
                "{thing} {place}",
            ),
            *("create {thing} {place}", "let {thing} appear {place}", "i need {thing} {place}"),
        ),
        ("i would like to have {thing} {place}", "could you put {thing} {place}"),
    ),
    "style": Said(
        (
            *("convert the clip to {style}", "apply the look of {style}", "render it as {style}", "make this {style}"),
            *("i want this to look like {style}", "make everything look like {style}", "turn it into {style}"),
            *("can you {restyle}", "i would like the clip as {style}"),
        ),
        ("i would like everything to look like {style}", "convert the video into {style}"),
    ),
    "light": Said(
        (
            *(
                "apply {light}",
                "i would like {light}",
                "turn the lights to {light}",
                "can you {relight}",
                "let there be {light}",
            ),
            *("change the time of day to {light}", "have it in {light}"),
        ),
        ("i would like to have {light}", "set the lights to {light}"),
    ),
    "floor": Said(
        (
            "i would like {floor} as the floor",
            "lay {floor} on the ground",
            "use {floor} as the ground",
            "make it a floor of {floor}",
        ),
        ("i would like the ground to be {floor}", "use {floor} as the floor"),
    ),
    "backdrop": Said(
        (
            "i would like {backdrop} as the background",
            "have {backdrop} in the back",
            "use {backdrop} for the background",
        ),
        ("i would like {backdrop} behind the objects", "use {backdrop} in the background"),
    ),
    "setting": Said(
        ("i would like it to be in {setting}", "bring everything to {setting}", "set the scene in {setting}"),
        ("i would like everything to be in {setting}", "bring the objects to {setting}"),
    ),
    "watermark": Said(
        (
            "hide the {mark}",
            "clean up the {mark}",
            "i want the {mark} removed",
            "i do not want the {mark}",
            "wipe the {mark} out",
        ),
        ("i would like the {mark} removed", "wipe the {mark} away"),
    ),
}
"""Beside the studio's own templates; verbs of another operation never stand among those of one."""

_COPIED = Said(
    (
        "make {object} the same {what} as {x}",
        "give {object} the {what} of {x}",
        "{object} should have the same {what} as {x}",
        "let {object} have the {what} of {x}",
        "change the {what} of {object} to that of {x}",
    ),
    ("{object} should have the {what} of {x}", "change {object} to the same {what} as {x}"),
)
_GAPPED = {"recolor": "color", "material": "material"}
_JOINED = Said(
    (
        "make {one} {value} and {two} {other}",
        "paint {one} {value} and {two} {other}",
        "turn {one} {value} and {two} {other}",
    ),
    ("make {one} {value}, and {two} {other}", "turn {one} {value} and turn {two} {other}"),
)

_TIMED = 0.12


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
    own = _EVERYDAY.get(topic.name, Said((), ()))
    if draft.wordings == "train":
        return (*topic.plain, *topic.train, *own.train)
    return (*topic.test, *own.held_out)


def request_edit(draft: Draft, level: int | None, focus: Focus | None = None, *, timed: bool = True) -> Request:
    """Draws one request and adds its calls. level: calls that the object takes, 0 for its name; None for an edit of the
    whole picture. focus: what a pronoun may stand for. Raises Unfit where it does not fit the clip."""
    if level is None:
        return _whole(draft, TOPICS[pick(draft.rng, WHOLE_TOPICS)])
    topic = TOPICS[weighted(draft.rng, _SHARES)]
    if topic.name in _GAPPED and level == 0 and focus is None and draft.chance(0.06):
        return _gapped(draft, topic.name)
    if topic.name == "remove" and level == 0 and focus is None and draft.chance(0.08):
        return _listed(draft)
    mention, together = _mention(draft, level, focus, topic.name), False
    if mention is None:
        mention, together = every(draft), True
    words = {"object": mention.text, "other": mention.text}
    values = {**({"all": "all"} if together else {}), "object": mention.reference}
    text = _valued(draft, topic, words, values)
    when = _when(draft, mention, together) if timed and draft.chance(_TIMED) else None
    if when is not None:
        clause, values["when"] = when
        text = f"{clause}{pick(draft.words, (', ', ' '))}{text}" if draft.coin(0.5) else f"{text} {clause}"
    draft.step(Call(topic.name, values))
    gone = topic.name in ("remove", "replace", "reference") or together
    category = None if mention.place is None else _category(draft, mention.place)
    return Request(text, None if gone else Focus(mention.place, category), level)


def _category(draft: Draft, place: int) -> str | None:
    asking = [call for call in draft.calls if call.head not in TOPICS]
    return asking[place].values.get("category")


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
        return draft.say(_COPIED).format(object=words["object"], what=slot, x=other.text)
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


def _when(draft: Draft, mention: Mention, together: bool) -> tuple[str, str]:
    """A clause about time, and the reference to its span."""
    draw = draft.rng.random()
    if draw < 0.25:
        part = pick(draft.rng, wordings.PARTS)
        return draft.say(wordings.PARTS[part]), f"#{draft.ask(Call('during', {'part': part})) + 1}"
    if draw < 0.55 and not together:
        text, place = wordings.PRONOUN, mention.place
    else:
        other = named(draft)
        text, place = other.text, other.place
    event = pick(draft.rng, ("appears", "leaves", "starts", "stops", "collides", "is-occluded"))
    verb = pick(draft.words, wordings.EVENTS[event].of(draft.wordings))
    head, said = ("after", wordings.AFTER) if draft.chance(0.65) else ("before", wordings.BEFORE)
    clause = draft.say(said).format(x=text, **verb._asdict())
    return clause, f"#{draft.ask(Call(head, {'event': event, 'of': f'#{place + 1}'})) + 1}"


def _gapped(draft: Draft, operation: str) -> Request:
    """Make the ball blue and the cube red."""
    slot = _GAPPED[operation]
    one, first = named(draft), pick(draft.rng, draft.vocabulary.words[slot])
    draft.step(Call(operation, {"object": one.reference, slot: first}))
    two, second = named(draft), pick(draft.rng, draft.vocabulary.words[slot])
    if two.text == one.text:
        raise Unfit
    draft.step(Call(operation, {"object": two.reference, slot: second}))
    said = [form for form in _JOINED.of(draft.wordings) if operation == "recolor" or not form.startswith("paint")]
    text = pick(draft.words, said).format(one=one.text, value=first, two=two.text, other=second)
    return Request(text, Focus(two.place, _category(draft, two.place)))


def _listed(draft: Draft) -> Request:
    """Remove the ball and the cube."""
    one = named(draft)
    draft.step(Call("remove", {"object": one.reference}))
    two = named(draft)
    if two.text == one.text:
        raise Unfit
    draft.step(Call("remove", {"object": two.reference}))
    text = pick(draft.words, templates(draft, TOPICS["remove"])).format(object=f"{one.text} and {two.text}")
    return Request(text, None)


def _whole(draft: Draft, topic: Topic) -> Request:
    """An edit of the whole picture, or an addition."""
    words = draft.vocabulary.words
    if topic.name == "add":
        shape, place = pick(draft.rng, words["shape"]), pick(draft.rng, words["place"])
        known = {"size": "size", "material": "material", "color": "color"}
        shares = {"size": 0.4, "material": 0.45, "color": 0.92}
        known = {key: pick(draft.rng, words[key]) for key in known if draft.chance(shares[key])}
        thing = with_article(described({**known, "category": _noun(draft, shape)}))
        draft.step(Call("add", {**known, "shape": shape, "place": spelled(place)}))
        return Request(pick(draft.words, templates(draft, topic)).format(thing=thing, place=place), None)
    slot = topic.value_slot or topic.name
    value = pick(draft.rng, words[slot])
    draft.step(Call(topic.name, {slot: spelled(value)}))
    clues = topic.implicit.clues.get(value) if topic.implicit is not None else None
    if clues and draft.wordings == "train" and draft.coin(0.08):
        return Request(pick(draft.words, clues), None)
    derived = {name: given[value] for name, given in topic.derived_slots.items()}
    return Request(pick(draft.words, templates(draft, topic)).format(**{slot: value}, **derived), None)
