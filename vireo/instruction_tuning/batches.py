"""Batches of packed dialogues for the instructor: about pictures, verdicts on edits, references, texts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from transformers import PreTrainedTokenizerFast

from vireo.instruction_tuning import critic_candidates
from vireo.instruction_tuning.corpus import Corpus
from vireo.instruction_tuning.packing import ABSENT, Packed, Turn, pack
from vireo.instruction_tuning.patch_labels import patch_shares
from vireo.instruction_tuning.pictures import STILLS, PictureSet
from vireo.models.clip import IMAGE_SIZE, PATCH_SIZE
from vireo.models.instructor.prompts import (
    CHANGES,
    CRITIC_QUESTIONS,
    FAULT,
    NO,
    NOTHING,
    YES,
    InstructorTemplate,
    answer_ids,
    marked_ids,
    opening_ids,
    turn_ids,
)
from vireo.models.tokenizer import EOS, IMAGE, plain_ids
from vireo.types import EditPair
from vireo.world.families import GLOBAL_FAMILIES

ROOM = {0: 256, 1: 192, 2: 192}
"""Tokens of a sequence beside those of its pictures, by their number. Fixed, so that every step has the same shapes."""

EMPHASIS = {
    **{"material": 3.5, "shape": 3.0, "relation": 2.5, "comparison": 1.5, "color": 1.5, "plan": 1.5, "floor": 0.7},
    **dict.fromkeys(("watermark", "style", "backdrop", "light", "caption"), 0.4),
}
"""How often kinds of turns about a picture come, in proportion: those that are learned late more often."""

_FAULTS = {"none": 0.62, "value": 0.14, "object": 0.12, "foreign": 0.12}

_DIAGNOSED = 0.25
"""Share of verdicts that say what is wrong instead of Yes or No."""


@dataclass(frozen=True)
class Batch:
    """images: uint8 (B, n, H, W, 3), n pictures a dialogue. packed: their dialogues.

    pointed: float32 (T, P + 1), for each turn the patches of the first picture that show the objects it is about,
        in proportion to what they show and summing to one; the last entry for objects that are not there; zeros for
        a turn that is about none.
    named: float32 (M, P + 1), the same for each name of an object.
    highlights: whether the second picture is to be shown as `vireo.models.instructor.states.highlighted`.
    """

    images: np.ndarray
    packed: Packed
    pointed: np.ndarray
    named: np.ndarray
    highlights: bool = False


@dataclass(frozen=True)
class _Candidate:
    """A source picture and a second one to judge.

    changes: the turn that says what was changed; None where that has no name.
    """

    kind: critic_candidates.Candidate
    source: np.ndarray
    edited: np.ndarray
    changes: Turn | None


class BatchSampler:
    """Draws batches from a pair set and its lessons; all randomness comes from the generator of each call.

    patch_size: of the vision tower.
    """

    def __init__(
        self,
        pairs_dir: Path,
        pairs: Sequence[EditPair],
        pictures: PictureSet,
        lessons: Corpus,
        tokenizer: PreTrainedTokenizerFast,
        template: InstructorTemplate,
        patch_size: int = PATCH_SIZE,
    ) -> None:
        self.pictures, self.lessons, self.template = pictures, lessons, template
        self.patch_size, self.patches = patch_size, (IMAGE_SIZE // patch_size) ** 2
        self.openings = [opening_ids(tokenizer, template, n, self.patches, IMAGE) for n in range(3)]
        self.lengths = [room + n * self.patches for n, room in ROOM.items()]
        self.before = marked_ids(tokenizer, template.tail)
        self.after = marked_ids(tokenizer, template.closing + template.answer)
        self.asked = {kind: plain_ids(tokenizer, f"\n{text}") for kind, text in CRITIC_QUESTIONS.items()}
        self.verdict = {True: answer_ids(tokenizer, template, YES), False: answer_ids(tokenizer, template, NO)}
        self.fault = plain_ids(tokenizer, f"\n{FAULT}")
        answers = {answer for known in critic_candidates.DIAGNOSES.values() for answer in known.values()}
        self.diagnoses = {answer: answer_ids(tokenizer, template, answer) for answer in sorted(answers)}
        asked = turn_ids(tokenizer, template, CHANGES)
        self.unchanged = Turn((*asked, *answer_ids(tokenizer, template, NOTHING), EOS), len(asked), "changes")
        self.sources = np.array([pictures.number[pair.source] for pair in pairs])
        self.targets = np.array([pictures.number[pair.target] for pair in pairs])
        self.families = [pair.family for pair in pairs]
        self.concerned = [tuple(pair.concerned) for pair in pairs]
        self.siblings: dict[int, list[int]] = defaultdict(list)
        self.owners = np.flatnonzero(np.diff(lessons.about.owned))
        self.judged = np.flatnonzero(np.diff(lessons.orders.owned))
        for index in self.judged:
            self.siblings[int(self.sources[index])].append(int(index))
        self.portraits = [
            np.asarray(Image.open(pairs_dir / pairs[k].reference).convert("RGB")) for k in lessons.reference_pairs
        ]

    def about(self, owners: Sequence[int], rng: np.random.Generator) -> Batch:
        """Dialogues about single pictures; owners as in `Corpus.about`."""
        stills = [divmod(int(owner), len(STILLS)) for owner in owners]
        images = [self.pictures.still(number, still) for number, still in stills]
        packed = pack(
            self.openings[1],
            [self.lessons.about.draw(owner, rng, emphasis=EMPHASIS) for owner in owners],
            self.lengths[1],
        )
        return Batch(np.stack(images)[:, None], packed, *self._pointed(packed, stills))

    def texts(self, owners: Sequence[int], rng: np.random.Generator) -> Batch:
        """Dialogues about captions, without pictures; several captions share a row."""
        bank = self.lessons.texts
        dialogues = [
            [turn for k in (owner, *rng.integers(0, len(bank), 2)) for turn in bank.draw(int(k), rng)]
            for owner in owners
        ]
        packed = pack(self.openings[0], dialogues, self.lengths[0])
        nothing = np.zeros((0, self.patches + 1), np.float32)
        return Batch(np.zeros((len(owners), 0, 1, 1, 3), np.uint8), packed, nothing, nothing)

    def references(self, owners: Sequence[int], rng: np.random.Generator) -> Batch:
        """Dialogues about a source and a reference picture."""
        rows = [self.sources[self.lessons.reference_pairs[owner]] for owner in owners]
        images = [[self.pictures.still(row, 0), self.portraits[k]] for row, k in zip(rows, owners, strict=True)]
        packed = pack(self.openings[2], [self.lessons.references.draw(owner, rng) for owner in owners], self.lengths[2])
        return Batch(np.array(images), packed, *self._pointed(packed, [(int(row), 0) for row in rows]))

    def verdicts(self, indices: Sequence[int], rng: np.random.Generator, questions: int = 8) -> Batch:
        """Dialogues of the critic about edits of these pairs: a candidate each, and `questions` turns about it."""
        images, dialogues, stills = [], [], []
        for index in indices:
            still = int(rng.integers(len(STILLS)))
            stills.append((int(self.sources[index]), still))
            candidate = self._candidate(int(index), still, rng)
            images.append([candidate.source, candidate.edited])
            turns = [candidate.changes]
            turns += [self._verdict(int(index), candidate.kind, rng) for _ in range(questions)]
            # Turns that were drawn twice teach nothing new.
            dialogues.append(list(dict.fromkeys(turn for turn in turns if turn is not None)))
        stacked, packed = np.array(images), pack(self.openings[2], dialogues, self.lengths[2])
        return Batch(stacked, packed, *self._pointed(packed, stills), highlights=self.template.highlights)

    def _pointed(self, packed: Packed, stills: Sequence[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
        """`Batch.pointed` and `Batch.named` for rows that begin with these stills, (clip number, still)."""
        shares = []
        for number, still in stills:
            masks = self.pictures.instances(number)
            shares.append(None if masks is None else patch_shares(masks[still], self.patch_size))
        asking, naming = packed.asking[:, 0].tolist(), packed.naming[:, 0].tolist()
        return self._shown(shares, asking, packed.bodies), self._shown(shares, naming, packed.named)

    def _shown(self, shares: Sequence[np.ndarray | None], rows: Sequence[int], bodies: Sequence[int]) -> np.ndarray:
        """`Batch.pointed` of these bodies in the first pictures of these rows. shares: of `patch_shares`, one a row."""
        pointed = np.zeros((len(bodies), self.patches + 1), np.float32)
        for entry, row, wanted in zip(pointed, rows, bodies, strict=True):
            own = shares[row]
            if wanted == ABSENT:
                entry[-1] = 1
            elif own is not None:
                entry[:-1] = sum(own[index] for index in range(len(own)) if wanted >> index & 1)
        return pointed / np.maximum(pointed.sum(1, keepdims=True), 1e-6)

    def _candidate(self, index: int, still: int, rng: np.random.Generator) -> _Candidate:
        source = self.pictures.still(int(self.sources[index]), still)
        target = self.pictures.still(int(self.targets[index]), still)
        family = self.families[index]
        local = family not in GLOBAL_FAMILIES
        kind = str(rng.choice(list(critic_candidates.SHARES), p=list(critic_candidates.SHARES.values())))
        others = [k for k in self.siblings[int(self.sources[index])] if k != index and self.families[k] != "absent"]
        other = None
        if others:
            chosen = others[int(rng.integers(len(others)))]
            other = self.pictures.still(int(self.targets[chosen]), still)
        edited, changes = None, self._changes(index)
        if kind == "copy" and family != "absent":
            edited, changes = source, self.unchanged
        elif kind == "other" and other is not None:
            edited, changes = other, self._changes(chosen)
        elif kind == "half" and family != "absent":
            edited = critic_candidates.mixed(source, target, rng)
        elif kind == "over":
            disjoint = other is not None and not set(self.concerned[index]) & set(self.concerned[chosen])
            if disjoint and (not local or rng.random() < 0.5):
                edited = critic_candidates.pasted(source, target, other)
            elif local:
                edited = critic_candidates.cast(target, rng)
            if edited is not None:
                changes = None
        elif kind == "ghost" and local and family != "absent":
            edited = critic_candidates.ghosted(source, target, rng)
        elif kind == "degraded":
            edited = critic_candidates.degraded(target, rng)
            if family == "absent":
                changes = None
        if edited is None:
            kind, edited = "exact", target
        if kind != "degraded" and rng.random() < 0.35:
            edited = critic_candidates.slightly_worn(edited, rng)
        return _Candidate(kind, source, edited, changes)

    def _changes(self, index: int) -> Turn:
        """What the edit of this pair changes."""
        bank = self.lessons.orders
        return next(bank.turn(k) for k in bank.of(index) if str(bank.names[bank.kinds[k]]) == "changes")

    def _verdict(self, index: int, candidate: critic_candidates.Candidate, rng: np.random.Generator) -> Turn | None:
        fault = str(rng.choice(list(_FAULTS), p=list(_FAULTS.values())))
        absent = self.families[index] == "absent"
        order = self._order(index, fault, rng)
        if order is None:
            fault, order = "none", self._order(index, "none", rng)
        said, reasoned, family, bodies = order
        if fault != "none" and absent:
            candidate = "copy" if candidate == "exact" else candidate
        if fault == "foreign" and family == "absent" and candidate != "exact":
            return None  # untouched is what that instruction asks for
        local = self.families[index] not in GLOBAL_FAMILIES
        known = critic_candidates.truth(candidate, fault, local)
        if absent and candidate in ("over", "degraded"):
            known.pop("accuracy", None)
        if fault == "foreign" and candidate == "exact":
            # Whether the rest stayed as it was is a matter of taste where both edits concern the same object.
            known.pop("preservation", None)
        if not known:
            return None
        shares = np.array([critic_candidates.question_weight(kind, answer) for kind, answer in known.items()])
        asked = list(known)[int(rng.choice(len(known), p=shares / shares.sum()))]
        diagnosis = critic_candidates.DIAGNOSES[candidate].get(fault)
        if diagnosis is not None and rng.random() < _DIAGNOSED:
            question, answer, name = self.fault, self.diagnoses[diagnosis], f"diagnosis/{diagnosis}"
        else:
            question, answer = self.asked[asked], self.verdict[known[asked]]
            word = "yes" if known[asked] else "no"
            name = f"critic/{asked}/{word}/{candidate}/{fault}{'/reasoned' if reasoned else ''}"
        start = (*self.before, *said, *question, *self.after)
        return Turn((*start, *answer, EOS), len(start), name, bodies)

    def _order(self, index: int, fault: str, rng: np.random.Generator) -> tuple[list[int], bool, str, int] | None:
        """Tokens of an instruction with this fault, whether it is reasoned, the family of its own pair, and the
        objects that it names."""
        if fault == "foreign":
            others = [k for k in self.siblings[int(self.sources[index])] if k != index]
            if not others:
                return None
            index, fault = others[int(rng.integers(len(others)))], "none"
        bank = self.lessons.orders
        own = [k for k in bank.of(index) if str(bank.names[bank.kinds[k]]).startswith(f"{fault}/")]
        if not own:
            return None
        number = own[int(rng.integers(len(own)))]
        turn = bank.turn(number)
        said = list(turn.ids[len(self.before) : turn.answer - len(self.after)])
        return said, turn.kind.endswith("/reasoned"), self.families[index], turn.bodies
