"""What `vireo explain` shows: the plan, and the twin in pictures; nothing in them is taken for more than data."""

import base64
import io
import json
import re

import numpy as np
import pytest
from PIL import Image
from test_execute import VOCABULARY, twin_of, two_discs

import vireo.cli.entry as entry
from vireo.errors import InputError
from vireo.pipeline.explain import explain_video
from vireo.pipeline.planning import read_twin
from vireo.reasoning.pictures.drawings import relation_graph, timeline
from vireo.reasoning.pictures.overlay import THUMBNAIL, draw_objects, overlay_size
from vireo.reasoning.pictures.page import write_page
from vireo.reasoning.plan import Candidate, Plan, Question, Target
from vireo.reasoning.twin import Event, Relation, SeenText
from vireo.video.io import write_lossless

EVIL = "</script><script>alert(1)</script>"


@pytest.fixture
def clip(tmp_path):
    frames, red, green = two_discs()
    write_lossless(tmp_path / "in.mkv", frames, 8)
    links = {
        "relations": (Relation(kind="left of", subject="o1", object="o2", spans=((0, 12),), confidence=1),),
        "events": (Event(kind="stops", subject="o1", frame=6, confidence=1),),
        "texts": (SeenText(text=EVIL, box=(0, 0, 9, 9), span=(0, 12), confidence=1),),
    }
    return tmp_path / "in.mkv", twin_of(red, green).model_copy(update=links)


def test_names_lead_to_the_objects_of_the_twin(clip):
    source, twin = clip
    found = explain_video(
        source, "paint the red ball blue, then make the ball white", vocabulary=VOCABULARY, planner=None, twin=twin
    )
    assert [step.targets[0].id for step in found.plan.steps] == ["o1", None]  # "the ball" may be either
    seen = explain_video(source, "dance", vocabulary=VOCABULARY, planner=None, perceive=lambda frames, times: twin)
    assert (seen.plan.steps, seen.twin) == ((), twin)
    assert "dance" in seen.plan.fallback
    for query in (" ", "a" * 1001):
        with pytest.raises(InputError, match="the query"):
            explain_video(source, query, vocabulary=VOCABULARY, planner=None)


def test_the_page_holds_everything_and_escapes_it(clip, tmp_path):
    source, twin = clip
    plan = explain_video(source, f"paint the red ball blue {EVIL}", vocabulary=VOCABULARY, planner=None, twin=twin).plan
    write_page(tmp_path / "page.html", source, plan, twin)
    text = (tmp_path / "page.html").read_text()
    assert "alert(1)" in text
    assert "<script" not in text
    assert "data:video/mp4;base64,AAAA" in text
    for words in ("o1, red ball", "o1, red ball is left of: o2, green ball", "0.75 s: o1 stops"):
        assert words in text


def test_what_is_asked_about_is_shown(clip, tmp_path):
    source, twin = clip
    candidates = tuple(
        Candidate(target=Target(id=name, name=f"the {name}"), confidence=0.5) for name in ("o1", "o2", None)
    )
    plan = Plan(query="q", steps=(), question=Question(text="which one?", candidates=candidates))
    write_page(tmp_path / "page.html", source, plan, twin)
    shown = re.findall(r'data:image/png;base64,([^"]+)', (tmp_path / "page.html").read_text())
    assert len(shown) == 2
    red, green = (np.asarray(Image.open(io.BytesIO(base64.b64decode(each)))) for each in shown)
    assert red.shape[0] == green.shape[0] == THUMBNAIL
    for picture, channel in ((red, 0), (green, 1)):
        assert picture[picture.shape[0] // 2, picture.shape[1] // 2].argmax() == channel


def test_drawings_stand_for_the_twin(clip):
    _, twin = clip
    nodes, edges = relation_graph(twin)
    assert [node.name for node in nodes] == ["o1", "o2"]
    assert [(edge.start.name, edge.label, edge.end.name) for edge in edges] == [("o1", "left of", "o2")]
    bars, marks = timeline(twin)
    assert [(bar.row, bar.start, bar.end) for bar in bars] == [(0, 0, 640), (1, 0, 640)]
    assert (marks[0].row, marks[0].x) == (0, 320)


def test_boxes_lie_around_the_objects(clip):
    frames, red, _ = two_discs()
    drawn = draw_objects(frames[0], clip[1], 0)
    assert drawn.shape[1::-1] == overlay_size(96, 96) == (360, 360)
    left = int(red[0].any(0).argmax() * 360 / 96)
    assert tuple(drawn[180, left]) == (255, 38, 38)


def test_the_command_prints_the_plan_and_takes_its_own_twin(clip, tmp_path, capsys):
    source, twin = clip
    given = tmp_path / "twin.json"
    given.write_text(twin.model_dump_json())

    def run(*options):
        with pytest.raises(SystemExit) as ended:
            entry.main(["explain", str(source), "make the red ball blue and make it sepia", *map(str, options)])
        return ended.value.code, capsys.readouterr().out

    code, out = run("--twin", given, "--json")
    assert code == 0
    found = json.loads(out)
    assert [step["instruction"] for step in found["plan"]["steps"]] == [
        "make the red ball blue",
        "turn the video into a sepia photo",
    ]
    (tmp_path / "whole.json").write_text(out)
    assert read_twin(tmp_path / "whole.json") == twin
    code, out = run("--twin", given, "--html", tmp_path / "page.html")
    assert code == 0
    assert "o1 left of o2" in out
    assert "step 2" in out
    assert "o1 left of o2" not in run("--twin", given, "--plan-only")[1]
    assert run("--html", tmp_path / "page.html")[0] == 2  # it exists
