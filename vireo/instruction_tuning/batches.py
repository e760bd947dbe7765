"""Batches of packed dialogues for the instructor: about pictures, verdicts on edits, references, texts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np
from PIL import Image
from transformers import PreTrainedTokenizerFast

from vireo.instruction_tuning import critic_candidates
from vireo.instruction_tuning.corpus import Corpus
from vireo.instruction_tuning.critic_candidates import Candidate
from vireo.instruction_tuning.packing import ABSENT, Packed, Turn, pack
from vireo.instruction_tuning.patch_labels import patch_shares
from vireo.instruction_tuning.phrasings import Fault
from vireo.instruction_tuning.pictures import STILLS, PictureSet
from vireo.models.instructor.prompts import (
    CHANGES,
    CRITIC_QUESTIONS,
    FAULT,
    NO,
    NOTHING,
    YES,
    InstructorTemplate,
    QuestionKind,
    answer_ids,
    marked_ids,
    opening_ids,
    turn_ids,
)
from vireo.models.tokenizer import EOS, IMAGE, plain_ids
from vireo.types import GLOBAL_FAMILIES, EditPair

TEXT_LENGTHS = (256, 192, 192)
"""Tokens of a sequence beside those of its 0, 1 or 2 pictures. Fixed, so that every step has the same shapes."""

EMPHASIS = {
    **{"material": 3.5, "shape": 3.0, "relation": 2.5, "comparison": 1.5, "color": 1.5, "plan": 1.5, "floor": 0.7},
    **dict.fromkeys(("watermark", "style", "backdrop", "light", "caption"), 0.4),
}
"""How often kinds of turns about a picture come, in proportion: those that are learned late more often."""

_FAULTS: dict[Fault | Literal["foreign"], float] = {"none": 0.62, "value": 0.14, "object": 0.12, "foreign": 0.12}

_DIAGNOSED = 0.25
"""Share of verdicts that say what is wrong instead of Yes or No."""

QUESTIONS = 8
"""Turns about each candidate edit."""


@dataclass(frozen=True)
class Batch:
    """images: uint8 (B, n, H, W, 3), n pictures a dialogue. packed: their dialogues.

    turn_patches: float32 (T, P + 1), for each turn the patches of the first picture that show the objects it is about,
        in proportion to what they show and summing to one; the last entry for objects that are not there; zeros for
        a turn that is about none.
    name_patches: float32 (M, P + 1), the same for each name of an object.
    highlights: whether the second picture is to be shown as `vireo.models.instructor.states.highlighted`.
    """

    images: np.ndarray
    packed: Packed
    turn_patches: np.ndarray
    name_patches: np.ndarray
    highlights: bool = False


@dataclass(frozen=True)
class _Candidate:
    """A source picture and a second one to judge. changes: the turn that says what was changed, if it has words."""

    kind: Candidate
    source: np.ndarray
    edited: np.ndarray
    changes: Turn | None


@dataclass(frozen=True)
class _Instruction:
    """Tokens of an instruction, whether it is an implicit one, the family of its own pair, and the objects it names."""

    ids: tuple[int, ...]
    reasoned: bool
    family: str
    objects: int


Key = TypeVar("Key")


def _choice(weights: Mapping[Key, float], rng: np.random.Generator) -> Key:
    """A key, drawn in proportion to its weight."""
    shares = np.array(list(weights.values()))
    return list(weights)[int(rng.choice(len(weights), p=shares / shares.sum()))]


class BatchSampler:
    """Draws batches from a pair set and its corpus; all randomness comes from the generator of each call.

    patch_size: of the vision tower, which takes the pictures as they are.
    owners: of `Corpus.about` that have turns. edits: rows of the pairs that can be judged.
    """

    def __init__(
        self,
        pairs_dir: Path,
        pairs: Sequence[EditPair],
        pictures: PictureSet,
        corpus: Corpus,
        tokenizer: PreTrainedTokenizerFast,
        template: InstructorTemplate,
        patch_size: int,
    ) -> None:
        self.pictures, self.corpus, self.template, self.patch_size = pictures, corpus, template, patch_size
        height, width = pictures.still(0, 0).shape[:2]
        self.patches = (height // patch_size) * (width // patch_size)
        self.openings = [opening_ids(tokenizer, template, n, self.patches, IMAGE) for n in range(3)]
        self.lengths = [length + n * self.patches for n, length in enumerate(TEXT_LENGTHS)]
        self._tokenise_fixed_texts(tokenizer)
        self.sources = np.array([pictures.number[pair.source] for pair in pairs])
        self.targets = np.array([pictures.number[pair.target] for pair in pairs])
        self.families = [pair.family for pair in pairs]
        self.concerned = [set(pair.concerned) for pair in pairs]
        self.owners = np.flatnonzero(np.diff(corpus.about.owned))
        self.edits = np.flatnonzero(np.diff(corpus.orders.owned))
        self.edits_of_source: dict[int, list[int]] = defaultdict(list)
        for index in self.edits:
            self.edits_of_source[int(self.sources[index])].append(int(index))
        references = [pairs_dir / str(pairs[k].reference) for k in corpus.reference_pairs]
        self.reference_images = [np.asarray(Image.open(path).convert("RGB")) for path in references]

    def _tokenise_fixed_texts(self, tokenizer: PreTrainedTokenizerFast) -> None:
        template = self.template
        self.before = tuple(marked_ids(tokenizer, template.tail))
        self.after = tuple(marked_ids(tokenizer, template.closing + template.answer))
        self.questions = {kind: plain_ids(tokenizer, f"\n{text}") for kind, text in CRITIC_QUESTIONS.items()}
        self.yes_no = {answer: answer_ids(tokenizer, template, YES if answer else NO) for answer in (True, False)}
        self.fault = plain_ids(tokenizer, f"\n{FAULT}")
        answers = {answer for faults in critic_candidates.DIAGNOSES.values() for answer in faults.values()}
        self.diagnoses = {answer: answer_ids(tokenizer, template, answer) for answer in sorted(answers)}
        question = turn_ids(tokenizer, template, CHANGES)
        answer = answer_ids(tokenizer, template, NOTHING)
        self.unchanged = Turn((*question, *answer, EOS), len(question), "changes")

    def about(self, owners: Sequence[int], rng: np.random.Generator) -> Batch:
        """Dialogues about single pictures; owners as in `Corpus.about`."""
        stills = [divmod(int(owner), len(STILLS)) for owner in owners]
        images = [self.pictures.still(number, still) for number, still in stills]
        dialogues = [self.corpus.about.draw(owner, rng, emphasis=EMPHASIS) for owner in owners]
        packed = pack(self.openings[1], dialogues, self.lengths[1])
        return Batch(np.stack(images)[:, None], packed, *self._patches_shown(packed, stills))

    def texts(self, owners: Sequence[int], rng: np.random.Generator) -> Batch:
        """Dialogues about captions, without pictures; several captions share a row."""
        bank = self.corpus.texts
        dialogues = [
            [turn for k in (owner, *rng.integers(0, len(bank), 2)) for turn in bank.draw(int(k), rng)]
            for owner in owners
        ]
        packed = pack(self.openings[0], dialogues, self.lengths[0])
        no_patches = np.zeros((0, self.patches + 1), np.float32)
        return Batch(np.zeros((len(owners), 0, 1, 1, 3), np.uint8), packed, no_patches, no_patches)

    def references(self, owners: Sequence[int], rng: np.random.Generator) -> Batch:
        """Dialogues about a source and a reference picture."""
        stills = [(int(self.sources[self.corpus.reference_pairs[owner]]), 0) for owner in owners]
        images = [[self.pictures.still(*s), self.reference_images[k]] for s, k in zip(stills, owners, strict=True)]
        dialogues = [self.corpus.references.draw(owner, rng) for owner in owners]
        packed = pack(self.openings[2], dialogues, self.lengths[2])
        return Batch(np.array(images), packed, *self._patches_shown(packed, stills))

    def verdicts(self, indices: Sequence[int], rng: np.random.Generator) -> Batch:
        """Dialogues of the critic about edits of these pairs: a candidate each, and QUESTIONS turns about it."""
        images, dialogues, stills = [], [], []
        for index in map(int, indices):
            still = int(rng.integers(len(STILLS)))
            stills.append((int(self.sources[index]), still))
            candidate = self._candidate(index, still, rng)
            images.append([candidate.source, candidate.edited])
            turns = [candidate.changes, *(self._verdict(index, candidate.kind, rng) for _ in range(QUESTIONS))]
            # Turns that were drawn twice teach nothing new.
            dialogues.append(list(dict.fromkeys(turn for turn in turns if turn is not None)))
        packed = pack(self.openings[2], dialogues, self.lengths[2])
        return Batch(np.array(images), packed, *self._patches_shown(packed, stills), self.template.highlights)

    def _patches_shown(self, packed: Packed, stills: Sequence[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
        """`Batch.turn_patches` and `Batch.name_patches` of rows whose first pictures are (clip number, still)."""
        shares = []
        for number, still in stills:
            masks = self.pictures.instances(number)
            shares.append(None if masks is None else patch_shares(masks[still], self.patch_size))

        def distribution(ends: list[int], sets: list[int]) -> np.ndarray:
            result = np.zeros((len(sets), self.patches + 1), np.float32)
            for entry, row, objects in zip(result, ends, sets, strict=True):
                share = shares[row]
                if objects == ABSENT:
                    entry[-1] = 1
                elif share is not None:
                    entry[:-1] = sum(share[index] for index in range(len(share)) if objects >> index & 1)
            return result / np.maximum(result.sum(1, keepdims=True), 1e-6)

        return (
            distribution(packed.question_ends[:, 0].tolist(), packed.objects),
            distribution(packed.name_ends[:, 0].tolist(), packed.name_objects),
        )

    def _candidate(self, index: int, still: int, rng: np.random.Generator) -> _Candidate:
        kind = _choice(critic_candidates.SHARES, rng)
        others = [k for k in self._other_edits(index) if self.families[k] != "absent"]
        other = others[int(rng.integers(len(others)))] if others else None
        result = self._edited(kind, index, other, still, rng)
        if result is None:
            kind, result = "exact", (self._target(index, still), self._changes(index))
        edited, changes = result
        if kind != "degraded" and rng.random() < 0.35:
            edited = critic_candidates.slightly_worn(edited, rng)
        return _Candidate(kind, self._source(index, still), edited, changes)

    def _edited(
        self, kind: Candidate, index: int, other: int | None, still: int, rng: np.random.Generator
    ) -> tuple[np.ndarray, Turn | None] | None:
        """A second picture of this kind and the turn that says what was changed; None where the pair allows no such.

        other: the row of another edit of the same source.
        """
        source, target = self._source(index, still), self._target(index, still)
        absent = self.families[index] == "absent"
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
        disjoint = other is not None and not self.concerned[index] & self.concerned[other]
        if other is not None and disjoint and (not local or rng.random() < 0.5):
            return critic_candidates.pasted(source, target, self._target(other, still))
        return critic_candidates.cast(target, rng) if local else None

    def _source(self, index: int, still: int) -> np.ndarray:
        return self.pictures.still(int(self.sources[index]), still)

    def _target(self, index: int, still: int) -> np.ndarray:
        return self.pictures.still(int(self.targets[index]), still)

    def _is_local(self, index: int) -> bool:
        return self.families[index] not in GLOBAL_FAMILIES

    def _other_edits(self, index: int) -> list[int]:
        """Rows of the other pairs of the same source."""
        return [k for k in self.edits_of_source[int(self.sources[index])] if k != index]

    def _changes(self, index: int) -> Turn:
        """What the edit of this pair changes."""
        bank = self.corpus.orders
        return next(bank.turn(k) for k in bank.of(index) if bank.kind(k) == "changes")

    def _verdict(self, index: int, candidate: Candidate, rng: np.random.Generator) -> Turn | None:
        """A question about a candidate under a right or faulty instruction; None where no answer is sure."""
        fault = _choice(_FAULTS, rng)
        instruction = self._instruction(index, fault, rng)
        if instruction is None:
            fault, instruction = "none", self._instruction(index, "none", rng)
        assert instruction is not None, "every edit has a right instruction"
        if fault != "none" and self.families[index] == "absent" and candidate == "exact":
            candidate = "copy"
        known = self._known_answers(index, candidate, fault, instruction)
        if not known:
            return None
        weights: dict[QuestionKind, float] = {
            kind: critic_candidates.question_weight(kind, answer) for kind, answer in known.items()
        }
        asked = _choice(weights, rng)
        diagnosis = critic_candidates.DIAGNOSES[candidate].get(fault)
        if diagnosis is not None and rng.random() < _DIAGNOSED:
            question, answer, name = self.fault, self.diagnoses[diagnosis], f"diagnosis/{diagnosis}"
        else:
            question, answer = self.questions[asked], self.yes_no[known[asked]]
            word = "yes" if known[asked] else "no"
            name = f"critic/{asked}/{word}/{candidate}/{fault}{'/reasoned' if instruction.reasoned else ''}"
        start = (*self.before, *instruction.ids, *question, *self.after)
        return Turn((*start, *answer, EOS), len(start), name, instruction.objects)

    def _known_answers(
        self, index: int, candidate: Candidate, fault: Fault | Literal["foreign"], instruction: _Instruction
    ) -> dict[QuestionKind, bool]:
        """Sure answers by question."""
        if fault == "foreign" and instruction.family == "absent" and candidate != "exact":
            return {}  # untouched is what that instruction asks for
        known = critic_candidates.truth(candidate, fault, self._is_local(index))
        if self.families[index] == "absent" and candidate in ("over", "degraded"):
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
        return _Instruction(ids, turn.kind.endswith("/reasoned"), self.families[index], turn.objects)
