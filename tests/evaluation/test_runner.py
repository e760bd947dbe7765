"""The evaluation against clips whose scores are known beforehand."""

import json
import runpy
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest

from tests.pipeline.rule_editor import RuleEditor, scene
from vireo.errors import InputError
from vireo.evaluation import runner
from vireo.evaluation.config import EvaluationConfig
from vireo.evaluation.editors import Edited, ModelClips
from vireo.evaluation.pair_clips import load_pair_clips
from vireo.evaluation.records import Record, read_records
from vireo.judges.judge import Judgement, Usage
from vireo.pairs.format import read_pairs
from vireo.types import EditPair, EditSettings
from vireo.video.io import read_clip, write_lossless
from vireo.video.operations import OPERATIONS

SHAPE = (9, 32, 32)


def evaluate(pairs_dir, out, *, command=None, on_progress=None, **fields):
    config = EvaluationConfig(**fields)
    return runner.evaluate(pairs_dir, out, config, command=command, on_progress=on_progress)


def make_pair(folder, identity, family="recolor", *, seed=0):
    """A gray ramp with a square that goes from 60 to 180; a second object is not concerned."""
    random = np.random.default_rng(seed)
    source = np.full((*SHAPE, 3), 100, np.uint8) + random.integers(0, 30, (*SHAPE, 3), dtype=np.uint8)
    instances = np.zeros(SHAPE, np.uint8)
    instances[:, 4:10, 4:10] = 1
    instances[:, 20:26, 20:26] = 2
    source[instances == 1] = 60
    target, mask = source.copy(), np.zeros(SHAPE, np.uint8)
    if family != "absent":
        target[instances == 1] = 180
        mask[instances == 1] = 255
    if family == "remove":  # with a shadow below
        target[:, 14:16, 4:10] += 40
        mask[:, 14:16, 4:10] = 255
    (folder / "videos").mkdir(parents=True, exist_ok=True)
    for name, video in (("source", source), ("target", target), ("mask", mask), ("instances", instances)):
        write_lossless(folder / "videos" / f"{identity}-{name}.mkv", video, fps=8, gray=video.ndim == 3)
    return EditPair(
        id=identity,
        family=family,
        seed=1_000_000 + seed,
        split="test",
        instruction=f"make {identity} bright",
        paraphrases=[f"brighten {identity}", f"let {identity} shine"],
        source_caption="",
        target_caption="",
        scene={},
        target_scene={},
        concerned=[] if family == "absent" else [0],
        **{name: f"videos/{identity}-{name}.mkv" for name in ("source", "target", "mask", "instances")},
    )


@pytest.fixture(scope="module")
def pairs_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pairs")
    families = ["recolor", "recolor", "remove", "absent", "hybrid"]
    pairs = [make_pair(folder, f"p{i}", family, seed=i) for i, family in enumerate(families)]
    (folder / "pairs.jsonl").write_text("".join(pair.model_dump_json() + "\n" for pair in pairs))
    return folder


class Perfect:
    """Returns the targets; spoils the instructions named in `fails` by doing nothing."""

    batch = 2

    def __init__(self, fails=()):
        self.settings = {"model": "perfect", "executor": "model", "fails": sorted(fails)}
        self.fails, self.calls = fails, []

    def edit(self, jobs, truths):
        self.calls += [job.instruction for job in jobs]
        return [
            Edited(t.source, t.source, t.mask) if j.instruction in self.fails else Edited(t.target, t.target, t.mask)
            for j, t in zip(jobs, truths, strict=True)
        ]

    def digest(self, name):
        return None

    def reconstruct(self, frames):
        return np.minimum(frames, 254) + 1


@pytest.fixture
def run(pairs_dir, monkeypatch):
    def run(editor, out, **options):
        monkeypatch.setattr(ModelClips, "open", lambda config: editor)
        return evaluate(pairs_dir, out, model="any", **options)

    return run


