"""Where an edit takes place according to the instructor: nowhere in the clip, or everywhere in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch

from vireo.models.instructor.instructor import Instructor, answer_logits
from vireo.models.instructor.prompts import EVERYWHERE, NONE, WHERE
from vireo.models.instructor.states import pixel_values


@dataclass(frozen=True)
class Presence:
    """absent: probabilities, float (B,), that a clip lacks what its instruction names. everywhere: that the edit
    concerns the whole picture."""

    absent: np.ndarray
    everywhere: np.ndarray


class Gate(Protocol):
    """Looks at clips before they are edited; stands beside an editor and is no part of it."""

    def look(self, instructions: Sequence[str], clips: Sequence[np.ndarray]) -> Presence:
        """clips: uint8 (T, H, W, 3) each, of any sizes."""
        ...


class PresenceGate:
    """A `Gate` by an instructor that has learned to tell where an edit takes place (`InstructorTemplate.locates`): how
    probably it answers "none" or "everywhere".

    An edit of the whole picture takes place everywhere, an addition where the object shall stand: only an instruction
    that names an object takes place nowhere, if the clip does not show it. The first, the middle and the last frame of
    a clip count alike, so that an object that is hidden for a while is not missed.
    """

    def __init__(self, instructor: Instructor) -> None:
        self.instructor = instructor

    @torch.no_grad()
    def look(self, instructions: Sequence[str], clips: Sequence[np.ndarray]) -> Presence:
        longest = self.instructor.template.max_length  # the editor reads no more of an instruction either
        texts = [" ".join(text.split()[:longest]) + f"\n{WHERE}" for text in instructions]
        frames = [clip[place] for clip in clips for place in (0, len(clip) // 2, -1)]
        pixels = [pixel_values(self.instructor.processor, frames)]
        logits = answer_logits(self.instructor, pixels, [text for text in texts for _ in range(3)])
        answers = [self.instructor.first_token(answer) for answer in (NONE, EVERYWHERE)]
        chances = logits.softmax(-1)[:, answers].cpu().numpy().reshape(-1, 3, 2).mean(1)
        return Presence(chances[:, 0], chances[:, 1])
