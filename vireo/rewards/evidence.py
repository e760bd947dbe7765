"""What scorers are given: one edited clip, and what the networks make of it, each thing computed once."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeVar

import numpy as np

from vireo.judges.instructor_judge import yes_chance
from vireo.judges.judge import Sample
from vireo.models.backbones.encoders import picture_vectors
from vireo.models.instructor.instructor import Instructor
from vireo.models.instructor.prompts import QuestionKind
from vireo.runtime import autocast

CRITIC_FRAMES = 4
"""Frames of a clip that the critic is shown, one at a time; of nine frames at even and at odd places, since what
flickers may do so with either."""

Which = Literal["source", "edited"]
T = TypeVar("T")


@dataclass(frozen=True)
class Networks:
    """What is loaded. backbones: by kind, as `vireo.models.backbones.registry.Backbones.models`."""

    instructor: Instructor | None = None
    backbones: dict[str, Any] = field(default_factory=dict)

    def has(self, name: str) -> bool:
        """name: "instructor" or the kind of a backbone."""
        return name in self.backbones or (name == "instructor" and self.instructor is not None)


class Evidence:
    """One `sample`, the loaded `networks`, and their outputs on it."""

    def __init__(self, sample: Sample, networks: Networks, _known: dict[Hashable, Any] | None = None) -> None:
        self.sample, self.networks = sample, networks
        self._known: dict[Hashable, Any] = {} if _known is None else _known

    def without_truth(self) -> "Evidence":
        """The same without the exact result; what was computed is shared."""
        return Evidence(replace(self.sample, target=None, mask=None), self.networks, self._known)

    def p_yes(self, question: QuestionKind) -> float:
        """The critic's probability of "Yes", 0..1, mean over CRITIC_FRAMES frames. Needs the instructor."""
        return self._once(("p_yes", question), lambda: self._p_yes(question))

    def images(self, network: str, which: Which) -> np.ndarray:
        """Vectors (T, D) of the frames of a clip by the instructor's vision tower ("instructor": of any length) or by a
        backbone (unit vectors)."""
        return self._once(("images", network, which), lambda: self._images(network, which))

    def text(self, network: str, text: str) -> np.ndarray:
        """Unit vector (D,) of a text by a CLIP-class backbone."""
        return self._once(("text", network, text), lambda: self.networks.backbones[network].texts([text])[0])

    def _once(self, key: Hashable, compute: Callable[[], T]) -> T:
        if key not in self._known:
            self._known[key] = compute()
        return self._known[key]

    def _instructor(self) -> Instructor:
        assert self.networks.instructor is not None, "the scorer does not name the instructor among its networks"
        return self.networks.instructor

    def _p_yes(self, question: QuestionKind) -> float:
        instructor = self._instructor()
        with autocast(instructor.model.device):
            return yes_chance(instructor, self.sample, question, CRITIC_FRAMES)

    def _images(self, network: str, which: Which) -> np.ndarray:
        frames = list(self.sample.source if which == "source" else self.sample.edited)
        if network != "instructor":
            return self.networks.backbones[network].pictures(frames)
        instructor = self._instructor()
        with autocast(instructor.model.device):
            return picture_vectors(instructor, frames)
