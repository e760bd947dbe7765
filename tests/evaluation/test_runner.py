"""The evaluation against clips whose scores are known beforehand."""

import json
import runpy
import sys
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest

from tests.evaluation.tiny_pairs import Perfect, evaluate
from vireo.errors import InputError
from vireo.evaluation.records import Record, read_records
from vireo.judges.judge import Judgement, Usage
from vireo.video.io import read_clip


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
    assert (report["executor"], report["reason"]) == ("model", "never")
    for name in ("report.md", "report.tex", "report.html"):
        assert ", executor model, reason never" in (tmp_path / name).read_text(), name
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


def test_wrong_requests(pairs_dir, tmp_path):
    with pytest.raises(InputError, match="either"):
        evaluate(pairs_dir, out=tmp_path)
    with pytest.raises(InputError, match="paraphrases"):
        evaluate(pairs_dir, out=tmp_path, videos=tmp_path, paraphrases=True)
    with pytest.raises(InputError, match=r"pairs\.jsonl"):
        evaluate(tmp_path, out=tmp_path, model="mini")
    with pytest.raises(InputError, match=r"no model 'minni'.*mini"):
        evaluate(pairs_dir, out=tmp_path, model="minni")
