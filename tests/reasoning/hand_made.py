"""Twins of boxes that move on lines, whose relations and events can be told by hand."""

import numpy as np

from vireo.reasoning.events import complete
from vireo.reasoning.masks import track_of
from vireo.reasoning.twin import Attribute, Camera, DigitalTwin, TwinObject

SIZE = 100
"""Width and height of the pictures."""


def box_masks(places, side=20, size=SIZE):
    """Masks bool (T, size, size) of a square of `side` around (column, row) at each frame; None: not there."""
    masks = np.zeros((len(places), size, size), bool)
    for frame, place in enumerate(places):
        if place is not None:
            left, top = round(place[0] - side / 2), round(place[1] - side / 2)
            masks[frame, max(top, 0) : max(top + side, 0), max(left, 0) : max(left + side, 0)] = True
    return masks


def thing(number, places, depth=6.0, side=20, color="red", category="cube", visibility=None, masks=None):
    """Object o<number>. depth: of all frames, or a list of them."""
    masks = box_masks(places, side) if masks is None else masks
    depths = list(depth) if isinstance(depth, (list, tuple)) else [depth] * len(masks)
    attributes = {"color": Attribute(value=color, confidence=0.9 if color else 0.0)}
    shares = np.ones(len(masks)) if visibility is None else np.array(visibility, float)
    return TwinObject(
        id=f"o{number}",
        category=Attribute(value=category, confidence=0.8),
        attributes=attributes,
        track=track_of(masks, depths, shares),
    )


def twin_of(*objects, fps=8, shifts=None, focal=1.0, trust=1.0, **fields):
    frames = len(objects[0].track.boxes) if objects else fields.pop("frames")
    camera = Camera(
        motion=Attribute(value="static", confidence=trust),
        shifts=tuple(shifts) if shifts else ((0.0, 0.0),) * frames,
        focal=focal,
    )
    times = tuple(frame / fps for frame in range(frames))
    parts = {"maker": "hand", "scene": {}} | fields
    return DigitalTwin(width=SIZE, height=SIZE, times=times, camera=camera, objects=objects, **parts)


def held(twin, kind):
    """Spans of a kind of relation by (subject, object)."""
    return {(link.subject, link.object): link.spans for link in twin.relations if link.kind == kind}


def happened(twin, kind):
    return [(event.subject, event.object, event.frame) for event in twin.events if event.kind == kind]


def line(start, end, frames=9):
    """Places from start to end at even steps."""
    return [tuple(place) for place in np.linspace(start, end, frames)]


STRIKER = [*line((10, 50), (55, 50), 4), *line((58, 50), (60, 50), 5)]
STRUCK = [*[(76, 50)] * 4, *line((80, 50), (89, 50), 5)]
"""Where something is that runs into another thing, and where that is, over nine frames."""


def collision(*others):
    """A red ball (o1) runs into a blue cube (o2), beside other things."""
    return complete(twin_of(thing(1, STRIKER, category="ball"), thing(2, STRUCK, color="blue"), *others))


FAR_CONE = thing(3, [(30, 15)] * 9, depth=9.0, color="green", category="cone")