def test_perfect_edits(run, tmp_path):
    report = run(Perfect(), tmp_path)
    assert report["success"]["rate"] == 1
    assert report["success"]["n"] == 4  # the hybrid pair is not in the headline
    assert report["headline_families"] == ["recolor", "remove", "absent"]
    assert list(report["families"]) == ["recolor", "remove", "hybrid", "absent"]
    assert report["families"]["recolor"]["edit_error"] == 0
    assert report["families"]["absent"]["edit_error"] is None
    assert report["do_nothing"]["success"]["rate"] == pytest.approx(1 / 3)  # only `absent`
    assert report["do_nothing"]["families"]["remove"]["edit_error"] == 1
    assert report["oracle_vae"]["psnr"] == pytest.approx(20 * np.log10(255))  # off by one everywhere
    assert report["oracle_vae"]["success"]["rate"] == 1
    assert "absent" not in report["oracle_vae"]["families"]
    assert report["oracle_vae"]["outside_counted"]["success_loose"]["n"] == 4
    assert report["wrong_target"]["composited"]["rate"] == 0
    assert report["families"]["remove"]["shadow_left"] == report["raw"]["families"]["remove"]["shadow_left"] == 0
    assert report["families"]["recolor"]["shadow_left"] is None
    assert report["families"]["recolor"]["sharpness"] == report["families"]["recolor"]["done"] == 1
    assert report["region"]["recall"]["median"] < 1  # the mask itself does not cover the dilated one
    written = json.loads((tmp_path / "report.json").read_text())
    assert written["success"] == report["success"]
    page = (tmp_path / "report.html").read_text()
    assert "100.0 %" in page
    assert all((tmp_path / name).is_file() and name in page for name in report["sheets"].values())
    assert set(report["sheets"]) == {"recolor", "remove", "absent", "hybrid"}
    assert report["order"]["target_first"]["rate"] == 0, "perfect edits are as near to the truth as the targets"
    assert report["order"]["above_nothing"]["remove"]["rate"] == 1
    assert set(report["measures"]) == {"TF", "MS"}
    assert "absent" not in report["order"]["above_nothing"]


def test_the_table_of_limits(pairs_dir, monkeypatch, capsys):
    """Exact targets pass in every family; nothing that is half done does."""
    example = Path(__file__).parents[2] / "examples" / "score_limits.py"
    monkeypatch.setattr(sys, "argv", [str(example), str(pairs_dir)])
    runpy.run_path(str(example))
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in capsys.readouterr().out.splitlines()]
    assert rows[0] == ["clips", "n", "success", "success_loose", "recolor", "remove", "hybrid"]
    table = {row[0]: row[1:] for row in rows if len(row) == 7}
    assert table["exact target"] == ["4", "1.000 [1.000, 1.000]", "1.000 [1.000, 1.000]", "1.00", "1.00", "1.00"]
    assert table["cross-faded by half"][1:3] == ["0.000 [0.000, 0.000]", "1.000 [1.000, 1.000]"]
    assert table["shadow kept (removals)"][0] == "1"


def test_players_show_source_output_and_target(run, pairs_dir, tmp_path):
    run(Perfect(fails={"make p0 bright"}), tmp_path)
    page = (tmp_path / "report.html").read_text()
    places = {
        record.id: f"players/{key}.mp4" for key, record in read_records(tmp_path / "records.jsonl", Record).items()
    }
    assert all(place in page for place in places.values())
    assert page.index(places["p0"]) < page.index(places["p1"]), "failures come first"
    frames = read_clip(tmp_path / places["p0"]).frames.astype(int)
    assert frames.shape == (9, 32, 96, 3)
    source, output, target = np.split(frames[:, 4:10], 3, axis=2)
    assert source[:, :, 5:9].mean() == pytest.approx(60, abs=8)
    assert output[:, :, 5:9].mean() == pytest.approx(60, abs=8)
    assert target[:, :, 5:9].mean() == pytest.approx(180, abs=8)


def test_tables_in_the_papers_layout(run, tmp_path):
    report = run(Perfect(fails={"make p0 bright"}), tmp_path, command="vireo eval x_y --out 50%")
    head, *rows = (line.strip("|").split("|") for line in (tmp_path / "report.md").read_text().splitlines()[:7])
    assert [cell.strip() for cell in head] == [
        *("Task", "Method", "n", "Success %", "Loose %", "Edit error", "Done", "Sharpness", "Outside dB"),
        *("Shadow left", "TF", "MS"),
    ]
    cells = {row[0].strip(): [cell.strip() for cell in row] for row in rows[1:]}
    assert cells["recolor"][2:6] == ["2", "50.0 [0.0, 100.0]", "50.0 [0.0, 100.0]", "0.500 [0.000, 1.000]"]
    assert cells["balanced"][3].startswith("83.3 [")
    assert "vireo eval x_y" in (tmp_path / "report.md").read_text()
    assert report["executor"] == "model"
    for name in ("report.md", "report.tex", "report.html"):
        assert ", executor model" in (tmp_path / name).read_text(), name
    latex = (tmp_path / "report.tex").read_text()
    assert latex.count(r" \\") == 1 + len(report["families"]) + 1
    assert r"Success \%" in latex
    assert r"\begin{tabular}{llrrrrrrrrrr}" in latex


