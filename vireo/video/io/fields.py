"""Interlaced video: frames woven of two fields, and which of these comes first.

FFmpeg's flags for that are not among PyAV's attributes; filters read and write them.
"""

from fractions import Fraction
from typing import Literal

import numpy as np
from av.filter import Graph
from av.video.frame import VideoFrame

Field = Literal["top", "bottom"]

MARKABLE_CODECS = ("h264", "mpeg4", "prores", "ffv1")
"""Codecs whose encoders here mark frames as interlaced."""


def first_field(frame: VideoFrame) -> Field | None:
    """The field of a decoded frame that is shown first; None where the frame is progressive."""
    if not frame.interlaced_frame:
        return None
    stripes = frame.reformat(format="gray")
    plane = stripes.planes[0]
    lines = np.zeros((stripes.height, plane.line_size), np.uint8)
    lines[1::2] = 1
    plane.update(lines.tobytes())
    graph = _graph(stripes, "separatefields")
    graph.vpush(stripes)
    return "bottom" if graph.vpull().to_ndarray().any() else "top"


class FieldMarker:
    """Marks frames of one size and format as interlaced."""

    def __init__(self, first: Field) -> None:
        self._mode = {"top": "tff", "bottom": "bff"}[first]
        self._graph: Graph | None = None

    def __call__(self, frame: VideoFrame) -> VideoFrame:
        self._graph = self._graph or _graph(frame, "setfield", self._mode)
        self._graph.vpush(frame)
        return self._graph.vpull()


def _graph(frame: VideoFrame, name: str, arguments: str | None = None) -> Graph:
    graph = Graph()
    source = graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base or Fraction(1)
    )
    chosen, sink = graph.add(name, arguments), graph.add("buffersink")
    source.link_to(chosen)
    chosen.link_to(sink)
    graph.configure()
    return graph
