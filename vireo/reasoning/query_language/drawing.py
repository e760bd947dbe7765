"""Draws queries: one to four requests in one sentence, with the calls that a reasoner should write for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from vireo.models.instructor.vocabulary import Vocabulary
from vireo.reasoning.hops import END, TIMES, UNCLEAR, Call
from vireo.reasoning.query_language.draft import Asked, Clip, Combinations, Draft, Imagination, Unfit
from vireo.reasoning.query_language.edit_wordings import NO_ORDER
from vireo.reasoning.query_language.edits import request_edit
from vireo.reasoning.query_language.wordings import Said, Wordings
from vireo.world.appearance import pick
from vireo.world.families import TOPICS

Category = Literal["literal", "semantic", "spatial", "temporal"]

_JOINS = Said(
    (
        *(" and ", ", and ", " and then ", ", then ", ". then ", ", after that ", ". also ", " and also ", ". ", ", "),
        *(", and after that ", ". after that ", ". and "),
    ),
    (" and after that ", ". and then ", ", and also "),
)
_OPENINGS = Said(
    (
        *("please ", "can you ", "could you ", "could you please ", "hey, ", "now ", "i want you to ", "just ", "ok, "),
        *("hi, ", "hello, ", "so ", "kindly ", "can you please ", "would you ", "i need you to ", "maybe ", "first "),
        *("would you be so kind as to ", "be so kind and ", "if you can, ", "i would like you to ", "for me, "),
        *("if possible, ", "would it be possible to ", "hey there, please ", "please could you ", "next, "),
        *("do me a favor and ", "all right, ", "well, ", "go ahead and ", "in this video, ", "in the clip, "),
    ),
    ("could you be so kind and ", "hello, could you please ", "i would need you to ", "if it is possible, "),
)
_ENDINGS = Said(
    (
        *(" please", " thanks", " for me", ", please", " in this video", ", thank you", " if you can", " if possible"),
        *(", thanks a lot", ", if you would be so kind", " in the clip", ", would you"),
    ),
    (", thank you a lot", " for me, please", ", if it is possible"),
)
_TEMPORAL = frozenset(("happens", "partner", "motion", *TIMES))
_TEMPORAL_WORDS = frozenset(
    ("moving-towards", "approached-by", "following", "followed-by", "fastest", "at-start", "at-end")
)
_SPATIAL = frozenset(("leftmost", "rightmost", "nearest", "farthest", "between"))
_SEMANTIC_RELATIONS = frozenset(("larger-than", "smaller-than"))


@dataclass(frozen=True)
class Query:
    """text: what a person types. calls: what a reasoner should write; answers: to those of them that ask, in order.
    level: most calls that finding one object takes, 3 for more; 0 for names alone. new_combination: see `Draft`."""

    text: str
    calls: tuple[Call, ...]
    answers: tuple[Asked, ...]
    level: int
    category: Category
    new_combination: bool = False


def draw_query(
    rng: np.random.Generator,
    words: np.random.Generator,
    clip: Clip,
    vocabulary: Vocabulary,
    levels: Sequence[int | None],
    wordings: Wordings = "train",
    combinations: Combinations = "train",
) -> Query:
    """A query of one request a level, see `request_edit`.

    rng decides what is meant, words how it is said: the same rng gives the same calls whatever the words. Raises Unfit
    where what was drawn does not fit the clip.
    """
    draft, text, focus = Draft(rng, words, clip, vocabulary, wordings, combinations), "", None
    for number, level in enumerate(levels):
        request = request_edit(draft, level, focus)
        part = request.text
        if number:
            text += draft.say(_JOINS) + part.removeprefix("please ")
        else:
            text = part
        focus = request.focus
    first = text.split()[0]
    if draft.coin(0.15) and first not in NO_ORDER and first not in vocabulary.words["color"]:
        text = draft.say(_OPENINGS) + text
    if draft.coin(0.08):
        text += draft.say(_ENDINGS)
    if combinations == "held_out" and not draft.new_combination:
        raise Unfit
    draft.calls.append(Call(END, {}))
    level = max(level or 0 for level in levels)
    return Query(text, tuple(draft.calls), tuple(draft.answers), level, category_of(draft.calls), draft.new_combination)


def category_of(calls: Sequence[Call]) -> Category:
    """What kind of reasoning the calls take: temporal where one asks for motion, events or times, else spatial where
    one asks for places, else semantic where one asks for more than a name."""
    words = {word for call in calls for word in (call.head, *call.values.values())}
    if words & (_TEMPORAL | _TEMPORAL_WORDS):
        return "temporal"
    places = {call.values["relation"] for call in calls if call.head == "related"} - _SEMANTIC_RELATIONS
    if places or words & _SPATIAL:
        return "spatial"
    named = all("category" in call.values for call in calls if call.head == "find")
    return "literal" if named and not words & {"alike", "counted", "other", "extreme", "related"} else "semantic"


_PATTERNS: tuple[tuple[float, tuple[int | None, ...]], ...] = (
    (0.07, (0,)),
    (0.05, (None,)),
    (0.12, (1,)),
    (0.16, (2,)),
    (0.16, (3,)),
    (0.10, (0, 0)),
    (0.06, (0, None)),
    (0.06, (0, 0, 0)),
    (0.06, (0, 0, None)),
    (0.03, (0, 0, 0, None)),
    (0.05, (2, 0)),
    (0.03, (1, 2)),
    (0.03, (1, 0, None)),
    (0.02, (3, 0)),
)
"""Shares of training queries by the levels of their requests, see `request_edit`, which come in any order."""

_NEGATIONS = ("do not", "never", "dont", "please do not", "you should not", "there should not be", "leave")
_QUESTIONS = ("what is", "where is", "why is", "how big is", "is there", "which color is", "who made", "when was")
_LIMITS = (
    "but not too much",
    "but not {word}",
    "only if {word}",
    "unless {word}",
    "without changing {word}",
    "as it was",
)
_FRUITLESS = 0.1
"""Share of training queries that say nothing to do, or what cannot be done."""


def imagine_query(seed: int, number: int, vocabulary: Vocabulary) -> Query:
    """The training query of a seed and number, about a clip that exists in imagination only."""
    rng = np.random.default_rng((seed, number, 21))
    shares = np.array([share for share, _ in _PATTERNS])
    while True:
        levels = list(_PATTERNS[int(rng.choice(len(_PATTERNS), p=shares / shares.sum()))][1])
        rng.shuffle(levels)
        try:
            query = draw_query(rng, rng, Imagination(rng, vocabulary), vocabulary, levels)
        except Unfit:
            continue
        return _spoilt(query, vocabulary, rng) if rng.random() < _FRUITLESS else query


def _spoilt(query: Query, vocabulary: Vocabulary, rng: np.random.Generator) -> Query:
    """Words that ask for nothing that can be done: cut off, shaken up, taken back, a question, without what they are
    about, or with a word that has no place there."""
    words = query.text.split()
    sort = pick(rng, ("cut off", "shaken", "taken back", "asked", "limited", "left out", *("misplaced",) * 3))
    if sort == "cut off":
        text = " ".join(words[: max(1, int(len(words) * rng.uniform(0.1, 0.45)))])
    elif sort == "shaken":
        text = " ".join(rng.permutation(words))
    elif sort == "taken back":
        text = f"{pick(rng, _NEGATIONS)} {query.text.removeprefix('please ')}"
    elif sort == "asked":
        text = f"{pick(rng, _QUESTIONS)} {' '.join(words[2:6])}"
    elif sort == "limited":
        text = f"{query.text} {pick(rng, _LIMITS).format(word=pick(rng, words))}"
    else:
        text = _misplaced(query, vocabulary, rng, leave_out=sort == "left out")
    return Query(text, (Call(UNCLEAR, {}),), (), 0, "literal")


def _misplaced(query: Query, vocabulary: Vocabulary, rng: np.random.Generator, *, leave_out: bool) -> str:
    """The query without a word that it needs, or with one in its place that means something else."""
    words, known, needed = query.text.split(), vocabulary.words, set()
    for call in query.calls:
        edits = call.head in TOPICS
        needed |= {call.values.get("category")} | {
            call.values.get(slot) for slot in ("color", "material", "shape") if edits
        }
    needed &= {*known["color"], *known["material"], *known["shape"]}
    places = [place for place, word in enumerate(words) if word.strip(",.") in needed and words.count(word) == 1]
    if not places:
        return " ".join(rng.permutation(words))
    place = pick(rng, places)
    words[place : place + 1] = [] if leave_out else [pick(rng, _FOREIGN)]
    return " ".join(words)


_FOREIGN = (
    *(
        "winter",
        "hat",
        "tire",
        "zebra",
        "planet",
        "football",
        "window",
        "coin",
        "chess",
        "bath",
        "camel",
        "ship",
        "tree",
    ),
    *("mason", "cow", "snow", "grass", "sand", "ice", "night", "sunset", "midnight", "stage", "kitchen", "cartoon"),
    *("poster", "picture", "video", "scene", "floor", "background", "light", "shadow", "music", "dog", "car", "man"),
    *(
        "camera",
        "wall",
        "carpet",
        "stone",
        "marble",
        "sea",
        "desert",
        "forest",
        "mountains",
        "stars",
        "lemon",
        "banana",
    ),
    *("milk", "coal", "plum", "blood", "carrot", "frog", "leaves", "water", "grapes"),
)
"""Nouns that are neither objects of the studio nor what one of them can be."""
