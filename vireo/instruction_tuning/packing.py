"""Packed dialogues: after one opening (head and pictures) many question and answer turns in one sequence.

A turn sees the opening and itself, not the other turns, and its positions count on from the opening. So every
turn is computed as if it were the only one, at the price of its own tokens alone.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from vireo.models.tokenizer import PAD

ABSENT = 1 << 15
"""`Turn.bodies` of a turn about something that is not there."""


@dataclass(frozen=True)
class Turn:
    """ids: tokens of the whole turn with answer and end mark. answer: where the answer begins in them.

    kind: what is asked, for the figures.
    bodies: set of the objects that the turn is about, as bits: 1 << index in the scene of the first picture;
        ABSENT where it is about one that the picture does not show; 0 where it is about none.
    names: single objects that are named in it, as (place of the name's last token in ids, bodies).
    """

    ids: tuple[int, ...]
    answer: int
    kind: str
    bodies: int = 0
    names: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Packed:
    """A batch of B sequences of L tokens with N predicted tokens.

    ids, positions: int64 (B, L). mask: float32 (B, 1, L, L), 0 where a token may look, -inf elsewhere.
    rows, columns: int64 (N,), the places from which answer tokens are predicted. answers: int64 (N,), those
        tokens; -100 for padding. turns: int64 (N,), number of the turn in the batch.
    asking: int64 (T, 2), row and column of the last token before the answer of each turn.
    naming: int64 (M, 2), row and column of the last token of each object's name.
    told: int64 (K, 2), rows and columns of all tokens of instructions as an editor reads them (turns of kind "plan").
    kinds, bodies: of the turns. named: bodies of the names. opening: length of the opening.
    """

    ids: Tensor
    positions: Tensor
    mask: Tensor
    rows: Tensor
    columns: Tensor
    answers: Tensor
    turns: Tensor
    asking: Tensor
    naming: Tensor
    told: Tensor
    kinds: list[str]
    bodies: list[int]
    named: list[int]
    opening: int

    def to(self, device: torch.device) -> Packed:
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
    rows, columns, answers, turns = [], [], [], []
    asking, naming, told, kinds, bodies, named = [], [], [], [], [], []
    for row, dialogue in enumerate(dialogues):
        at = begin
        for turn in dialogue:
            end = at + len(turn.ids)
            if end > length:
                continue
            ids[row, at:end] = turn.ids
            positions[row, at:end] = np.arange(begin, begin + len(turn.ids))
            groups[row, at:end] = len(kinds) + 1
            count = len(turn.ids) - turn.answer
            rows += [row] * count
            columns += range(at + turn.answer - 1, end - 1)
            answers += turn.ids[turn.answer :]
            turns += [len(kinds)] * count
            asking.append((row, at + turn.answer - 1))
            kinds.append(turn.kind)
            bodies.append(turn.bodies)
            naming += [(row, at + place) for place, _ in turn.names]
            if turn.kind == "plan":
                told += [(row, column) for column in range(at, at + turn.answer)]
            named += [own for _, own in turn.names]
            at = end
    spare = -len(rows) % multiple
    return Packed(
        torch.from_numpy(ids),
        torch.from_numpy(positions),
        _mask(torch.from_numpy(groups)),
        torch.tensor(rows + [0] * spare),
        torch.tensor(columns + [0] * spare),
        torch.tensor(answers + [-100] * spare),
        torch.tensor(turns + [-1] * spare),
        torch.tensor(asking, dtype=torch.int64).view(-1, 2),
        torch.tensor(naming, dtype=torch.int64).view(-1, 2),
        torch.tensor(told, dtype=torch.int64).view(-1, 2),
        kinds,
        bodies,
        named,
        begin,
    )


def _mask(groups: Tensor) -> Tensor:
    length = groups.shape[1]
    same = (groups[:, :, None] == groups[:, None, :]) | (groups[:, None, :] == 0)
    allowed = same & torch.ones(length, length, dtype=torch.bool).tril()
    return torch.zeros(allowed.shape).masked_fill_(~allowed, float("-inf"))[:, None]