def test_families_weigh_the_same_and_paraphrases_are_compared(run, tmp_path):
    fails = {"make p0 bright", "brighten p0", "let p1 shine", "brighten p2"}
    report = run(Perfect(fails), tmp_path, paraphrases=True)
    assert report["families"]["recolor"]["success"]["rate"] == 0.5
    assert report["success"]["rate"] == pytest.approx((0.5 + 1 + 1) / 3)
    assert report["paraphrases"]["success"]["rate"] == pytest.approx((0 + 0 + 1) / 3)
    assert report["paraphrases"]["loss"]["success"]["rate"] == pytest.approx((0.5 + 1 + 0) / 3)


class Strict:
    """Scores 8 where something was changed, else 2; says nothing about removals."""

    rubric = "viva"
    settings = MappingProxyType({"judge": "strict", "rubric": "viva"})

    def judge(self, samples):
        return [self._judge(sample) for sample in samples]

    def _judge(self, sample):
        usage = Usage(1, False, 10, 5)
        if "p2" in sample.instruction:
            return Judgement(None, failure="it says <nothing>", usage=usage)
        score = 2.0 + 6 * bool((sample.source != sample.edited).any())
        return Judgement({name: score for name in ("instruction_following", "editing_quality")}, usage=usage)


def test_judges_are_asked_and_their_failures_are_no_scores(run, tmp_path):
    editor = Perfect({"make p0 bright"})
    judged = run(editor, tmp_path, judge=Strict())["judged"]
    assert (judged["n"], judged["judge"]) == (4, "strict")
    assert judged["failures"] == [{"id": "p2", "condition": "plain", "why": "it says <nothing>"}]
    table = judged["criteria"]["instruction_following"]
    assert table["families"]["recolor"]["rate"] == 5
    assert "remove" not in table["families"], "a failure is not scored 0"
    assert table["all"]["rate"] == pytest.approx((5 + 2) / 2), "recolor and absent; hybrid stands beside"
    assert judged["overall"]["average"]["families"]["hybrid"]["rate"] == 8
    assert judged["usage"] == {"calls": 5, "cached": 0, "prompt_tokens": 50, "completion_tokens": 25, "cost": None}
    page = (tmp_path / "report.html").read_text()
    assert "Judged by strict" in page
    assert "it says &lt;nothing&gt;" in page
    calls = len(editor.calls)
    assert run(editor, tmp_path, judge=Strict())["judged"] == judged
    assert editor.calls[calls:] == ["make p2 bright", "make p3 bright"], "only the batch of the failed one comes again"
    assert run(editor, tmp_path)["judged"] is None


def test_kept_clips_can_be_scored_again(run, pairs_dir, tmp_path):
    fails = {"make p1 bright"}
    first = run(Perfect(fails), tmp_path / "one", keep=True)
    again = Perfect(fails)
    (tmp_path / "one" / "clips" / "p2.mkv").unlink()
    run(again, tmp_path / "one", keep=True)
    assert sorted(again.calls) == ["make p2 bright", "make p3 bright"], "the batch whose clip is gone"
    scored = evaluate(pairs_dir, out=tmp_path / "two", videos=tmp_path / "one" / "clips")
    assert {family: row["success"] for family, row in scored["families"].items()} == {
        family: row["success"] for family, row in first["families"].items()
    }


