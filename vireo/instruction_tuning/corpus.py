"""Everything the instructor learns from, made of a pair set: turns about pictures, edits, references and texts.

about      what one picture shows, and what an instruction means for it; owner: clip number * stills + still
references what an instruction with a reference picture means; owner: place in `reference_pairs`
texts      what a caption says, without a picture; owner: a caption
orders     right and faulty wordings of each edit, and what it does, for verdicts; owner: place in the list of pairs
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from transformers import PreTrainedTokenizerFast

from vireo.instruction_tuning.critic_candidates import DIAGNOSES
from vireo.instruction_tuning.edit_facts import facts_words
from vireo.instruction_tuning.phrasings import Phrasing, every_implicit_instruction, phrasings
from vireo.instruction_tuning.pictures import STILLS, PictureSet
from vireo.instruction_tuning.tokenized_turns import Text, TurnBank, bits, tokenise
from vireo.instruction_tuning.visual_questions import Question, ask
from vireo.models.instructor.prompts import (
    CHANGES,
    CRITIC_QUESTIONS,
    EVERYWHERE,
    FAULT,
    NO,
    NONE,
    WHERE,
    YES,
    InstructorTemplate,
)
from vireo.types import EditPair, OnCount
from vireo.world.families import GLOBAL_FAMILIES, EditFacts, read_facts
from vireo.world.families.record import NOTHING
from vireo.world.naming import describe_body
from vireo.world.scene import Scene
from vireo.world.visibility import visible_objects

WHICH = "which object changes?"
_BANKS = ("about", "references", "texts", "orders")
_TEXT_KINDS = ("color", "shape", "material", "size", "floor", "backdrop", "light", "style", "count", "existence")


@dataclass(frozen=True)
class PairTexts:
    """All texts about one pair.

    words: its facts as an answer. done: the same without where objects are. where, which: answers to WHERE and WHICH.
    """

    facts: EditFacts
    words: str
    done: str
    where: str
    which: str
    phrasings: list[Phrasing]


class CorpusTexts:
    """The corpus of a pair set as text.

    clips: most clips of which all questions are asked, drawn evenly; making them takes milliseconds each.
    """

    def __init__(
        self, pairs: Sequence[EditPair], pictures: PictureSet, clips: int, on_progress: OnCount | None = None
    ) -> None:
        self.about: list[list[Text]] = [[] for _ in range(len(pictures) * len(STILLS))]
        self.texts: list[list[Text]] = []
        self.references: list[list[Text]] = []
        self.reference_pairs: list[int] = []
        self.orders: list[list[Text]] = []
        known = [
            number
            for number in range(len(pictures))
            if pictures.instances(number) is not None or _styled(pictures, number)
        ]
        chosen = [known[int(k)] for k in np.linspace(0, len(known) - 1, min(clips, len(known)))]
        total = len(chosen) + len(pairs)
        for done, number in enumerate(chosen):
            self._ask(pictures, number)
            if on_progress and done % 100 == 0:
                on_progress(done, total)
        for index, pair in enumerate(pairs):
            self._instruct(index, pair, pictures)
            if on_progress and index % 100 == 0:
                on_progress(len(chosen) + index, total)

    def _ask(self, pictures: PictureSet, number: int) -> None:
        picture = pictures.pictures[number]
        scene = Scene.model_validate(picture.scene)
        masks = _all_frames(scene, pictures.instances(number))
        rng = np.random.default_rng((scene.seed, number))
        for still in (0, int(rng.integers(1, len(STILLS)))):
            asked = ask(scene, masks, STILLS[still], rng)
            self.about[number * len(STILLS) + still] += map(_turn, asked)
            if still == 0:
                self.texts.append(list(_about_caption(picture.caption, asked, rng)))

    def _instruct(self, index: int, pair: EditPair, pictures: PictureSet) -> None:
        number = pictures.number[pair.source]
        texts = pair_texts(pair, pictures)
        if texts is None:
            self.orders.append([])
            return
        if pair.reference is not None:
            self.reference_pairs.append(index)
            self.references.append(list(_meanings(texts)))
            self.orders.append([])
            return
        self.about[number * len(STILLS)] += _meanings(texts)
        wordings = [
            Text(f"{s.fault}/{'reasoned' if s.reasoned else 'plain'}", s.text, "", bits(s.bodies))
            for s in texts.phrasings
        ]
        done = Text("changes", CHANGES, texts.done, bits(texts.facts.objects or None))
        self.orders.append([*wordings, done])

    def every(self) -> Iterator[str]:
        """All questions, instructions and answers, for the tokenizer."""
        for group in (self.about, self.texts, self.references, self.orders):
            for texts in group:
                for text in texts:
                    yield f" {text.question}"
                    yield f" {text.answer}"
        # Implicit wordings are many and each is rare: all of them, so that none falls apart into letters.
        yield from (f" {text}" for text in every_implicit_instruction() for _ in range(4))
        for question in CRITIC_QUESTIONS.values():
            yield from (f"\n{question}", f" {YES}", f" {NO}") * 50
        for answers in DIAGNOSES.values():
            yield from (f"\n{FAULT}", *(f" {answer}" for answer in answers.values())) * 10


def _turn(asked: Question) -> Text:
    names = tuple((words, bits([index])) for words, index in asked.names)
    return Text(asked.kind, asked.text, asked.answer, bits(asked.bodies), names)


def _styled(pictures: PictureSet, number: int) -> bool:
    return bool(pictures.pictures[number].scene["effects"])


def _all_frames(scene: Scene, masks: np.ndarray | None) -> np.ndarray:
    frames = np.zeros((scene.frames, scene.height, scene.width), np.uint8)
    if masks is not None:
        frames[list(STILLS)] = masks
    return frames


def pair_texts(pair: EditPair, pictures: PictureSet) -> PairTexts | None:
    """What the instructor learns from a pair; None for hybrids. The same pair gives the same texts."""
    source, target = Scene.model_validate(pair.scene), Scene.model_validate(pair.target_scene)
    facts = read_facts(pair.family, source, target, pair.concerned)
    if facts is None:
        return None
    visible = visible_objects(source, _all_frames(source, pictures.instances(pictures.number[pair.source])))
    rng = np.random.default_rng((pair.seed, len(pair.instruction), len(pair.family)))
    which, where = NONE, NONE
    if facts.objects:
        places = {entry.index: entry.place for entry in visible}
        named = dict.fromkeys(places[index] for index in facts.objects if index in places)
        which = " and ".join(describe_body(source.bodies[index]) for index in facts.objects)
        where = " and ".join(named)
    elif facts != NOTHING:
        where = EVERYWHERE if pair.family in GLOBAL_FAMILIES else facts.place
    return PairTexts(
        facts,
        facts_words(facts, source, visible),
        facts_words(facts, source, []),
        where,
        which,
        phrasings(pair, facts, source, visible, rng),
    )


def _meanings(texts: PairTexts) -> Iterator[Text]:
    for phrasing in texts.phrasings:
        if phrasing.fault != "none":
            continue
        mark, named = "_reasoned" if phrasing.reasoned else "", bits(phrasing.bodies)
        yield Text(f"plan{mark}", phrasing.text, texts.words, named)
        yield Text(f"which{mark}", f"{phrasing.text}\n{WHICH}", texts.which, named)
        if texts.where:
            yield Text(f"where{mark}", f"{phrasing.text}\n{WHERE}", texts.where, named)


def _about_caption(caption: str, asked: list[Question], rng: np.random.Generator) -> Iterator[Text]:
    fitting = [
        q for q in asked if q.kind in _TEXT_KINDS and "most object" not in q.text and q.answer not in ("matte", "large")
    ]
    for k in rng.permutation(len(fitting))[:5]:
        question = fitting[int(k)]
        yield Text("text", f"{caption}\n{question.text}", question.answer)


class Corpus:
    """The tokenised corpus; see the module's docstring for the banks."""

    def __init__(self, folder: Path) -> None:
        self.about, self.references, self.texts, self.orders = (
            TurnBank.load(folder / f"{name}.npz") for name in _BANKS
        )
        self.reference_pairs: np.ndarray = np.load(folder / "reference_pairs.npy")

    @classmethod
    def make(
        cls, texts: CorpusTexts, tokenizer: PreTrainedTokenizerFast, template: InstructorTemplate, folder: Path
    ) -> Corpus:
        """Writes them to a folder; `reference_pairs.npy` comes last."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in _BANKS:
            tokenise(tokenizer, template, getattr(texts, name)).save(folder / f"{name}.npz")
        np.save(folder / "reference_pairs.npy", np.array(texts.reference_pairs, np.int64))
        return cls(folder)
