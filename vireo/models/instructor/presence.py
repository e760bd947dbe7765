"""Where an edit takes place according to the instructor: nowhere in the clip, or everywhere in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch

from vireo.models.instructor.familiarity import Familiarity
from vireo.models.instructor.instructor import Instructor, answer_logits
from vireo.models.instructor.prompts import EVERYWHERE, NONE, WHERE, ZERO, how_many, plural
from vireo.models.instructor.reading import read_instruction
from vireo.models.instructor.states import pixel_values
from vireo.models.instructor.vocabulary import Vocabulary


@dataclass(frozen=True)
class Presence:
    """absent: probabilities, float (B,), that a clip lacks what its instruction names. everywhere: that the edit
    concerns the whole picture. unfamiliar: bool (B,), whether a clip looks unlike all that the gate has learned from;
    then its other answers say less."""

    absent: np.ndarray
    everywhere: np.ndarray
    unfamiliar: np.ndarray


class Gate(Protocol):
    """Looks at clips before they are edited; stands beside an editor and is no part of it."""

    def look(self, instructions: Sequence[str], clips: Sequence[np.ndarray]) -> Presence:
        """clips: uint8 (T, H, W, 3) each, of any sizes."""
        ...


ZERO_TOO_SELDOM = 4.0
"""By how much the odds of "zero" are raised: asked for a shape that is not there the instructor is seldom sure."""


class PresenceGate:
    """A `Gate` by an instructor that has learned to tell where an edit takes place (`InstructorTemplate.locates`): how
    probably it answers "none" or "everywhere".

    An edit of the whole picture takes place everywhere, an addition where the object shall stand: only an instruction
    that names an object takes place nowhere, if the clip does not show it. The first, the middle and the last frame of
    a clip count alike, so that an object that is hidden for a while is not missed.

    Where a name has no colour (see `Reading.shapes`), that answer says little: the instructor learned it of absent
    objects with a colour. So it is also asked how many of the shape there are, and the more doubtful answer counts.

    vocabulary: what the model knows, by which names are read; None where they are not. familiarity: what the instructor
    has learned from; None where that is not known, and all clips are taken for familiar.
    """

    def __init__(
        self, instructor: Instructor, vocabulary: Vocabulary | None = None, familiarity: Familiarity | None = None
    ) -> None:
        self.instructor, self.vocabulary, self.familiarity = instructor, vocabulary, familiarity

    @torch.no_grad()
    def look(self, instructions: Sequence[str], clips: Sequence[np.ndarray]) -> Presence:
        longest = self.instructor.template.max_length  # the editor reads no more of an instruction either
        texts = [" ".join(text.split()[:longest]) + f"\n{WHERE}" for text in instructions]
        absent, everywhere = self._chances(texts, clips, (NONE, EVERYWHERE)).T
        asked = [(number, shape) for number, text in enumerate(instructions) for shape in self._shapes(text)]
        if asked:
            texts = [how_many(plural(shape)) for _, shape in asked]
            zero = ZERO_TOO_SELDOM * self._chances(texts, [clips[number] for number, _ in asked], (ZERO,))[:, 0]
            for (number, _), chance in zip(asked, zero / (zero + 1 - zero / ZERO_TOO_SELDOM), strict=True):
                absent[number] = max(absent[number], chance)
        return Presence(absent, everywhere, self._unfamiliar(clips))

    def _unfamiliar(self, clips: Sequence[np.ndarray]) -> np.ndarray:
        if self.familiarity is None:
            return np.zeros(len(clips), bool)
        return self.familiarity.unfamiliar(self.instructor, clips)

    def _shapes(self, instruction: str) -> tuple[str, ...]:
        return () if self.vocabulary is None else read_instruction(instruction, self.vocabulary).shapes

    def _chances(self, texts: Sequence[str], clips: Sequence[np.ndarray], answers: Sequence[str]) -> np.ndarray:
        """Float (B, answers): how probably each answer is given to the text about the clip."""
        frames = [clip[place] for clip in clips for place in (0, len(clip) // 2, -1)]
        pixels = [pixel_values(self.instructor.processor, frames)]
        logits = answer_logits(self.instructor, pixels, [text for text in texts for _ in range(3)])
        tokens = [self.instructor.first_token(answer) for answer in answers]
        return logits.softmax(-1)[:, tokens].cpu().numpy().reshape(-1, 3, len(answers)).mean(1)
