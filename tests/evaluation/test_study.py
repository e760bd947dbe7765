"""Studies with raters whose taste is known, through the real server."""

import csv
import json
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter

import numpy as np
import pytest

from vireo.errors import InputError
from vireo.evaluation.study.answers import COLUMNS, CRITERIA, Study, results
from vireo.evaluation.study.page import StudyServer
from vireo.types import EditPair
from vireo.video.io import read_clip, write_lossless

METHODS = ("good", "fair", "poor")


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Six pairs; each method's clips are of one gray, 200, 100 and 0. Of the last pair one method has none."""
    base = tmp_path_factory.mktemp("study")
    pairs = base / "pairs"
    for folder in (pairs, *(base / name for name in METHODS)):
        folder.mkdir()
    lines = []
    for k in range(6):
        write_lossless(pairs / f"s{k}.mkv", np.full((3, 32, 33, 3), 50, np.uint8), fps=8)
        for name, gray in zip(METHODS, (200, 100, 0), strict=True):
            if (name, k) != ("fair", 5):
                write_lossless(base / name / f"p{k}.mkv", np.full((3, 32, 33, 3), gray, np.uint8), fps=8)
        words = dict.fromkeys(("mask", "source_caption", "target_caption"), "")
        facts = {"id": f"p{k}", "family": "recolor", "seed": 1_000_000, "split": "test", "paraphrases": []}
        clips = {"source": f"s{k}.mkv", "target": f"s{k}.mkv", "scene": {}, "target_scene": {}}
        lines.append(EditPair(instruction=f"do <{k}>", **words, **facts, **clips).model_dump_json())
    (pairs / "pairs.jsonl").write_text("\n".join(lines) + "\n")
    return base


def make(folders, out, mode="pairs", **options):
    return Study(folders / "pairs", {name: folders / name for name in METHODS}, out, mode, **options)


def judged(study, rater, number, taste):
    """Answers as someone who sees the gray of the clips."""
    task = study.tasks(rater)[number]
    values = [taste[name] for name in task.methods]
    if study.mode == "ranking":
        return [int(k) for k in np.argsort([-value for value in values])]
    outcome = "tie" if values[0] == values[1] else "win" if values[0] > values[1] else "lose"
    return dict.fromkeys(CRITERIA["pairs"], outcome)


@pytest.mark.parametrize(("mode", "screens"), [("pairs", 15), ("ranking", 5)])
def test_everything_is_shown_once_and_sides_are_drawn(folders, tmp_path, mode, screens):
    study = make(folders, tmp_path, mode)
    assert study.left_out == ["p5"]
    tasks = study.tasks("ann")
    assert [task.number for task in tasks] == list(range(screens))
    assert len({(task.item, frozenset(task.methods)) for task in tasks}) == screens
    assert tasks == make(folders, tmp_path, mode).tasks("ann") != study.tasks("bob")
    first = Counter(task.methods[0] for k in range(60) for task in study.tasks(f"rater {k}"))
    assert min(first.values()) > 0.8 * sum(first.values()) / 3, "no method has a side of its own"


@pytest.mark.parametrize("mode", ["pairs", "ranking"])
def test_tastes_come_out(folders, tmp_path, mode):
    study = make(folders, tmp_path, mode)
    for rater, taste in (("ann", (3, 2, 1)), ("bob", (3, 2, 1)), ("cem", (2, 3, 1))):
        for task in study.open_tasks(rater):
            study.answer(rater, task.number, judged(study, rater, task.number, dict(zip(METHODS, taste, strict=True))))
        assert not study.open_tasks(rater)
    found = results(study.answers(), study.methods)
    assert found["raters"] == 3
    criterion = "instruction_following" if mode == "pairs" else "overall"
    assert set(found["criteria"]) == set(CRITERIA[mode])
    table = {(row["first"], row["second"]): row for row in found["criteria"][criterion]["pairs"]}
    assert table["good", "fair"]["n"] == 15
    assert table["good", "fair"]["win"]["rate"] == pytest.approx(2 / 3)
    assert table["good", "fair"]["lose"]["rate"] == pytest.approx(1 / 3)
    assert table["fair", "poor"]["win"]["rate"] == 1
    strengths = found["criteria"][criterion]["strength"]
    order = sorted(METHODS, key=lambda name: -strengths[name]["strength"])
    assert order == list(METHODS)
    assert all(value["low"] <= value["strength"] <= value["high"] for value in strengths.values())


def test_ties_and_a_study_that_was_cut_off(folders, tmp_path):
    study = make(folders, tmp_path)
    study.answer("ann", 0, judged(study, "ann", 0, dict.fromkeys(METHODS, 1)))
    path = tmp_path / "answers.csv"
    path.write_text(path.read_text() + "2026-01-01,ann,p1,instr")
    again = make(folders, tmp_path)
    assert [task.number for task in again.open_tasks("ann")] == list(range(1, 15))
    again.answer("ann", 1, judged(again, "ann", 1, dict.fromkeys(METHODS, 1)))
    assert [row["outcome"] for row in again.answers()] == ["tie"] * 6
    with path.open(newline="") as file:
        assert tuple(next(csv.reader(file))) == COLUMNS
    row = next(r for r in results(again.answers(), METHODS)["criteria"]["editing_quality"]["pairs"])
    assert row["tie"]["rate"] == 1


