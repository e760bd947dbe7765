"""What scorers are given: one edited clip, and what the networks make of it, each thing computed once."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, Self, TypeVar

import numpy as np
import torch

from vireo.judges.instructor_judge import yes_chance
from vireo.judges.judge import Sample
from vireo.models.backbones.encoders import picture_vectors
from vireo.models.backbones.registry import Backbones
from vireo.models.editors.viva import VireoPipeline
from vireo.models.instructor.instructor import Instructor
from vireo.models.instructor.prompts import QuestionKind
from vireo.models.instructor.reading import literal_parts
from vireo.models.instructor.states import encode_instruction
from vireo.models.instructor.vocabulary import Vocabulary
from vireo.models.preference import PreferenceHead
from vireo.runtime import autocast

CRITIC_FRAMES = 4
"""Frames of a clip that the critic is shown, one at a time; of nine frames at even and at odd places, since what
flickers may do so with either."""

Which = Literal["source", "edited", "restored"]
"""Clips of a sample; restored: the edited one with the source put back inside the sample's region."""

T = TypeVar("T")


@dataclass(frozen=True)
class Networks:
    """What is loaded.

    vocabulary: in which instructions are cut into parts; None for a model that declares none, of which an instruction
    is one part. backbones: by kind, as `vireo.models.backbones.registry.Backbones.models`.
    """

    instructor: Instructor | None = None
    backbones: dict[str, Any] = field(default_factory=dict)
    vocabulary: Vocabulary | None = None
    preference: PreferenceHead | None = None

    @classmethod
    def open(
        cls,
        device: torch.device,
        *,
        instructor: str | None = None,
        backbones: Mapping[str, str] | None = None,
        preference: Path | None = None,
    ) -> Self:
        """instructor: a preset, folder or hub id of a pipeline, whose vocabulary is taken, too. backbones: CLIP-class
        ones, as in `Backbones.open`. preference: folder of a `PreferenceHead`. Raises InputError and ModelError."""
        opened = Backbones.open(backbones or {}).models
        for backbone in opened.values():
            backbone.model.to(device)
        head = None if preference is None else PreferenceHead.open(preference)
        if head is not None:
            head.to(device)  # pyright: ignore[reportArgumentType] (diffusers' is typed wrongly)
        if instructor is None:
            return cls(backbones=opened, preference=head)
        pipe = VireoPipeline.from_pretrained(instructor)
        pipe.instructor.to(device)  # the rest of the pipeline is not needed, and dropped
        return cls(pipe.templated_instructor, opened, pipe.facts.vocabulary, head)

    def has(self, name: str) -> bool:
        """name: "instructor", "preference" or the kind of a backbone."""
        own = {"instructor": self.instructor, "preference": self.preference}
        return name in self.backbones or own.get(name) is not None


class Evidence:
    """One `sample`, the loaded `networks`, and their outputs on it.

    _known: outputs by what was asked. _shared: of the sources and texts of a whole batch.
    """

    def __init__(
        self,
        sample: Sample,
        networks: Networks,
        _known: dict[Hashable, Any] | None = None,
        _shared: dict[Hashable, Any] | None = None,
    ) -> None:
        self.sample, self.networks = sample, networks
        self._known: dict[Hashable, Any] = {} if _known is None else _known
        self._shared: dict[Hashable, Any] = {} if _shared is None else _shared

    @classmethod
    def of_batch(cls, samples: Sequence[Sample], networks: Networks) -> list[Self]:
        """Of samples that may share texts, and sources that are one array: what these give is computed once, for as
        long as the evidence is kept."""
        shared: dict[Hashable, Any] = {}
        return [cls(sample, networks, _shared=shared) for sample in samples]

    def without_truth(self) -> "Evidence":
        """The same without the exact result; what was computed is shared."""
        return Evidence(replace(self.sample, target=None, mask=None), self.networks, self._known, self._shared)

    @property
    def parts(self) -> tuple[str, ...]:
        """The things that the instruction asks for, one or more: as the sample's plan says them, else by its words."""
        if self.sample.parts or self.networks.vocabulary is None:
            return self.sample.parts or (self.sample.instruction,)
        return literal_parts(self.sample.instruction, self.networks.vocabulary)

    def p_yes(self, question: QuestionKind, instruction: str | None = None) -> float:
        """The critic's probability of "Yes", 0..1, mean over CRITIC_FRAMES frames. Needs the instructor.

        instruction: what it is asked about, as one of `parts`; the sample's own if None.
        """
        asked = self.sample.instruction if instruction is None else instruction
        return _once(self._known, ("p_yes", question, asked), lambda: self._p_yes(question, asked))

    def images(self, network: str, which: Which) -> np.ndarray:
        """Vectors (T, D) of the frames of a clip by the instructor's vision tower ("instructor": of any length) or by a
        backbone (unit vectors). "restored" only of a sample with a region."""
        if which == "source":
            key = ("images", network, id(self.sample.source))
            return _once(self._shared, key, lambda: self._images(network, which))
        return _once(self._known, ("images", network, which), lambda: self._images(network, which))

    def text(self, network: str, text: str) -> np.ndarray:
        """Vector (D,) of a text by a CLIP-class backbone (a unit vector) or by the instructor ("instructor": the mean
        of its states, of any length)."""
        return _once(self._shared, ("text", network, text), lambda: self._text(network, text))

    def _instructor(self) -> Instructor:
        assert self.networks.instructor is not None, "the scorer does not name the instructor among its networks"
        return self.networks.instructor

    def _p_yes(self, question: QuestionKind, instruction: str) -> float:
        instructor = self._instructor()
        with autocast(instructor.model.device):
            return yes_chance(instructor, self.sample, question, CRITIC_FRAMES, instruction)

    def _text(self, network: str, text: str) -> np.ndarray:
        if network != "instructor":
            return self.networks.backbones[network].texts([text])[0]
        instructor = self._instructor()
        with autocast(instructor.model.device):
            return encode_instruction(instructor, [text]).pooled[0].float().cpu().numpy()

    def _images(self, network: str, which: Which) -> np.ndarray:
        frames = list(self._clip(which))
        if network != "instructor":
            return self.networks.backbones[network].pictures(frames)
        instructor = self._instructor()
        with autocast(instructor.model.device):
            return picture_vectors(instructor, frames)

    def _clip(self, which: Which) -> np.ndarray:
        if which != "restored":
            return self.sample.source if which == "source" else self.sample.edited
        assert self.sample.region is not None, "a sample without a region has no restored clip"
        return np.where(self.sample.region[..., None], self.sample.source, self.sample.edited)


def _once(known: dict[Hashable, Any], key: Hashable, compute: Callable[[], T]) -> T:
    if key not in known:
        known[key] = compute()
    return known[key]