def test_a_broken_run_goes_on(run, tmp_path):
    class Stumbles(Perfect):
        def edit(self, jobs, truths):
            if len(self.calls) == 4:
                raise RuntimeError("stumbled")
            return super().edit(jobs, truths)

    with pytest.raises(RuntimeError):
        run(Stumbles(), tmp_path)
    records = tmp_path / "records.jsonl"
    assert len(records.read_text().splitlines()) == 4
    records.write_text(records.read_text() + '{"key": "half wri')
    again = Perfect()
    report = run(again, tmp_path)
    assert again.calls == ["make p4 bright"]
    assert report["n"] == 5
    whole = run(Perfect(), tmp_path / "whole")
    assert whole["families"] == report["families"]
    other = Perfect({"make p1 bright"})  # other settings: nothing is taken over
    assert run(other, tmp_path)["families"]["recolor"]["success"]["rate"] == 0.5
    assert len(other.calls) == 5


def test_finished_clips(pairs_dir, tmp_path):
    clips = tmp_path / "clips"
    clips.mkdir()
    for i in range(5):
        name = "source" if i == 1 else "target"
        (clips / f"p{i}.mkv").write_bytes((pairs_dir / "videos" / f"p{i}-{name}.mkv").read_bytes())
    report = evaluate(pairs_dir, out=tmp_path / "out", videos=clips)
    assert report["families"]["recolor"]["success"]["rate"] == 0.5
    assert report["oracle_vae"] == {}
    assert report["raw"] == {}
    (clips / "p1.mkv").write_bytes((pairs_dir / "videos" / "p1-target.mkv").read_bytes())  # mended since
    again = evaluate(pairs_dir, out=tmp_path / "out", videos=clips)
    assert again["families"]["recolor"]["success"]["rate"] > report["families"]["recolor"]["success"]["rate"]


def test_finished_clips_that_cannot_be_scored_are_listed(pairs_dir, tmp_path):
    """One is missing, one has another size, one is no video; the rest is scored, and all of it once they are mended."""
    clips = tmp_path / "clips"
    clips.mkdir()
    for pair in read_pairs(pairs_dir):
        write_lossless(clips / f"{pair.id}.mkv", read_clip(pairs_dir / pair.target).frames, fps=8)
    (clips / "p0.mkv").unlink()
    write_lossless(clips / "p1.mkv", np.zeros((9, 16, 32, 3), np.uint8), fps=8)
    (clips / "p2.mkv").write_text("no video")
    report = evaluate(pairs_dir, out=tmp_path / "out", videos=clips)
    why = {failure["id"]: failure["why"] for failure in report["failures"]}
    assert "no clip of pair p0" in why["p0"]
    assert "keep frame count and size" in why["p1"]
    assert set(why) == {"p0", "p1", "p2"}
    assert report["n"] == 2
    assert "no clip of pair p0" in (tmp_path / "out" / "report.html").read_text()
    for pair in read_pairs(pairs_dir):
        write_lossless(clips / f"{pair.id}.mkv", read_clip(pairs_dir / pair.target).frames, fps=8)
    mended = evaluate(pairs_dir, out=tmp_path / "out", videos=clips)
    assert (mended["failures"], mended["n"], mended["success"]["rate"]) == ([], 5, 1)
    for clip in clips.iterdir():
        clip.unlink()
    with pytest.raises(InputError, match="no clip of any pair"):
        evaluate(pairs_dir, out=tmp_path / "again", videos=clips)
    assert not (tmp_path / "again").exists()
    (clips / "p3.mkv").write_text("no video")
    with pytest.raises(InputError, match="no clip could be scored"):
        evaluate(pairs_dir, out=tmp_path / "again", videos=clips)


def test_kill_9_repeats_no_finished_pair(pairs_dir, tmp_path):
    """The command, killed as soon as two pairs are on disk; what it goes on with are the others."""
    clips = tmp_path / "clips"
    clips.mkdir()
    for pair in read_pairs(pairs_dir):
        write_lossless(clips / f"{pair.id}.mkv", read_clip(pairs_dir / pair.target).frames, fps=8)
    command = [sys.executable, "-c", "from vireo.cli import main; main()"]
    command += ["eval", str(pairs_dir), "--videos", str(clips), "--out", str(tmp_path / "out")]
    records = tmp_path / "out" / "records.jsonl"
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not (records.is_file() and records.read_bytes().count(b"\n") >= 2):
        assert running.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.002)
    running.kill()
    running.wait()
    before = records.read_text()
    subprocess.run(command, check=True, capture_output=True)
    after = records.read_text()
    assert after.startswith(before[: before.rindex("\n") + 1])
    keys = [json.loads(line)["key"] for line in after.splitlines() if line.endswith("}")]
    assert len(keys) == len(set(keys)) == 5


