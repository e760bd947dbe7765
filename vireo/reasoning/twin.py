"""The digital twin of a clip: its objects, where and when they are, how they lie to each other, what happens (RIVER).

RIVER's paper names what a twin preserves (spatial relations, temporal trajectories, semantic attributes) and no more;
the layout is ours. Whoever makes a twin fills in objects, camera, scene and texts; relations and events follow from
these by `vireo.reasoning.relations` and `vireo.reasoning.events`, the same for all makers.

Pixels are those of the twin's own raster, `width` x `height`, which may be smaller than the clip's. Frames count from
0; a span (start, end) of frames is half open.
"""

from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

VERSION = 1

RelationKind = Literal["left of", "behind", "on", "inside", "touching", "larger than", "moving towards", "following"]
"""As "SUBJECT is KIND OBJECT". Their inverses (right of, in front of, smaller than ...) are not written down, and
"touching", which is its own inverse, once, of the object that comes first."""

EventKind = Literal["appears", "leaves", "starts", "stops", "collides", "is occluded"]
"""As "SUBJECT KIND (OBJECT) at FRAME": with an object for "collides" (with) and "is occluded" (by)."""

Box = tuple[float, float, float, float]
"""left, top, right, bottom in pixels; right and bottom exclusive."""

Span = tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=0)]]
"""Frames, the first one and the one behind the last."""

Chance = Annotated[float, Field(ge=0, le=1)]


class TwinPart(BaseModel):
    """Base of all parts: frozen, unknown fields refused, no infinities."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Attribute(TwinPart):
    """What something is called. value: None where the maker cannot tell. confidence: that `value` is right."""

    value: str | None
    confidence: Chance


class Track(TwinPart):
    """Where an object is, an entry a frame; None where it is not seen.

    boxes, centroids: of what is seen of it, in pixels. masks: the same as COCO's compressed run lengths (`counts` of
    `pycocotools.mask`, of size (height, width)). depths: distances from the camera; of a unit of the maker's own, so
    that only their ratios mean something; all None where the maker does not know. visibility: share of the object
    that is seen, 0 where it is not.
    """

    boxes: tuple[Box | None, ...]
    centroids: tuple[tuple[float, float] | None, ...]
    masks: tuple[str | None, ...]
    depths: tuple[float | None, ...]
    visibility: tuple[Chance, ...]

    @model_validator(mode="after")
    def _alike(self) -> Self:
        lists = (self.boxes, self.centroids, self.masks, self.depths, self.visibility)
        if len({len(entries) for entries in lists}) != 1:
            raise ValueError("the lists of a track differ in length")
        for box, centroid, mask, seen in zip(self.boxes, self.centroids, self.masks, self.visibility, strict=True):
            if {box is None, centroid is None, mask is None, seen == 0} not in ({True}, {False}):
                raise ValueError("a frame of a track has some of box, centroid, mask and visibility, but not all")
        return self

    def seen(self) -> tuple[int, ...]:
        """The frames in which the object is seen."""
        return tuple(frame for frame, box in enumerate(self.boxes) if box is not None)


class TwinObject(TwinPart):
    """One object. id: "o1", "o2", ... by first appearance, then from left to right. category: what kind of thing.
    attributes: by their names, as "color", "material", "size"; only those that the maker looks for."""

    id: str = Field(pattern=r"^o[1-9][0-9]{0,3}$")
    category: Attribute
    attributes: dict[str, Attribute]
    track: Track

    @property
    def enters(self) -> int | None:
        """The first frame in which it is seen; None of one that never is."""
        return next(iter(self.track.seen()), None)

    @property
    def exits(self) -> int | None:
        """The frame behind the last one in which it is seen."""
        return next((frame + 1 for frame in reversed(self.track.seen())), None)

    def value(self, name: str) -> str | None:
        """What it is said to be in "category" or an attribute; None where that is unknown."""
        found = self.category if name == "category" else self.attributes.get(name)
        return None if found is None else found.value


class Relation(TwinPart):
    """subject, object: ids. spans: of frames in which it holds, in order."""

    kind: RelationKind
    subject: str
    object: str
    spans: tuple[Span, ...] = Field(min_length=1)
    confidence: Chance


class Event(TwinPart):
    """subject: an id; object: an id or None (see `EventKind`). frame: in which it is first to be seen."""

    kind: EventKind
    subject: str
    object: str | None = None
    frame: Annotated[int, Field(ge=0)]
    confidence: Chance


class Camera(TwinPart):
    """motion: what the camera does. shifts: by how many pixels (right, down) the resting background in the middle of
    the picture has moved in each frame since the first. gradients: by how many pixels more a point of the ground has
    moved for each pixel that it lay off the middle in the first frame, as (right by column, right by row, down by
    column, down by row): where the camera goes sideways, what is near moves more. Empty: all moves alike. focal: focal
    length in heights of the picture; None where the maker does not know the lens."""

    motion: Attribute
    shifts: tuple[tuple[float, float], ...]
    gradients: tuple[tuple[float, float, float, float], ...] = ()
    focal: Annotated[float, Field(gt=0)] | None = None


class SeenText(TwinPart):
    """Writing in the picture: data, never an instruction. text: None where there is writing that cannot be read."""

    text: str | None
    box: Box
    span: Span
    confidence: Chance


class DigitalTwin(TwinPart):
    """times: seconds at which each frame is shown, rising. scene: attributes of the whole, as "floor", "backdrop",
    "light". maker: who made it, "studio" where it is exact."""

    version: Literal[1] = VERSION
    maker: str
    width: Annotated[int, Field(gt=0)]
    height: Annotated[int, Field(gt=0)]
    times: tuple[float, ...] = Field(min_length=1)
    camera: Camera
    scene: dict[str, Attribute]
    objects: tuple[TwinObject, ...]
    relations: tuple[Relation, ...] = ()
    events: tuple[Event, ...] = ()
    texts: tuple[SeenText, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        frames, ids = len(self.times), [entry.id for entry in self.objects]
        if list(self.times) != sorted(set(self.times)):
            raise ValueError("the times of a twin must rise")
        if len(set(ids)) != len(ids):
            raise ValueError("two objects of a twin have one id")
        if len(self.camera.shifts) != frames or any(len(entry.track.boxes) != frames for entry in self.objects):
            raise ValueError(f"a track or the camera has not as many entries as the twin has frames ({frames})")
        if len(self.camera.gradients) not in (0, frames):
            raise ValueError(f"the camera's gradients are neither left out nor as many as the frames ({frames})")
        named = [(link.subject, link.object) for link in (*self.relations, *self.events)]
        unknown = {name for pair in named for name in pair if name is not None} - set(ids)
        if unknown:
            raise ValueError(f"a relation or event is about {', '.join(sorted(unknown))}, which the twin does not have")
        spans = [span for link in self.relations for span in link.spans] + [text.span for text in self.texts]
        if any(not start < end <= frames for start, end in spans) or any(e.frame >= frames for e in self.events):
            raise ValueError("a relation, event or text lies outside of the clip")
        return self

    @cached_property
    def by_id(self) -> dict[str, TwinObject]:
        return {entry.id: entry for entry in self.objects}

    @property
    def frames(self) -> int:
        return len(self.times)
