"""Tokenised turns by owner, as flat arrays: hundreds of thousands of them in a few megabytes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Self

import numpy as np
from transformers import PreTrainedTokenizerFast

from vireo.instruction_tuning.packing import ABSENT, Turn
from vireo.models.instructor.prompts import InstructorTemplate, folded, marked_ids
from vireo.models.tokenizer import EOS, plain_batch
from vireo.runtime import whole_file


@dataclass(frozen=True)
class Question:
    """A turn before it is tokenised: a question of a kind, its words, and the exact answer.

    bodies: indices of the objects that have to be looked at; empty where what is asked for is not there, None where
        it is the whole picture.
    names: words of `text` that name one object, in their order there, and its index.
    """

    kind: str
    text: str
    answer: str
    bodies: tuple[int, ...] | None = None
    names: tuple[tuple[str, int], ...] = ()


def bits(objects: Iterable[int] | None) -> int:
    """A set of objects as `Turn.objects`; empty means absent, None that there is nothing to look for."""
    if objects is None:
        return 0
    return sum(1 << index for index in set(objects)) or ABSENT


@dataclass(frozen=True)
class Ragged:
    """Rows of different lengths: row i is values[offsets[i] : offsets[i + 1]]."""

    values: np.ndarray
    offsets: np.ndarray

    @classmethod
    def of(cls, rows: Sequence[Sequence[int]]) -> Self:
        values = np.fromiter(chain.from_iterable(rows), np.uint16)
        return cls(values, np.cumsum([0, *map(len, rows)]))

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, row: int) -> np.ndarray:
        return self.values[self.offsets[row] : self.offsets[row + 1]]


@dataclass(frozen=True, kw_only=True)
class TurnBank:
    """Turns of M owners; owner m has turns owned[m] to owned[m + 1].

    Of turn i: tokens[i]; answers[i], where its answer begins; kind_names[kinds[i]]; objects[i]; names[i], position of
    the last token and objects of each name in turn, flat. Objects and names are as in `Turn`.
    """

    tokens: Ragged
    answers: np.ndarray
    kinds: np.ndarray
    kind_names: np.ndarray
    objects: np.ndarray
    names: Ragged
    owned: np.ndarray

    def __len__(self) -> int:
        return len(self.owned) - 1

    def kind(self, number: int) -> str:
        return str(self.kind_names[self.kinds[number]])

    def turn(self, number: int) -> Turn:
        names = [(last, objects) for last, objects in self.names[number].reshape(-1, 2).tolist()]
        answer, objects = int(self.answers[number]), int(self.objects[number])
        return Turn(tuple(self.tokens[number].tolist()), answer, self.kind(number), objects, tuple(names))

    def of(self, owner: int) -> range:
        """Numbers of the turns of an owner."""
        return range(self.owned[owner], self.owned[owner + 1])

    def draw(
        self, owner: int, rng: np.random.Generator, most: int = 40, emphasis: Mapping[str, float] | None = None
    ) -> list[Turn]:
        """Turns of an owner in random order, at most `most`.

        emphasis: weights of kinds, 1 for others; heavier ones tend to come earlier (Efraimidis and Spirakis, 2006).
        """
        numbers = self.of(owner)
        by_kind = np.array([(emphasis or {}).get(str(name), 1.0) for name in self.kind_names])
        weights = by_kind[self.kinds[numbers.start : numbers.stop]]
        return [self.turn(numbers[k]) for k in np.argsort(rng.exponential(size=len(numbers)) / weights)[:most]]

    def save(self, path: Path) -> None:
        arrays = {}
        for name, value in vars(self).items():
            arrays |= {f"{name}.{k}": v for k, v in vars(value).items()} if isinstance(value, Ragged) else {name: value}
        with whole_file(path) as temporary, temporary.open("wb") as file:
            np.savez(file, **arrays)

    @classmethod
    def load(cls, path: Path) -> Self:
        with np.load(path) as arrays:
            tokens, names = (Ragged(arrays[f"{k}.values"], arrays[f"{k}.offsets"]) for k in ("tokens", "names"))
            return cls(tokens=tokens, names=names, **{name: arrays[name] for name in arrays if "." not in name})


def tokenise(
    tokenizer: PreTrainedTokenizerFast, template: InstructorTemplate, owners: Sequence[Sequence[Question]]
) -> TurnBank:
    """All turns of all owners; each is what `prompts.turn_ids` and `answer_ids` give, and an end mark."""
    asked = list(chain.from_iterable(owners))
    before, after = marked_ids(tokenizer, template.tail), marked_ids(tokenizer, template.closing + template.answer)
    wordings = (folded(turn.text) if template.fold else turn.text.strip() for turn in asked)
    questions = plain_batch(tokenizer, [template.lead + wording for wording in wordings])
    answers = plain_batch(tokenizer, [template.lead + turn.answer for turn in asked])
    starts = [before + question + after for question in questions]
    kinds = sorted({turn.kind for turn in asked})
    names = [
        [value for last, objects in found for value in (len(before) + last, objects)]
        for found in _name_ends(tokenizer, template.lead, asked)
    ]
    return TurnBank(
        tokens=Ragged.of([[*start, *answer, EOS] for start, answer in zip(starts, answers, strict=True)]),
        answers=np.array([len(start) for start in starts], np.uint16),
        kinds=np.array([kinds.index(turn.kind) for turn in asked], np.uint8),
        kind_names=np.array(kinds),
        objects=np.array([bits(turn.bodies) for turn in asked], np.uint16),
        names=Ragged.of(names),
        owned=np.cumsum([0, *map(len, owners)]),
    )


def _name_ends(tokenizer: PreTrainedTokenizerFast, lead: str, asked: list[Question]) -> list[list[tuple[int, int]]]:
    """The names in each question: position of the last token among those of `text`, and the object as a set."""
    beginnings = []
    for turn in asked:
        end = 0
        for words, _ in turn.names:
            end = turn.text.index(words, end) + len(words)
            beginnings.append(lead + turn.text[:end])
    lasts = iter([len(ids) - 1 for ids in plain_batch(tokenizer, beginnings)])
    return [[(next(lasts), bits([index])) for _, index in turn.names] for turn in asked]
