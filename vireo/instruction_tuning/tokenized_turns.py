"""Tokenised turns by owner, as flat arrays: hundreds of thousands of them in a few megabytes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from transformers import PreTrainedTokenizerFast

from vireo.instruction_tuning.packing import ABSENT, Turn
from vireo.models.instructor.prompts import InstructorTemplate, folded, marked_ids
from vireo.models.tokenizer import EOS
from vireo.runtime import whole_file


@dataclass(frozen=True)
class Text:
    """A turn before it is tokenised. kind, bodies: as in `Turn`.

    names: words of `said` that name one object, in their order there, and the object as bodies.
    """

    kind: str
    said: str
    answer: str
    bodies: int = 0
    names: tuple[tuple[str, int], ...] = ()


def bits(bodies: Iterable[int] | None) -> int:
    """A set of objects as `Turn.bodies`; empty means absent, None that there is nothing to look for."""
    if bodies is None:
        return 0
    return sum(1 << index for index in set(bodies)) or ABSENT


class TurnBank:
    """Turns of M owners. Turn i has tokens[offsets[i] : offsets[i + 1]], its answer begins at answers[i]; owner m
    has turns owned[m] to owned[m + 1]; names[kinds[i]] is a turn's kind, bodies[i] its objects; the names of objects
    in it are named[naming[i] : naming[i + 1]], as in `Turn.names`."""

    def __init__(
        self,
        tokens: np.ndarray,
        offsets: np.ndarray,
        answers: np.ndarray,
        kinds: np.ndarray,
        bodies: np.ndarray,
        naming: np.ndarray,
        named: np.ndarray,
        owned: np.ndarray,
        names: np.ndarray,
    ) -> None:
        self.tokens, self.offsets, self.answers = tokens, offsets, answers
        self.kinds, self.bodies, self.naming, self.named = kinds, bodies, naming, named
        self.owned, self.names = owned, names

    def __len__(self) -> int:
        return len(self.owned) - 1

    def turn(self, number: int) -> Turn:
        ids = self.tokens[self.offsets[number] : self.offsets[number + 1]]
        kind = str(self.names[self.kinds[number]])
        named = self.named[self.naming[number] : self.naming[number + 1]].tolist()
        names = tuple((place, own) for place, own in named)
        return Turn(tuple(ids.tolist()), int(self.answers[number]), kind, int(self.bodies[number]), names)

    def of(self, owner: int) -> range:
        """Numbers of the turns of an owner."""
        return range(self.owned[owner], self.owned[owner + 1])

    def draw(
        self, owner: int, rng: np.random.Generator, most: int = 40, emphasis: Mapping[str, float] | None = None
    ) -> list[Turn]:
        """Turns of an owner in random order, at most `most`.

        emphasis: weights of kinds, 1 for others; heavier ones tend to come earlier (Efraimidis and Spirakis, 2006).
        """
        own = self.of(owner)
        weights = np.array([(emphasis or {}).get(str(name), 1.0) for name in self.names])[
            self.kinds[own.start : own.stop]
        ]
        return [self.turn(own[k]) for k in np.argsort(rng.exponential(size=len(own)) / weights)[:most]]

    def save(self, path: Path) -> None:
        with whole_file(path) as temporary, temporary.open("wb") as file:
            np.savez(file, **vars(self))

    @classmethod
    def load(cls, path: Path) -> TurnBank:
        with np.load(path) as arrays:
            return cls(**arrays)


def tokenise(
    tokenizer: PreTrainedTokenizerFast, template: InstructorTemplate, owners: Sequence[Sequence[Text]]
) -> TurnBank:
    """All turns of all owners; each is what `prompts.turn_ids` and `answer_ids` give, and an end mark."""
    flat = [text for texts in owners for text in texts]
    before, after = marked_ids(tokenizer, template.tail), marked_ids(tokenizer, template.closing + template.answer)
    said = _plain(tokenizer, [template.lead + (folded(t.said) if template.fold else t.said.strip()) for t in flat])
    answered = _plain(tokenizer, [template.lead + t.answer for t in flat])
    names = sorted({text.kind for text in flat})
    named = _named(tokenizer, template.lead, flat)
    rows, answers = [], []
    for question, answer in zip(said, answered, strict=True):
        start = before + question + after
        rows.append(start + answer + [EOS])
        answers.append(len(start))
    return TurnBank(
        np.array([token for row in rows for token in row], np.uint16),
        np.cumsum([0, *map(len, rows)]),
        np.array(answers, np.uint16),
        np.array([names.index(text.kind) for text in flat], np.uint8),
        np.array([text.bodies for text in flat], np.uint16),
        np.cumsum([0, *map(len, named)]),
        np.array([(len(before) + last, own) for pairs in named for last, own in pairs], np.uint16).reshape(-1, 2),
        np.cumsum([0, *map(len, owners)]),
        np.array(names),
    )


def _named(tokenizer: PreTrainedTokenizerFast, lead: str, texts: list[Text]) -> list[list[tuple[int, int]]]:
    """For each text the names in it: place of the last token among those of `said`, and the object."""
    beginnings = []
    for text in texts:
        end = 0
        for words, _ in text.names:
            end = text.said.index(words, end) + len(words)
            beginnings.append(lead + text.said[:end])
    lasts = iter([len(ids) - 1 for ids in _plain(tokenizer, beginnings)])
    return [[(next(lasts), own) for _, own in text.names] for text in texts]


def _plain(tokenizer: PreTrainedTokenizerFast, texts: list[str]) -> list[list[int]]:
    if not texts:
        return []
    return tokenizer(texts, add_special_tokens=False, split_special_tokens=True).input_ids
