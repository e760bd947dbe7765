"""Runs on published benchmarks, in folders of our own making: no result of theirs is needed."""

import json

import numpy as np
import pytest
from PIL import Image

from vireo.errors import InputError
from vireo.evaluation.benchmarks import run as benchmarks
from vireo.evaluation.config import EvaluationConfig
from vireo.judges.chat_model import Answer, ChatJudge
from vireo.judges.judge import Judgement, Usage
from vireo.judges.rubric import UnusableReply
from vireo.metrics.image_quality import psnr
from vireo.models.backbones import registry
from vireo.video.io import read_clip, write_lossless


def evaluate_published(name, folder, out, *, command=None, **fields):
    return benchmarks.evaluate_published(name, folder, out, EvaluationConfig(**fields), command=command)


def clip(seed=0, shape=(9, 32, 48, 3)):
    return np.random.default_rng(seed).integers(0, 200, shape, dtype=np.uint8)


@pytest.fixture
def five(tmp_path):
    """Two items that can be edited, of which one is a folder of frames with masks, and one whose video is gone."""
    home = tmp_path / "five"
    (home / "videos").mkdir(parents=True)
    write_lossless(home / "videos" / "girl.mp4.mkv", clip(1), fps=8)
    (home / "videos" / "girl.mp4.mkv").rename(home / "videos" / "girl.mp4")  # Matroska whatever its name
    for name in ("images", "bmasks"):
        (home / name / "bus").mkdir(parents=True)
    for number, frame in enumerate(clip(2), 1):
        Image.fromarray(frame).save(home / "images" / "bus" / f"{number:05d}.png")
        mask = np.zeros(frame.shape[:2], np.uint8)
        mask[8:20, 8:30] = 255
        Image.fromarray(mask).save(home / "bmasks" / "bus" / f"{number:05d}.png")
    row = {"video_name": "bus", "save_dir": "bus_1", "source_prompt": "a red bus", "target_prompt": "a blue bus"}
    rows = [row, {**row, "video_name": "girl"}, {**row, "video_name": "gone"}]
    (home / "edit_prompt").mkdir()
    (home / "edit_prompt" / "edit3_FiVE.json").write_text(json.dumps(rows))
    return home


@pytest.fixture
def videos(tmp_path):
    """An edit of the bus that changes its masked part, and noise of one level beside; none of the girl."""
    folder = tmp_path / "done"
    folder.mkdir()
    edited = clip(2)
    edited[:, 8:20, 8:30] = 255
    edited[:, 0] += 3
    write_lossless(folder / "edit3-bus-bus_1.mkv", edited, fps=8)
    return folder


class Strict:
    rubric = "viva"
    settings = {"judge": "strict", "rubric": "viva"}  # noqa: RUF012

    def judge(self, samples):
        scores = {"instruction_following": 4.0, "editing_quality": 5.0, "source_preservation": 6.0}
        return [Judgement(scores) for _ in samples]


def test_finished_clips_are_scored_and_what_is_missing_is_listed(five, videos, tmp_path):
    report = evaluate_published("five", five, out=tmp_path / "out", videos=videos, judge=Strict(), command="vireo eval")
    assert (report["n"], report["families"]) == (1, {"color": {"n": 1}})
    assert [problem["where"] for problem in report["problems"]] == ["edit3_FiVE.json[2]"]
    assert [failure["id"] for failure in report["failures"]] == ["edit3-girl-bus_1"]
    assert "add edit3-girl-bus_1.mkv" in report["failures"][0]["why"]
    assert report["judged"]["overall"]["average"]["all"]["rate"] == 5
    measured = {name: table["all"]["rate"] for name, table in report["measures"].items()}
    source, edited = clip(2)[::8], read_clip(videos / "edit3-bus-bus_1.mkv").frames[::8]
    inside = np.zeros(source.shape, bool)
    inside[:, 8:20, 8:30] = True
    a, b = np.where(inside, 0, source), np.where(inside, 0, edited)
    assert measured["PSNR kept"] == pytest.approx(np.mean([psnr(x[None], y[None]) for x, y in zip(a, b, strict=True)]))
    assert measured["MSE kept x1e4"] == pytest.approx(1e4 * 9 / 255**2 / 32, rel=1e-6), "one row of 32 is 3 off"
    page = (tmp_path / "out" / "report.html").read_text()
    assert "edit3-girl-bus_1" in page
    assert page.count("<video") == 1
    head = (tmp_path / "out" / "report.md").read_text().splitlines()[0]
    assert "| IF |" in head
    assert "Success" not in head


class Redness:
    """A CLIP whose space is red, green and blue."""

    @classmethod
    def from_pretrained(cls, name):
        return cls()

    def pictures(self, pictures):
        means = np.stack([picture.reshape(-1, 3).mean(0) for picture in pictures]) + 1e-6
        return means / np.linalg.norm(means, axis=1, keepdims=True)

    unprojected = pictures

    def texts(self, texts):
        return np.stack([np.eye(3)[int("red" not in text)] for text in texts])

    def distance(self, picture, other):
        return float(np.abs(picture.astype(float) - other).max() / 255)