def test_several_processes_give_what_one_gives(pairs_dir, tmp_path):
    (tmp_path / "clips").mkdir()
    for pair in read_pairs(pairs_dir):
        write_lossless(tmp_path / "clips" / f"{pair.id}.mkv", read_clip(pairs_dir / pair.target).frames, fps=8)
    seen = []
    given = {"videos": tmp_path / "clips", "on_progress": lambda done, total, label: seen.append((done, total))}
    reports = [evaluate(pairs_dir, out=tmp_path / f"{n}", workers=n, **given) for n in (1, 2)]
    assert seen == [(k, 5) for k in range(1, 6)] * 2
    one, two = (read_records(tmp_path / f"{n}" / "records.jsonl", Record) for n in (1, 2))
    assert {k: r.model_copy(update={"seconds": 0}) for k, r in one.items()} == {
        k: r.model_copy(update={"seconds": 0}) for k, r in two.items()
    }
    same = ("success", "families", "measures", "n", "settings")
    assert {name: reports[0][name] for name in same} == {name: reports[1][name] for name in same}


def test_wrong_requests(pairs_dir, tmp_path):
    with pytest.raises(InputError, match="either"):
        evaluate(pairs_dir, out=tmp_path)
    with pytest.raises(InputError, match="paraphrases"):
        evaluate(pairs_dir, out=tmp_path, videos=tmp_path, paraphrases=True)
    with pytest.raises(InputError, match=r"pairs\.jsonl"):
        evaluate(tmp_path, out=tmp_path, model="mini")
    with pytest.raises(InputError, match=r"no model 'minni'.*mini"):
        evaluate(pairs_dir, out=tmp_path, model="minni")


def test_batches_give_what_single_edits_give_and_the_gate_leaves_the_raw_result_alone(pairs_dir):
    class Batched(RuleEditor):
        def batch(self):
            return 3

    pairs = list(read_pairs(pairs_dir))[:3]
    frames, discs = scene(9)
    clips = [replace(load_pair_clips(pairs_dir, pair), source=frames) for pair in pairs]
    texts = ["red to blue", "darker", "make the ball darker"]
    jobs = [runner.Job(pair, "plain", text, "") for pair, text in zip(pairs, texts, strict=True)]
    source = ModelClips(Batched(), EditSettings(steps=3, seed=7))
    together = source.edit(jobs, clips)
    assert source.editor.lengths == [9, 9, 9], "each clip is edited once"
    for job, pair, batched in zip(jobs, clips, together, strict=True):
        single = source.edit([job], [pair])[0]
        np.testing.assert_array_equal(single.composited, batched.composited)
        np.testing.assert_array_equal(single.raw, batched.raw)
        np.testing.assert_array_equal(single.region, batched.region)
    recolored, darkened, absent = together
    assert recolored.composited[discs][:, 2].mean() > 200
    assert darkened.region.all()
    assert (absent.composited == frames).all()
    assert not absent.region.any()
    assert (absent.raw != frames).any(), "the model's own result is scored all the same"


def test_exact_edits_are_scored_beside_those_of_the_model_only_where_asked(pairs_dir):
    pairs = list(read_pairs(pairs_dir))[:2]
    clips = [replace(load_pair_clips(pairs_dir, pair), source=scene(9)[0]) for pair in pairs]
    jobs = [
        runner.Job(pair, "plain", text, "") for pair, text in zip(pairs, ("make it sepia", "red to blue"), strict=True)
    ]
    for executor, count in (("model", 2), ("auto", 1)):
        source = ModelClips(RuleEditor(), EditSettings(executor=executor))
        sepia, blue = source.edit(jobs, clips)
        assert len(source.editor.lengths) == count
        exact = np.array_equal(sepia.composited, OPERATIONS["sepia"](clips[0].source))
        assert exact == np.array_equal(sepia.raw, sepia.composited) == bool(sepia.region.all()) == (executor == "auto")
        assert (blue.composited != clips[1].source).any()
    assert EvaluationConfig(model="mini").edit.executor == "model"
