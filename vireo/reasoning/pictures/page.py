"""One self-contained page of a clip, its twin and a plan. What comes from the clip or the query is escaped."""

import base64
import io
import tempfile
from dataclasses import replace
from pathlib import Path

import jinja2
import numpy as np
from PIL import Image

from vireo.reasoning.pictures.drawings import GRAPH, ROW, TIMELINE_WIDTH, relation_graph, timeline, title_of
from vireo.reasoning.pictures.overlay import clearest_frame, cut_out, draw_objects, frame_at, overlay_size
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
        video, pictures = _pictures(source, twin, plan)
        values |= {"wide": TIMELINE_WIDTH, "video": video, "pictures": pictures, "title_of": title_of}
    page = environment.get_template("explanation.html").render(values)
    with write_errors(path), whole_file(path) as temporary:
        temporary.write_text(page, encoding="utf-8")


def _pictures(source: Path, twin: DigitalTwin, plan: Plan | None) -> tuple[str, dict[str, str]]:
    """The overlay as an MP4, and a PNG of each object that is asked about, by its id; all in base64."""
    asked = plan.question.candidates if plan is not None and plan.question is not None else ()
    entries = [twin.by_id[each.target.id] for each in asked if each.target.id in twin.by_id]
    clearest = {entry.id: place for entry in entries if (place := clearest_frame(entry)) is not None}
    pictures: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder, VideoReader(source) as reader:
        info, path = reader.info, Path(folder) / "overlay.mp4"
        width, height = overlay_size(info.width, info.height)
        with VideoWriter(
            path, replace(info, width=width, height=height, alpha=False, deep=False), quality=QUALITY
        ) as out:
            for frame in reader:
                place = frame_at(twin, float((frame.pts - info.first_pts) * info.time_base))
                for name in [name for name, best in clearest.items() if best == place and name not in pictures]:
                    pictures[name] = _png(cut_out(frame.pixels, twin, twin.by_id[name], place))
                picture = draw_objects(frame.pixels, twin, place)
                out.write(replace(frame, pixels=picture, alpha=None, deep=None), picture)
        return base64.b64encode(path.read_bytes()).decode("ascii"), pictures


def _png(pixels: np.ndarray) -> str:
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, "png")
    return base64.b64encode(data.getvalue()).decode("ascii")
