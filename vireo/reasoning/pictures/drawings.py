"""The graph of a twin's relations and its timeline as points, lines and bars; the page draws them as SVG."""

import math
from dataclasses import dataclass

from vireo.reasoning.pictures.overlay import color_of
from vireo.reasoning.twin import DigitalTwin

GRAPH = (760, 360)
"""Width and height of the graph in pixels."""

TIMELINE_WIDTH = 640
ROW = 22
"""Height of one object's row in the timeline, in pixels."""


@dataclass(frozen=True)
class Node:
    """x, y: in pixels of GRAPH."""

    name: str
    title: str
    x: float
    y: float
    color: str


@dataclass(frozen=True)
class Edge:
    """From subject to object; label: the kinds of relations that hold at some time."""

    start: Node
    end: Node
    label: str


@dataclass(frozen=True)
class Bar:
    """When something is: start and end in pixels of the timeline."""

    row: int
    start: float
    end: float
    color: str


@dataclass(frozen=True)
class Mark:
    """An event. x: in pixels of the timeline."""

    row: int
    x: float
    title: str


def title_of(twin: DigitalTwin, name: str) -> str:
    """What an object is called for people: "o1, red ball"; "?" for what the twin does not know."""
    entry = twin.by_id[name]
    words = [entry.value(kind) for kind in ("size", "material", "color")] + [entry.value("category") or "?"]
    return f"{name}, {' '.join(word for word in words if word)}"


def relation_graph(twin: DigitalTwin) -> tuple[list[Node], list[Edge]]:
    """Objects on a circle, and an edge for each pair with relations."""
    count, (width, height) = max(1, len(twin.objects)), GRAPH
    nodes = []
    for number, entry in enumerate(twin.objects):
        angle = 2 * math.pi * number / count - math.pi / 2
        x, y = width / 2 + 0.34 * width * math.cos(angle), height / 2 + 0.38 * height * math.sin(angle)
        nodes.append(Node(entry.id, title_of(twin, entry.id), round(x, 1), round(y, 1), _css(number)))
    by_name = {node.name: node for node in nodes}
    labels: dict[tuple[str, str], list[str]] = {}
    for link in twin.relations:
        labels.setdefault((link.subject, link.object), []).append(link.kind)
    return nodes, [Edge(by_name[a], by_name[b], ", ".join(kinds)) for (a, b), kinds in labels.items()]


def timeline(twin: DigitalTwin) -> tuple[list[Bar], list[Mark]]:
    """A row an object: bars while it is seen, marks of the events that it is the subject of."""
    rows = {entry.id: number for number, entry in enumerate(twin.objects)}
    bars = []
    for number, entry in enumerate(twin.objects):
        frames = entry.track.seen()
        starts = [frame for frame in frames if frame - 1 not in frames]
        ends = [frame + 1 for frame in frames if frame + 1 not in frames]
        bars += [
            Bar(number, _across(twin, start), _across(twin, end), _css(number))
            for start, end in zip(starts, ends, strict=True)
        ]
    marks = [
        Mark(
            rows[event.subject],
            _across(twin, event.frame),
            f"{twin.times[event.frame]:.2f} s: {event.subject} {event.kind}"
            + (f" {event.object}" * bool(event.object)),
        )
        for event in twin.events
    ]
    return bars, marks


def _across(twin: DigitalTwin, frame: int) -> float:
    return round(TIMELINE_WIDTH * frame / twin.frames, 1)


def _css(number: int) -> str:
    return "rgb({}, {}, {})".format(*color_of(number))
