"""Dialogues of the critic: a source, a second picture to judge, and turns about it whose answers are sure."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from transformers import PreTrainedTokenizerFast

from vireo.instruction_tuning import critic_candidates
from vireo.instruction_tuning.corpus import Corpus
from vireo.instruction_tuning.critic_candidates import DIAGNOSES, AnyFault, Candidate
from vireo.instruction_tuning.packing import Turn
from vireo.instruction_tuning.pictures import PictureSet
from vireo.models.instructor import prompts
from vireo.models.instructor.prompts import InstructorTemplate, QuestionKind, answer_ids, turn_ids
from vireo.models.tokenizer import EOS, marked_ids, plain_ids
from vireo.types import EditPair
from vireo.world.families import GLOBAL_FAMILIES

FAULTS: dict[AnyFault, float] = {"none": 0.62, "value": 0.14, "object": 0.12, "foreign": 0.12}
"""Shares of instructions with no fault, the wrong value or object, and of instructions of another edit."""

DIAGNOSED = 0.25
"""Share of verdicts that say what is wrong instead of Yes or No."""

WORN = 0.35
"""Share of candidates that are worn as by a codec."""

QUESTIONS = 8
"""Turns about each candidate."""

Key = TypeVar("Key")


def _choice(weights: Mapping[Key, float], rng: np.random.Generator) -> Key:
    """A key, drawn in proportion to its weight."""
    shares = np.array(list(weights.values()))
    return list(weights)[int(rng.choice(len(weights), p=shares / shares.sum()))]


@dataclass(frozen=True)
class _Instruction:
    """Tokens of an instruction, whether it is an implicit one, the family of its own pair, and the objects it names."""

    ids: tuple[int, ...]
    reasoned: bool
    family: str
    objects: int


class CriticDialogues:
    """Over a pair set and its corpus. edits: rows of the pairs that can be judged."""

    def __init__(
        self,
        pairs: Sequence[EditPair],
        pictures: PictureSet,
        corpus: Corpus,
        tokenizer: PreTrainedTokenizerFast,
        template: InstructorTemplate,
    ) -> None:
        self.pairs, self.pictures, self.corpus = pairs, pictures, corpus
        self.before = tuple(marked_ids(tokenizer, template.tail))
        self.after = tuple(marked_ids(tokenizer, template.closing + template.answer))
        self.questions = {kind: plain_ids(tokenizer, f"\n{text}") for kind, text in prompts.CRITIC_QUESTIONS.items()}
        words = {True: prompts.YES, False: prompts.NO}
        self.yes_no = {answer: answer_ids(tokenizer, template, word) for answer, word in words.items()}
        self.fault = plain_ids(tokenizer, f"\n{prompts.FAULT}")
        answers = {answer for by_fault in DIAGNOSES.values() for answer in by_fault.values()}
        self.diagnoses = {answer: answer_ids(tokenizer, template, answer) for answer in answers}
        changes = turn_ids(tokenizer, template, prompts.CHANGES)
        nothing = answer_ids(tokenizer, template, prompts.NOTHING)
        self.unchanged = Turn((*changes, *nothing, EOS), len(changes), "changes")
        self.edits = np.flatnonzero(np.diff(corpus.orders.owned))
        self.edits_of_source: dict[str, list[int]] = defaultdict(list)
        for index in self.edits.tolist():
            self.edits_of_source[pairs[index].source].append(index)

    def draw(self, index: int, still: int, rng: np.random.Generator) -> tuple[np.ndarray, list[Turn]]:
        """A second picture for the still of a pair's source, uint8 (H, W, 3), and turns about it."""
        kind = _choice(critic_candidates.SHARES, rng)
        others = [k for k in self._other_edits(index) if self.pairs[k].family != "absent"]
        other = others[int(rng.integers(len(others)))] if others else None
        found = self._candidate(kind, index, other, still, rng)
        if found is None:
            kind, found = "exact", (self._target(index, still), self._changes(index))
        edited, changes = found
        if kind != "degraded" and rng.random() < WORN:
            edited = critic_candidates.slightly_worn(edited, rng)
        turns = [changes, *(self._verdict(index, kind, rng) for _ in range(QUESTIONS))]
        # Turns that were drawn twice teach nothing new.
        return edited, list(dict.fromkeys(turn for turn in turns if turn is not None))

    def _candidate(
        self, kind: Candidate, index: int, other: int | None, still: int, rng: np.random.Generator
    ) -> tuple[np.ndarray, Turn | None] | None:
        """The picture of a candidate, and the turn that says what was changed if that has words; None where the pair
        allows no such candidate.

        other: the row of another edit of the same source.
        """
        source, target = self._source(index, still), self._target(index, still)
        absent = self.pairs[index].family == "absent"
        if kind == "degraded":
            return critic_candidates.degraded(target, rng), None if absent else self._changes(index)
        if kind == "other" and other is not None:
            return self._target(other, still), self._changes(other)
        if kind == "over":
            edited = self._overdone(index, other, still, rng)
            return None if edited is None else (edited, None)
        if kind == "copy" and not absent:
            return source, self.unchanged
        if kind == "half" and not absent:
            return critic_candidates.mixed(source, target, rng), self._changes(index)
        if kind == "ghost" and not absent and self._is_local(index):
            return critic_candidates.ghosted(source, target, rng), self._changes(index)
        return None

    def _overdone(self, index: int, other: int | None, still: int, rng: np.random.Generator) -> np.ndarray | None:
        source, target, local = self._source(index, still), self._target(index, still), self._is_local(index)
        disjoint = other is not None and not set(self.pairs[index].concerned) & set(self.pairs[other].concerned)
        if other is not None and disjoint and (not local or rng.random() < 0.5):
            return critic_candidates.pasted(source, target, self._target(other, still))
        return critic_candidates.cast(target, rng) if local else None

    def _source(self, index: int, still: int) -> np.ndarray:
        return self.pictures.still(self.pictures.number[self.pairs[index].source], still)

    def _target(self, index: int, still: int) -> np.ndarray:
        return self.pictures.still(self.pictures.number[self.pairs[index].target], still)

    def _is_local(self, index: int) -> bool:
        return self.pairs[index].family not in GLOBAL_FAMILIES

    def _other_edits(self, index: int) -> list[int]:
        """Rows of the other pairs of the same source."""
        return [k for k in self.edits_of_source[self.pairs[index].source] if k != index]

    def _changes(self, index: int) -> Turn:
        """What the edit of this pair changes."""
        bank = self.corpus.orders
        return next(bank.turn(k) for k in bank.of(index) if bank.kind(k) == "changes")

    def _verdict(self, index: int, candidate: Candidate, rng: np.random.Generator) -> Turn | None:
        """A question about a candidate under a right or faulty instruction; None where no answer is sure."""
        fault = _choice(FAULTS, rng)
        instruction = self._instruction(index, fault, rng)
        if instruction is None:
            fault, instruction = "none", self._instruction(index, "none", rng)
        assert instruction is not None, "every edit has a right instruction"
        if fault != "none" and self.pairs[index].family == "absent" and candidate == "exact":
            candidate = "copy"
        known = self._known_answers(index, candidate, fault, instruction)
        if not known:
            return None
        weights: dict[QuestionKind, float] = {
            kind: critic_candidates.question_weight(kind, answer) for kind, answer in known.items()
        }
        asked = _choice(weights, rng)
        diagnosis = DIAGNOSES[candidate].get(fault)
        if diagnosis is not None and rng.random() < DIAGNOSED:
            question, answer, name = self.fault, self.diagnoses[diagnosis], f"diagnosis/{diagnosis}"
        else:
            question, answer = self.questions[asked], self.yes_no[known[asked]]
            word = "yes" if known[asked] else "no"
            name = f"critic/{asked}/{word}/{candidate}/{fault}{'/reasoned' if instruction.reasoned else ''}"
        start = (*self.before, *instruction.ids, *question, *self.after)
        return Turn((*start, *answer, EOS), len(start), name, instruction.objects)

    def _known_answers(
        self, index: int, candidate: Candidate, fault: AnyFault, instruction: _Instruction
    ) -> dict[QuestionKind, bool]:
        """Sure answers by question."""
        if fault == "foreign" and instruction.family == "absent" and candidate != "exact":
            return {}  # untouched is what that instruction asks for
        known = critic_candidates.truth(candidate, fault, self._is_local(index))
        if self.pairs[index].family == "absent" and candidate in ("over", "degraded"):
            known.pop("accuracy", None)
        if fault == "foreign" and candidate == "exact":
            # Whether the rest stayed as it was is a matter of taste where both edits concern the same object.
            known.pop("preservation", None)
        return known

    def _instruction(self, index: int, fault: str, rng: np.random.Generator) -> _Instruction | None:
        """An instruction for the pair with this fault; None where the corpus has none."""
        if fault == "foreign":
            others = self._other_edits(index)
            if not others:
                return None
            index, fault = others[int(rng.integers(len(others)))], "none"
        bank = self.corpus.orders
        fitting = [k for k in bank.of(index) if bank.kind(k).startswith(f"{fault}/")]
        if not fitting:
            return None
        turn = bank.turn(fitting[int(rng.integers(len(fitting)))])
        ids = turn.ids[len(self.before) : turn.answer - len(self.after)]
        return _Instruction(ids, turn.kind.endswith("/reasoned"), self.pairs[index].family, turn.objects)
