"""Everything the instructor learns from, made of a pair set: turns about pictures, edits, references and texts.

about      what one picture shows, and what an instruction means for it; owner: clip number * stills + still
references what an instruction with a reference picture means; owner: place in `reference_pairs`
texts      what a caption says, without a picture; owner: a caption
orders     right and faulty wordings of each edit, and what it does, for verdicts; owner: place in the list of pairs
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Self

import numpy as np
from transformers import PreTrainedTokenizerFast

from vireo.instruction_tuning.critic_candidates import DIAGNOSES
from vireo.instruction_tuning.phrasings import Phrasing, facts_words, phrasings
from vireo.instruction_tuning.pictures import STILLS, PictureSet
from vireo.instruction_tuning.tokenized_turns import Question, TurnBank, tokenise
from vireo.instruction_tuning.visual_questions import ask
from vireo.models.instructor import prompts
from vireo.models.instructor.prompts import InstructorTemplate
from vireo.types import EditPair, OnCount
from vireo.world.families import GLOBAL_FAMILIES, TOPICS, EditFacts, read_facts
from vireo.world.families.record import NOTHING
from vireo.world.naming import describe_body
from vireo.world.scene import Scene
from vireo.world.visibility import VisibleObject, visible_objects

WHICH = "which object changes?"
_ASKED = {"plan": "", "which": f"\n{WHICH}", "where": f"\n{prompts.WHERE}"}
"""What stands after an instruction."""

_BANKS = ("about", "references", "texts", "orders")
_TEXT_KINDS = ("color", "shape", "material", "size", "floor", "backdrop", "light", "style", "count", "existence")


class CorpusTexts:
    """The corpus of a pair set as text.

    clips: most clips of which all questions are asked, drawn evenly; making them takes milliseconds each.
    """

    def __init__(
        self, pairs: Sequence[EditPair], pictures: PictureSet, clips: int, on_progress: OnCount | None = None
    ) -> None:
        self.about: list[list[Question]] = [[] for _ in range(len(pictures) * len(STILLS))]
        self.texts: list[list[Question]] = []
        self.references: list[list[Question]] = []
        self.reference_pairs: list[int] = []
        self.orders: list[list[Question]] = []
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
            self.about[number * len(STILLS) + still] += asked
            if still == 0:
                self.texts.append(list(_about_caption(picture.caption, asked, rng)))

    def _instruct(self, index: int, pair: EditPair, pictures: PictureSet) -> None:
        """The same pair gives the same texts; of hybrids nothing is learned."""
        self.orders.append([])
        source, target = Scene.model_validate(pair.scene), Scene.model_validate(pair.target_scene)
        facts = read_facts(pair.family, source, target, pair.concerned)
        if facts is None:
            return
        number = pictures.number[pair.source]
        visible = visible_objects(source, _all_frames(source, pictures.instances(number)))
        rng = np.random.default_rng((pair.seed, len(pair.instruction), len(pair.family)))
        worded = phrasings(pair, facts, source, visible, rng)
        which, where = _concerned(pair.family, facts, source, visible)
        answers = {"plan": facts_words(facts, source, visible), "which": which, "where": where}
        meanings = [question for phrasing in worded for question in _meanings(phrasing, answers)]
        if pair.reference is not None:
            self.reference_pairs.append(index)
            self.references.append(meanings)
            return
        self.about[number * len(STILLS)] += meanings
        for phrasing in worded:
            kind = f"{phrasing.fault}/{'reasoned' if phrasing.reasoned else 'plain'}"
            self.orders[-1].append(Question(kind, phrasing.text, "", phrasing.bodies))
        done = facts_words(facts, source, [])  # without where objects are
        self.orders[-1].append(Question("changes", prompts.CHANGES, done, facts.objects or None))

    def every(self) -> Iterator[str]:
        """All questions, instructions and answers, for the tokenizer."""
        for group in (self.about, self.texts, self.references, self.orders):
            for texts in group:
                for text in texts:
                    yield f" {text.text}"
                    yield f" {text.answer}"
        # Implicit wordings are many and each is rare: all of them, so that none falls apart into letters.
        implicit = [topic.implicit for topic in TOPICS.values() if topic.implicit is not None]
        yield from (f" {text}" for wordings in implicit for text in wordings.texts() for _ in range(4))
        for question in prompts.CRITIC_QUESTIONS.values():
            yield from (f"\n{question}", f" {prompts.YES}", f" {prompts.NO}") * 50
        for answers in DIAGNOSES.values():
            yield from (f"\n{prompts.FAULT}", *(f" {answer}" for answer in answers.values())) * 10


def _styled(pictures: PictureSet, number: int) -> bool:
    return bool(pictures.pictures[number].scene["effects"])


def _all_frames(scene: Scene, masks: np.ndarray | None) -> np.ndarray:
    frames = np.zeros((scene.frames, scene.height, scene.width), np.uint8)
    if masks is not None:
        frames[list(STILLS)] = masks
    return frames


def _concerned(family: str, facts: EditFacts, source: Scene, visible: Sequence[VisibleObject]) -> tuple[str, str]:
    """Answers to WHICH and WHERE; the latter is empty where what changes cannot be seen."""
    if facts.objects:
        places = {entry.index: entry.place for entry in visible}
        seen = dict.fromkeys(places[index] for index in facts.objects if index in places)
        return " and ".join(describe_body(source.bodies[index]) for index in facts.objects), " and ".join(seen)
    if facts == NOTHING:
        return prompts.NONE, prompts.NONE
    return prompts.NONE, prompts.EVERYWHERE if family in GLOBAL_FAMILIES else facts.place


def _meanings(phrasing: Phrasing, answers: Mapping[str, str]) -> Iterator[Question]:
    """answers: by the kind of question; empty ones are not asked for."""
    if phrasing.fault != "none":
        return
    for kind, answer in answers.items():
        text = f"{phrasing.text}{_ASKED[kind]}"
        if answer:
            yield Question(f"{kind}{'_reasoned' if phrasing.reasoned else ''}", text, answer, phrasing.bodies)


def _about_caption(caption: str, asked: list[Question], rng: np.random.Generator) -> Iterator[Question]:
    fitting = [
        q for q in asked if q.kind in _TEXT_KINDS and "most object" not in q.text and q.answer not in ("matte", "large")
    ]
    for k in rng.permutation(len(fitting))[:5]:
        question = fitting[int(k)]
        yield Question("text", f"{caption}\n{question.text}", question.answer)


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
    ) -> Self:
        """Writes them to a folder; `reference_pairs.npy` comes last."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in _BANKS:
            tokenise(tokenizer, template, getattr(texts, name)).save(folder / f"{name}.npz")
        np.save(folder / "reference_pairs.npy", np.array(texts.reference_pairs, np.int64))
        return cls(folder)
