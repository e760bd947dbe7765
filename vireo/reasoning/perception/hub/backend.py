"""The digital twin of any footage, by published models."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import numpy as np
from PIL import Image

from vireo.errors import InputError
from vireo.reasoning.perception.camera_shift import GroundTracker, as_affine, camera_motion
from vireo.reasoning.perception.frames import checked_frames
from vireo.reasoning.perception.hub.following import Evidence, Moment, ObjectFollower, key_frames
from vireo.reasoning.perception.hub.looks import Looks, take_looks
from vireo.reasoning.perception.hub.parts import DepthEstimator, Detector, Question, Reader, Segmenter
from vireo.reasoning.perception.hub.questions import LEAST_TRUST, SCENE_QUESTIONS, object_questions
from vireo.reasoning.twin import Attribute, Camera, DigitalTwin, TwinObject
from vireo.video.operations import luma

SHORT_SIDE = 480
"""Height or width, whichever is less, to which larger clips are reduced: it is the twin's raster, and what all models
are shown."""

_BATCH = 4
_SCENES = 3
"""Frames in which the clip as a whole is asked about."""


class HubPerception:
    """See `vireo.reasoning.perception.protocol.Perception`. name: of the twins' maker.

    What no part can know is None or left out: depths without a metric `depth`, attributes without a `reader`, the lens,
    and writing. Of the camera the motion of the ground is known, as if it were far: without the lens nothing tells how
    much more the near moves. A category's confidence is its detector's score, which is no calibrated probability.
    """

    def __init__(
        self,
        detector: Detector,
        segmenter: Segmenter,
        depth: DepthEstimator | None = None,
        reader: Reader | None = None,
        name: str = "hub",
    ) -> None:
        self.detector, self.segmenter, self.depth, self.reader, self.name = detector, segmenter, depth, reader, name

    def perceive(self, frames: Iterable[np.ndarray], times: Sequence[float]) -> DigitalTwin:
        clock, keys = tuple(float(time) for time in times), key_frames(times)
        following = ObjectFollower(self.detector, self.segmenter)
        ground, looks, fits, scenes = GroundTracker(), {}, [], []
        shown = set(np.linspace(0, len(clock) - 1, _SCENES).round().astype(int).tolist())
        raster = (0, 0)
        moments = _moments(following, _pictures(frames), keys)
        while batch := list(islice(moments, _BATCH)):
            raster = batch[0].picture.shape[:2]
            for moment, depth in zip(batch, self._depths(batch), strict=True):
                hidden = take_looks(looks, moment, depth)
                homography = ground.follow(luma(moment.picture), hidden)
                fits.append(as_affine(homography, *raster))
                if moment.frame in shown and self.reader is not None:
                    scenes.append(moment.picture)
        if not fits or len(fits) != len(clock):
            raise InputError(f"the clip has {len(fits)} frames and {len(clock)} times", "give a time for each frame")
        height, width = raster
        return DigitalTwin(
            maker=self.name,
            width=width,
            height=height,
            times=clock,
            camera=Camera(
                motion=Attribute(**camera_motion(fits, height, width)._asdict()),
                shifts=tuple((float(right), float(down)) for (right, down), _ in fits),
                gradients=tuple(tuple(map(float, gradient.ravel())) for _, gradient in fits),  # pyright: ignore[reportArgumentType]
            ),
            scene=self._scene(scenes),
            objects=self._objects(following.evidence, looks, clock),
        )

    def _depths(self, batch: Sequence[Moment]) -> Iterable[np.ndarray | None]:
        if self.depth is None or not any(moment.masks for moment in batch):
            return [None] * len(batch)
        return self.depth.estimate([moment.picture for moment in batch])

    def _objects(
        self, evidence: Sequence[Evidence], looks: dict[int, Looks], times: tuple[float, ...]
    ) -> tuple[TwinObject, ...]:
        kept = [number for number in looks if evidence[number].confirmed]
        kept.sort(key=lambda number: looks[number].first)
        scores = [np.mean(evidence[number].scores, axis=0) for number in kept]
        nouns = [self.detector.nouns[int(each.argmax())] for each in scores]
        portraits = [looks[number].portrait for number in kept]
        questions = [object_questions(noun) for noun in nouns]
        attributes = self._read(portraits, questions)
        ratios = self.depth is not None and self.depth.ratios
        return tuple(
            TwinObject(
                id=f"o{place}",
                category=Attribute(value=noun, confidence=float(each.max())),
                attributes=told,
                track=looks[number].track(times, ratios),
            )
            for place, (number, noun, each, told) in enumerate(zip(kept, nouns, scores, attributes, strict=True), 1)
        )

    def _scene(self, pictures: Sequence[np.ndarray]) -> dict[str, Attribute]:
        """By what is told of several frames, meaned."""
        if self.reader is None:
            return {}
        return {
            name: _attribute(question, self.reader.answer([(picture, question) for picture in pictures]))
            for name, question in SCENE_QUESTIONS.items()
        }

    def _read(
        self, pictures: Sequence[np.ndarray | None], questions: Sequence[dict[str, Question]]
    ) -> list[dict[str, Attribute]]:
        """What each picture tells of each of its questions."""
        if self.reader is None:
            return [{} for _ in pictures]
        asked = [
            (picture, question)
            for picture, each in zip(pictures, questions, strict=True)
            for question in each.values()
            if picture is not None
        ]
        answers = iter(self.reader.answer(asked))
        return [{name: _attribute(question, [next(answers)]) for name, question in each.items()} for each in questions]


def _attribute(question: Question, answers: Sequence[np.ndarray]) -> Attribute:
    chances = np.mean(answers, axis=0)
    best = int(chances.argmax())
    value = question.options[best] if chances[best] >= LEAST_TRUST else None
    return Attribute(value=value, confidence=float(np.clip(chances[best], 0, 1)))


def _moments(following: ObjectFollower, pictures: Iterable[np.ndarray], keys: frozenset[int]) -> Iterator[Moment]:
    for number, picture in enumerate(pictures):
        yield from following.push(picture, number in keys)
    yield from following.finish()


def _pictures(frames: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """The frames in the twin's raster."""
    for frame in checked_frames(frames):
        scale = SHORT_SIDE / min(frame.shape[:2])
        if scale >= 1:
            yield frame
            continue
        size = round(frame.shape[1] * scale), round(frame.shape[0] * scale)
        yield np.asarray(Image.fromarray(frame).resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0))