def test_fives_measures_by_hand(five, videos, tmp_path, monkeypatch):
    """CLIP scores of whole frames and of what the mask shows, and the structure distance, of frames 0 and 8."""
    kinds = ("clip", "dino8", "lpips")
    monkeypatch.setattr(registry, "KINDS", dict.fromkeys(kinds, registry.BackboneKind(Redness.from_pretrained)))
    source, edited = clip(2), clip(2)
    edited[:, 8:20, 8:30] = (0, 200, 0)
    edited[8, 0, 0] = 255 - source[8, 0, 0]
    write_lossless(videos / "edit3-bus-bus_1.mkv", edited, fps=8)
    report = evaluate_published(
        "five", five, out=tmp_path / "out", videos=videos, backbones=dict.fromkeys(kinds, "any")
    )
    found = {name: table["all"]["rate"] for name, table in report["measures"].items()}
    cosines = {"source": source, "target": edited}
    for name, frames in cosines.items():
        means = frames[[0, 8]].reshape(2, -1, 3).mean(1)
        expected = 100 * np.mean(means[:, int(name == "target")] / np.linalg.norm(means, axis=1))
        assert found[f"CLIP {name}"] == pytest.approx(expected, abs=1e-3), "the source is red, the target not"
    assert found["CLIP edited part"] == pytest.approx(100, abs=1e-3), "nothing but green is seen there"
    far = [np.abs(a.astype(float) - b).max() / 255 for a, b in zip(source[[0, 8]], edited[[0, 8]], strict=True)]
    assert found["Structure x1000"] == pytest.approx(1000 * np.mean(far))
    corner = np.abs(edited[8, 0, 0] - source[8, 0, 0].astype(float)).max() / 255
    assert found["LPIPS kept x1000"] == pytest.approx(1000 * corner / 2), "outside of the mask one pixel differs"


class Says:
    """A chat model that finds every edit done, with good scores."""

    name, workers, knows = "says", 1, True

    def ask(self, text, groups, read):
        reply = (
            "b" if "letter" in text else "YES" if "Is the bus blue?" in text else "no" if "YES or NO" in text else ""
        )
        scores = {"instruction_following": 9, "editing_quality": 9, "source_preservation": 9}
        try:
            reply = reply if self.knows else "who knows"
            return Answer(read(json.dumps(scores) if "JSON" in text else reply), usage=Usage(1, False, 10, 1))
        except UnusableReply as error:
            return Answer(None, str(error), Usage(1, False, 10, 1))


def test_fives_questions_are_asked_where_there_are_some(five, videos, tmp_path):
    path = five / "edit_prompt" / "edit3_FiVE.json"
    rows = json.loads(path.read_text())
    rows[0] |= {
        "multiple_choice_question": "Which colour? a) red b) blue",
        "target_yes_no_question": "Is the bus blue?",
    }
    rows[0] |= {"source_yes_no_question": "Is the bus red?"}
    path.write_text(json.dumps(rows))
    write_lossless(videos / "edit3-girl-bus_1.mkv", clip(1), fps=8)
    chat, options = Says(), {"out": tmp_path / "out", "videos": videos}
    chat.knows = False
    report = evaluate_published("five", five, judge=ChatJudge(chat, "viva"), **options)
    assert "FiVE-Acc" not in report["measures"], "what was not answered is no figure"
    assert report["answered"]["failures"] == [{"id": "edit3-bus-bus_1", "why": "no letter but 'who knows'"}]
    assert "no letter but" in (tmp_path / "out" / "report.html").read_text()
    chat.knows = True
    report = evaluate_published("five", five, judge=ChatJudge(chat, "viva"), **options)
    assert report["measures"]["FiVE-Acc"]["all"]["rate"] == 1
    assert (report["answered"]["failures"], report["answered"]["usage"]["calls"]) == ([], 3)
    assert report["judged"]["n"] == 2
    assert evaluate_published("five", five, judge=Strict(), **options)["answered"] is None, "no chat model"


