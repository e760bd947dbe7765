"""What a query is drawn from, and the calls that it comes to while it is drawn."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Literal, Protocol

import numpy as np

from vireo.models.instructor.vocabulary import Vocabulary
from vireo.reasoning.hops import SHARED, TIMES, Call
from vireo.reasoning.query_language.wordings import Said, Wordings
from vireo.world.appearance import pick

Combinations = Literal["train", "held_out", "any"]

HELD_OUT_COMBINATIONS = frozenset(
    (
        ("left-of", "approached-by"),
        ("behind", "moving-towards"),
        ("approached-by", "right-of"),
        ("moving-towards", "behind"),
        ("right-of", "stops"),
        ("in-front-of", "fastest"),
        ("collides", "left-of"),
        ("larger-than", "in-front-of"),
        ("approached-by", "largest"),
        ("moving-towards", "appears"),
        ("left-of", "smallest"),
        ("color", "right-of"),
        ("behind", "category"),
        ("smaller-than", "leftmost"),
        ("category", "in-front-of"),
        ("collides", "starts"),
    )
)
"""What an object is asked for by, and what the object in it is asked for by: pairs that training never has."""


class Unfit(Exception):
    """What was drawn does not fit the clip, or is not to be trained on; another is drawn."""


class Asked(Protocol):
    """An answer, as far as a draft looks at it."""

    @property
    def ids(self) -> tuple[str, ...]: ...


class Clip(Protocol):
    """What a query is about: a twin, or a clip that exists only in imagination."""

    def ask(self, call: Call, answers: Sequence[Asked], many: bool) -> Asked: ...

    def objects(self, rng: np.random.Generator) -> Sequence[Mapping[str, str]]:
        """Values of `SHARED` of each object."""
        ...


@dataclass
class Draft:
    """A query while it is drawn. rng decides what is meant, words how it is said. calls: so far; asked: those of them
    that ask, and their answers; keys: what each object was asked for by."""

    rng: np.random.Generator
    words: np.random.Generator
    clip: Clip
    vocabulary: Vocabulary
    wordings: Wordings = "train"
    combinations: Combinations = "train"
    calls: list[Call] = field(default_factory=list)
    asked: list[Call] = field(default_factory=list)
    answers: list[Asked] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    new_combination: bool = False

    def say(self, said: Said) -> str:
        return pick(self.words, said.of(self.wordings))

    def chance(self, share: float) -> bool:
        return bool(self.rng.random() < share)

    def coin(self, share: float) -> bool:
        """A chance that only words depend on."""
        return bool(self.words.random() < share)

    def ask(self, call: Call, key: str = "", *, many: bool = False) -> int:
        """Adds a call that asks and gives the place of its answer, from 0.

        key: what an object is asked for by. many: several objects are meant. Raises Unfit where the answer has not
        one object, or several, as meant, and for combinations that are not wanted.
        """
        inner = call.reference("of")
        if inner is not None and key and (key, self.keys[inner]) in HELD_OUT_COMBINATIONS:
            if self.combinations == "train":
                raise Unfit
            self.new_combination = True
        answer = self.clip.ask(call, self.answers, many)
        if call.head not in TIMES and ((len(answer.ids) < 2) if many else (len(answer.ids) != 1)):
            raise Unfit
        self.calls.append(call)
        self.asked.append(call)
        self.answers.append(answer)
        self.keys.append(key)
        return len(self.answers) - 1

    def apart(self, *places: int) -> None:
        """Raises Unfit where two of these objects are asked for by the same call: nobody could tell them apart."""
        if any(one == other for one, other in combinations([self.asked[place] for place in places], 2)):
            raise Unfit

    def step(self, call: Call) -> None:
        self.calls.append(call)


@dataclass(frozen=True)
class ImaginedAnswer:
    ids: tuple[str, ...]


IMAGINED_IDS = tuple(f"o{number}" for number in range(1, 10))


def imagined_answer(rng: np.random.Generator, count: int) -> ImaginedAnswer:
    """So many objects that are no one's."""
    return ImaginedAnswer(tuple(sorted(rng.choice(IMAGINED_IDS, count, replace=False).tolist())))


class Imagination:
    """A clip of which nothing is known: all words may name something, and each question has the answer that is meant.

    What a query means does not depend on what its clip shows, so a reasoner learns from such clips; they are drawn in
    a fraction of the time of real ones, and have combinations that real ones seldom have.
    """

    def __init__(self, rng: np.random.Generator, vocabulary: Vocabulary) -> None:
        self.rng, self.vocabulary = rng, vocabulary

    def ask(self, call: Call, answers: Sequence[Asked], many: bool) -> ImaginedAnswer:
        count = int(self.rng.integers(2, 4)) if many else 1
        return imagined_answer(self.rng, count)

    def objects(self, rng: np.random.Generator) -> Sequence[Mapping[str, str]]:
        words = self.vocabulary.words
        drawn = {key: pick(rng, words["shape" if key == "category" else key]) for key in SHARED}
        return [drawn]