def test_a_screen_that_is_sent_twice_counts_once(folders, tmp_path):
    study = make(folders, tmp_path)
    given, refused = dict.fromkeys(CRITERIA["pairs"], "win"), []

    def send():
        try:
            study.answer("ann", 0, given)
        except InputError as error:
            refused.append(error)

    senders = [threading.Thread(target=send) for _ in range(8)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    assert (len(study.answers()), len(refused)) == (3, 7)


@pytest.mark.parametrize(
    ("mode", "given"),
    [
        ("pairs", {}),
        ("pairs", [0, 1]),
        ("pairs", dict.fromkeys(CRITERIA["pairs"], "great")),
        ("pairs", dict.fromkeys(CRITERIA["pairs"], "win") | {"more": "win"}),
        ("pairs", {name: [] for name in CRITERIA["pairs"]}),
        ("ranking", [0, 1]),
        ("ranking", [0, 1, 1]),
        ("ranking", [0, 1, "2"]),
        ("ranking", [0, 1, 2.0]),
        ("ranking", {"overall": "win"}),
    ],
)
def test_other_answers_are_refused(folders, tmp_path, mode, given):
    study = make(folders, tmp_path, mode)
    with pytest.raises(InputError):
        study.answer("ann", 0, given)
    assert study.answers() == []


def test_wrong_studies_are_refused(folders, tmp_path):
    with pytest.raises(InputError, match="at least two"):
        Study(folders / "pairs", {"good": folders / "good"}, tmp_path)
    with pytest.raises(InputError, match="no pair has a clip"):
        Study(folders / "pairs", {"good": folders / "good", "none": tmp_path}, tmp_path)
    for name in ("", "   ", "x" * 41, "a\x00b", "=1+1"):
        with pytest.raises(InputError, match="no name"):
            make(folders, tmp_path).answer(name, 0, {})


@pytest.fixture
def served(folders, tmp_path):
    server = StudyServer(make(folders, tmp_path), port=0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def get(server, path, body=None, **query):
    address = f"{server.url}{path}?{urllib.parse.urlencode(query)}" if query else f"{server.url}{path}"
    data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(address, data), timeout=30) as reply:
            return reply.status, reply.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def test_the_page_goes_through_a_study_blind(served, tmp_path):
    study = served.study
    status, page = get(served, "")
    assert (status, b"<title>" in page) == (200, True)
    status, reply = get(served, "task", rater="ann")
    task = json.loads(reply)
    assert (task["done"], task["total"], task["finished"], task["clips"]) == (0, 15, False, 2)
    assert not any(name in reply.decode() for name in METHODS), "who made a clip is not told"
    shown = study.tasks("ann")[task["number"]].methods
    for place, gray in [("source", 50), *((k, {"good": 200, "fair": 100, "poor": 0}[m]) for k, m in enumerate(shown))]:
        status, clip = get(served, "clip", rater="ann", number=task["number"], place=place)
        (tmp_path / "seen.webm").write_bytes(clip)
        assert abs(read_clip(tmp_path / "seen.webm").frames.mean() - gray) < 3
    given = dict.fromkeys(CRITERIA["pairs"], "win")
    assert get(served, "answer", {"rater": "ann", "number": task["number"], "given": given})[0] == 200
    assert json.loads(get(served, "task", rater="ann")[1])["done"] == 1
    assert {row["first"] for row in study.answers()} == {shown[0]}
    for number in range(1, 15):
        assert get(served, "answer", {"rater": "ann", "number": number, "given": given})[0] == 200
    assert json.loads(get(served, "task", rater="ann")[1])["finished"]


@pytest.mark.parametrize(
    ("path", "query", "body"),
    [
        ("nothing", {}, None),
        ("../pairs/pairs.jsonl", {}, None),
        ("task", {}, None),
        ("clip", {"rater": "a", "number": "99", "place": "0"}, None),
        ("clip", {"rater": "a", "number": "0", "place": "2"}, None),
        ("clip", {"rater": "a", "number": "0", "place": "../../x"}, None),
        ("answer", {}, b"no json"),
        ("answer", {}, {"rater": "a"}),
        ("answer", {}, {"rater": "a", "number": float("inf"), "given": {}}),
        ("answer", {}, {"rater": "a", "number": 0, "given": {}}),
        ("answer", {}, b" " * 70000),
    ],
)
def test_other_requests_are_refused(served, path, query, body):
    status, reply = get(served, path, body, **query)
    assert status == 400
    assert set(json.loads(reply)) == {"error"}
    assert served.study.answers() == []
