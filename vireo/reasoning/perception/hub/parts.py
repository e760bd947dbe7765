"""What the parts of the backend give each other. Pictures are uint8 (h, w, 3), masks bool (h, w), both of the twin's
raster; boxes are left, top, right, bottom in its pixels."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from vireo.reasoning.twin import Box


@dataclass(frozen=True)
class Found:
    """Something that a detector sees. scores: of each noun, 0..1 (nouns,)."""

    box: Box
    scores: np.ndarray

    @property
    def score(self) -> float:
        return float(self.scores.max())


class Detector(Protocol):
    """nouns: what it looks for."""

    nouns: tuple[str, ...]

    def find(self, picture: np.ndarray) -> list[Found]:
        """What is seen of its nouns, the surest first, each thing once."""
        ...


class Follower(Protocol):
    """Follows objects through one clip, whose pictures it is given in turn."""

    def advance(self, picture: np.ndarray) -> list[np.ndarray]:
        """The masks of all objects in the next picture, in the order in which they were added; empty where one is not
        seen. What comes back is taken up again."""
        ...

    def add(self, boxes: Sequence[Box]) -> list[np.ndarray]:
        """Follows what is in these boxes of the picture at hand from now on. Returns their masks in it."""
        ...


class Segmenter(Protocol):
    def start(self) -> Follower:
        """A follower for a clip, or for one backwards."""
        ...


class DepthEstimator(Protocol):
    """ratios: whether ratios of its depths mean something; else only their order does, within one picture."""

    ratios: bool

    def estimate(self, pictures: Sequence[np.ndarray]) -> np.ndarray:
        """Depths (n, h, w) that rise with the distance from the camera."""
        ...


class Question(NamedTuple):
    """A closed question about a picture. options: possible answers, at most 25; that it is none of them, or cannot be
    told, is always one more."""

    text: str
    options: tuple[str, ...]


class Reader(Protocol):
    def answer(self, asked: Sequence[tuple[np.ndarray, Question]]) -> list[np.ndarray]:
        """The probability of each option of each question (options,). Their sum is below 1 by that of no answer."""
        ...
