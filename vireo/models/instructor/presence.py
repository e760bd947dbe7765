"""Where an edit takes place according to the instructor: nowhere in the clip, or everywhere in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch

from vireo.models.instructor.instructor import Frames, Instructor, answer_logits
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
    """A `Gate` by an instructor that has learned to answer where an edit takes place (`InstructorTemplate.locates`).

    The first, the middle and the last frame of a clip count alike, so that an object that is hidden for a while is not
    missed.
    """

    def __init__(self, instructor: Instructor) -> None:
        self.instructor = instructor

    def look(self, instructions: Sequence[str], clips: Sequence[np.ndarray]) -> Presence:
        frames = [clip[place] for clip in clips for place in (0, len(clip) // 2, -1)]
        texts = [text for text in instructions for _ in range(3)]
        chances = presence(self.instructor, frames, texts)
        absent, everywhere = (values.reshape(-1, 3).mean(1) for values in (chances.absent, chances.everywhere))
        return Presence(absent, everywhere)


@torch.no_grad()
def presence(instructor: Instructor, frames: Frames, instructions: Sequence[str]) -> Presence:
    """How probably the instructor answers "none" or "everywhere" when asked where each edit takes place.

    frames: one a sample. An edit of the whole picture takes place everywhere, an addition where the object shall stand:
    only an instruction that names an object takes place nowhere, if the frame does not show it.
    """
    # The editor reads no more of an instruction either.
    questions = [" ".join(text.split()[: instructor.template.max_length]) + f"\n{WHERE}" for text in instructions]
    pixels = [pixel_values(instructor.processor, frames)]
    chances = answer_logits(instructor, pixels, questions).softmax(-1).cpu().numpy()
    none, everywhere = (instructor.first_token(answer) for answer in (NONE, EVERYWHERE))
    return Presence(chances[:, none], chances[:, everywhere])
