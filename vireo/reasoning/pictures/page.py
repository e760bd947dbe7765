"""One self-contained page of a clip, its twin and a plan. What comes from the clip or the query is escaped."""

import base64
import tempfile
from dataclasses import replace
from pathlib import Path

import jinja2

from vireo.reasoning.pictures.drawings import GRAPH, ROW, TIMELINE_WIDTH, relation_graph, timeline, title_of
from vireo.reasoning.pictures.overlay import draw_objects, frame_at, overlay_size
from vireo.reasoning.plan import Plan
from vireo.reasoning.twin import DigitalTwin
from vireo.runtime import whole_file
from vireo.video.io import Quality, VideoReader, VideoWriter, write_errors

QUALITY = Quality("h264", crf=20)
"""Browsers play it."""


def write_page(path: Path, source: Path, plan: Plan | None, twin: DigitalTwin | None) -> None:
    """Writes the page; it appears whole or not at all. Without a twin it shows the plan alone."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("vireo.reasoning.pictures"), autoescape=True, undefined=jinja2.StrictUndefined
    )
    values: dict[str, object] = {"source": source.name, "plan": plan, "twin": twin}
    if twin is not None:
        nodes, edges = relation_graph(twin)
        bars, marks = timeline(twin)
        values |= {"nodes": nodes, "edges": edges, "bars": bars, "marks": marks, "graph": GRAPH, "row": ROW}
        values |= {"wide": TIMELINE_WIDTH, "video": _video(source, twin), "title_of": title_of}
    page = environment.get_template("explanation.html").render(values)
    with write_errors(path), whole_file(path) as temporary:
        temporary.write_text(page, encoding="utf-8")


def _video(source: Path, twin: DigitalTwin) -> str:
    """The overlay as an MP4 in base64."""
    with tempfile.TemporaryDirectory() as folder, VideoReader(source) as reader:
        info, path = reader.info, Path(folder) / "overlay.mp4"
        width, height = overlay_size(info.width, info.height)
        with VideoWriter(
            path, replace(info, width=width, height=height, alpha=False, deep=False), quality=QUALITY
        ) as out:
            for frame in reader:
                place = frame_at(twin, float((frame.pts - info.first_pts) * info.time_base))
                picture = draw_objects(frame.pixels, twin, place)
                out.write(replace(frame, pixels=picture, alpha=None, deep=None), picture)
        return base64.b64encode(path.read_bytes()).decode("ascii")
