"""Packed dialogues: after one opening (head and pictures) many question and answer turns in one sequence.

A turn attends to the opening and to itself, not to the other turns, and its positions count on from the opening. So
every turn is computed as if it were the only one, at the price of its own tokens alone.
"""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from torch import Tensor

from vireo.models.tokenizer import PAD

ABSENT = 1 << 15
"""The set of objects (see `Turn.objects`) of a turn about something that is not there."""


@dataclass(frozen=True)
class Turn:
    """One question and its answer.

    ids: tokens of the whole turn with answer and end mark. answer: where the answer begins in them.
    kind: what is asked, for the figures.
    objects: the set of the objects that the turn is about, as bits: 1 << index in the scene of the first picture,
        indices 0 to 14; ABSENT where it is about one that the picture does not show; 0 where it is about none.
    names: single objects that are named in it, as (position of the name's last token in ids, objects).
    """

    ids: tuple[int, ...]
    answer: int
    kind: str
    objects: int = 0
    names: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Packed:
    """A batch of B sequences of L tokens with N predicted tokens in T turns, which name M objects.

    ids, positions: int64 (B, L). mask: float32 (B, 1, L, L), 0 where a token may attend, -inf elsewhere.
    rows, columns: int64 (N,), where answer tokens are predicted from. answers: int64 (N,), those tokens; -100 for
        padding. turns: int64 (N,), number of the turn in the batch; -1 for padding.
    question_ends: int64 (T, 2), row and column of the last token before the answer of each turn.
    name_ends: int64 (M, 2), row and column of the last token of each object's name.
    instructions: int64 (K, 2), rows and columns of all tokens of instructions as an editor reads them (turns of kind
        "plan").
    kinds, objects: of the turns. name_objects: of the names. opening: length of the opening.
    """

    ids: Tensor
    positions: Tensor
    mask: Tensor
    rows: Tensor
    columns: Tensor
    answers: Tensor
    turns: Tensor
    question_ends: Tensor
    name_ends: Tensor
    instructions: Tensor
    kinds: list[str]
    objects: list[int]
    name_objects: list[int]
    opening: int

    def to(self, device: torch.device) -> Self:
        tensors = {name: value.to(device) for name, value in vars(self).items() if isinstance(value, Tensor)}
        return dataclasses.replace(self, **tensors)

    def answered_right(self, chosen: Tensor) -> list[bool]:
        """Whether each turn's answer is right to the last token, given the chosen tokens (N,)."""
        wrong = self.turns[(chosen != self.answers) & (self.answers >= 0)]
        right = torch.ones(len(self.kinds), dtype=torch.bool)
        right[wrong] = False
        return right.tolist()


def pack(opening: Sequence[int], dialogues: Sequence[Sequence[Turn]], length: int, multiple: int = 64) -> Packed:
    """Packs one dialogue a row; turns that do not fit into `length` tokens are left out.

    N is padded to a multiple of `multiple`, so that few shapes occur.
    """
    batch, begin = len(dialogues), len(opening)
    ids = np.full((batch, length), PAD, np.int64)
    ids[:, :begin] = opening
    positions = np.tile(np.arange(length), (batch, 1))
    groups = np.full((batch, length), -1)
    groups[:, :begin] = 0
    placed: list[tuple[int, int, Turn]] = []  # row, column of the first token
    for row, dialogue in enumerate(dialogues):
        start = begin
        for turn in dialogue:
            end = start + len(turn.ids)
            if end > length:
                continue
            ids[row, start:end] = turn.ids
            positions[row, start:end] = np.arange(begin, begin + len(turn.ids))
            groups[row, start:end] = len(placed) + 1
            placed.append((row, start, turn))
            start = end
    predicted = [
        (row, start + k - 1, turn.ids[k], number)
        for number, (row, start, turn) in enumerate(placed)
        for k in range(turn.answer, len(turn.ids))
    ]
    predicted += [(0, 0, -100, -1)] * (-len(predicted) % multiple)
    rows, columns, answers, turns = _int64(predicted, 4).unbind(1)
    names = [(row, start + last, objects) for row, start, turn in placed for last, objects in turn.names]
    instructions = [(row, start + k) for row, start, turn in placed if turn.kind == "plan" for k in range(turn.answer)]
    return Packed(
        ids=torch.from_numpy(ids),
        positions=torch.from_numpy(positions),
        mask=_attention_mask(torch.from_numpy(groups)),
        rows=rows,
        columns=columns,
        answers=answers,
        turns=turns,
        question_ends=_int64([(row, start + turn.answer - 1) for row, start, turn in placed], 2),
        name_ends=_int64([(row, column) for row, column, _ in names], 2),
        instructions=_int64(instructions, 2),
        kinds=[turn.kind for _, _, turn in placed],
        objects=[turn.objects for _, _, turn in placed],
        name_objects=[objects for _, _, objects in names],
        opening=begin,
    )


def _int64(entries: Sequence[tuple[int, ...]], width: int) -> Tensor:
    return torch.tensor(entries, dtype=torch.int64).view(-1, width)


def _attention_mask(groups: Tensor) -> Tensor:
    """groups: (B, L), 0 for the opening, then the number of the turn, -1 for padding."""
    length = groups.shape[1]
    same = (groups[:, :, None] == groups[:, None, :]) | (groups[:, None, :] == 0)
    allowed = same & torch.ones(length, length, dtype=torch.bool).tril()
    return torch.zeros(allowed.shape).masked_fill_(~allowed, float("-inf"))[:, None]
