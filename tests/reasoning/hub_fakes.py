"""A clip of which is known what is where, and parts of the hub's perception that see it as it is, or as they are told
to. Pictures say in their first pixel which frame they are."""

from dataclasses import dataclass, field

import numpy as np

from vireo.reasoning.perception.hub.backend import HubPerception
from vireo.reasoning.perception.hub.boxes import overlaps
from vireo.reasoning.perception.hub.parts import Found

HEIGHT, WIDTH = 60, 80
NOUNS = ("cat", "dog", "cup")
FPS = 8


def pictures(frames):
    ground = np.random.default_rng(0).integers(90, 160, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    made = np.repeat(ground[None], frames, 0)
    made[:, 0, 0, 0] = np.arange(frames)
    return made


def frame_of(picture):
    return int(picture[0, 0, 0])


def times(frames):
    return [frame / FPS for frame in range(frames)]


def scores(**found):
    return np.array([found.get(noun, 0.0) for noun in NOUNS])


def still(box, frames, seen=None):
    """Boxes of a thing that stays where it is; seen: frames in which it is there."""
    return [box if seen is None or frame in seen else None for frame in range(frames)]


@dataclass
class Scripted:
    """Implements `Detector`: what it finds in each frame. asked: the frames that it was shown."""

    finds: dict[int, list[Found]]
    nouns: tuple[str, ...] = NOUNS
    asked: list[int] = field(default_factory=list)

    def find(self, picture):
        self.asked.append(frame_of(picture))
        return self.finds.get(frame_of(picture), [])


def seeing(things, **found):
    """A detector that sees every thing wherever it is, under the same nouns."""
    frames = len(things[0])
    return Scripted(
        {
            frame: [Found(boxes[frame], scores(**found)) for boxes in things if boxes[frame] is not None]
            for frame in range(frames)
        }
    )


@dataclass
class Segmenter:
    """Implements `Segmenter`: follows the things themselves. loses: by the number of a thing the frame from which it is
    no longer followed forwards by whoever began before."""

    things: list[list]
    loses: dict[int, int] = field(default_factory=dict)

    def start(self):
        return _Follower(self)


class _Follower:
    def __init__(self, world):
        self.world, self.frame, self.followed = world, None, []

    def advance(self, picture):
        self.frame, before = frame_of(picture), self.frame
        self.forward = before is None or self.frame > before
        return [self._mask(*entry) for entry in self.followed]

    def add(self, boxes):
        new = []
        for box in boxes:
            here = [things[self.frame] or (0, 0, 0, 0) for things in self.world.things]
            new.append((int(overlaps(np.array([box], float), np.array(here, float))[0].argmax()), self.frame))
        self.followed += new
        return [self._mask(*entry) for entry in new]

    def _mask(self, thing, began):
        mask, box = np.zeros((HEIGHT, WIDTH), bool), self.world.things[thing][self.frame]
        lost = self.world.loses.get(thing, 1000)
        if box is not None and not (self.forward and began < lost <= self.frame):
            left, top, right, bottom = map(int, box)
            mask[top:bottom, left:right] = True
        return mask


@dataclass
class Depths:
    """Implements `DepthEstimator`: a depth of each thing, 10 elsewhere; what is nearer is in front."""

    things: list[list]
    depths: list[float]
    ratios: bool = True

    def estimate(self, pictures):
        made = np.full((len(pictures), HEIGHT, WIDTH), 10.0)
        for picture, plane in zip(pictures, made, strict=True):
            for number in np.argsort(self.depths)[::-1]:
                box = self.things[number][frame_of(picture)]
                if box is not None:
                    left, top, right, bottom = map(int, box)
                    plane[top:bottom, left:right] = self.depths[number]
        return made


@dataclass
class Reader:
    """Implements `Reader`: how sure it is of the options it knows. asked: pictures and questions."""

    sure: dict[str, float]
    asked: list = field(default_factory=list)

    def answer(self, asked):
        self.asked += asked
        return [np.array([self.sure.get(option, 0.01) for option in question.options]) for _, question in asked]


def seen_twin(things, detector=None, frames=None, loses=None, **parts):
    count = frames or len(things[0])
    segmenter = Segmenter(things, loses or {})
    perception = HubPerception(detector or seeing(things, cat=0.8), segmenter, **parts)
    return perception.perceive(iter(pictures(count)), times(count))