def test_what_generates_a_new_clip_has_nothing_to_preserve(tmp_path):
    """ReViSE's ICVG, as RVE-Bench's list names it; the page shows the clip with the lower scores first."""

    class Listens:
        rubric, samples = "revise", []
        settings = {"judge": "listens", "rubric": "revise"}  # noqa: RUF012

        def judge(self, samples):
            self.samples += samples
            return [Judgement({name.name: 7.0 + 2 * s.generates for name in s.criteria("revise")}) for s in samples]

    (tmp_path / "bench").mkdir()
    write_lossless(tmp_path / "bench" / "a.mkv", clip(1), fps=8)
    row = {"source_video_path": "a.mkv", "target_video_path": "b.mkv", "instruction": "What comes next?"}
    rows = [{**row, "type": "Causal"}, {**row, "type": "In-Context Video Generation"}]
    (tmp_path / "bench" / "list.json").write_text(json.dumps(rows))
    (tmp_path / "done").mkdir()
    for number in (0, 1):
        write_lossless(tmp_path / "done" / f"list-{number}.mkv", clip(2), fps=8)
    judge, out = Listens(), tmp_path / "out"
    report = evaluate_published("rve-bench", tmp_path / "bench", out=out, videos=tmp_path / "done", judge=judge)
    assert [sample.generates for sample in judge.samples] == [False, True]
    preserved = report["judged"]["criteria"]["preservation_consistency"]["families"]
    assert set(preserved) == {"Causal"}
    page = (out / "report.html").read_text()
    assert page.index("list-0, Causal") < page.index("list-1, In-Context"), "by the overall score, not by the sum"


def test_another_size_and_length_are_fitted_as_five_does(five, videos, tmp_path):
    """The clip of another editor, of twice the size and fewer frames."""
    large = clip(2)[:9].repeat(2, 1).repeat(2, 2)[:8]
    write_lossless(videos / "edit3-bus-bus_1.mkv", large, fps=8)
    report = evaluate_published("five", five, out=tmp_path / "out", videos=videos)
    assert report["measures"]["PSNR kept"]["all"]["rate"] > 20
    assert report["n"] == 1


@pytest.mark.parametrize("wrong", ["folder", "text", "size", "gone", "empty"])
def test_one_bad_item_does_not_stop_the_rest(wrong, five, videos, tmp_path):
    mask = five / "bmasks" / "bus" / "00001.png"
    if wrong == "folder":
        (five / "images" / "bus" / "thumbs").mkdir()  # is no picture, and does not matter
    elif wrong == "text":
        mask.write_text("no picture")
    elif wrong == "size":
        Image.new("L", (10, 10)).save(mask)
    elif wrong == "empty":
        for path in mask.parent.iterdir():
            path.unlink()
    else:
        mask.unlink()
    write_lossless(videos / "edit3-girl-bus_1.mkv", clip(1), fps=8)
    report = evaluate_published("five", five, out=tmp_path / "out", videos=videos)
    assert [failure["id"] for failure in report["failures"]] == ([] if wrong == "folder" else ["edit3-bus-bus_1"])
    assert report["n"] == (2 if wrong == "folder" else 1)


def test_a_new_clip_is_scored_anew(five, videos, tmp_path):
    first = evaluate_published("five", five, out=tmp_path / "out", videos=videos)
    write_lossless(videos / "edit3-bus-bus_1.mkv", clip(2), fps=8)
    second = evaluate_published("five", five, out=tmp_path / "out", videos=videos)
    assert second["measures"]["PSNR kept"]["all"]["rate"] > first["measures"]["PSNR kept"]["all"]["rate"]


def test_a_broken_run_goes_on_and_failures_are_tried_again(five, videos, tmp_path):
    evaluate_published("five", five, out=tmp_path / "out", videos=videos)
    lines = (tmp_path / "out" / "records.jsonl").read_text().splitlines()
    assert len(lines) == 2
    write_lossless(videos / "edit3-girl-bus_1.mkv", clip(1), fps=8)
    report = evaluate_published("five", five, out=tmp_path / "out", videos=videos)
    assert report["failures"] == []
    assert report["n"] == 2
    again = (tmp_path / "out" / "records.jsonl").read_text().splitlines()
    assert again[:2] == lines, "the finished item is not scored again"
    assert len(again) == 3


def test_a_model_edits_every_item(five, tmp_path, monkeypatch):
    """With the edit itself replaced by a copy: what is asked for, and where the clips are."""
    asked = []

    def copy(source, instruction, output, **options):
        asked.append((instruction, options["seed"], options["overwrite"]))
        write_lossless(output.with_suffix(".mkv"), read_clip(source).frames, fps=8)
        output.with_suffix(".mkv").rename(output)

    monkeypatch.setattr(benchmarks, "edit_video", copy)
    report = evaluate_published("five", five, out=tmp_path / "out", model="mini")
    assert asked == [("a blue bus", 0, True)] * 2
    assert report["n"] == 2
    assert sorted(path.name for path in (tmp_path / "out" / "clips").iterdir()) == [
        "edit3-bus-bus_1.mp4",
        "edit3-girl-bus_1.mp4",
    ]
    assert report["measures"]["PSNR kept"]["all"]["rate"] == 100


def test_wrong_requests(five, tmp_path):
    with pytest.raises(InputError, match="no benchmark"):
        evaluate_published("ditto", five, out=tmp_path / "out", model="mini")
    with pytest.raises(InputError, match="either a model or a folder"):
        evaluate_published("five", five, out=tmp_path / "out")
    with pytest.raises(InputError, match="no paraphrases"):
        evaluate_published("five", five, out=tmp_path / "out", model="mini", keep=True)
