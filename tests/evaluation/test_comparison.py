"""Two evaluations with known outcomes."""

import json

import pytest

from vireo.errors import InputError
from vireo.evaluation.comparison import compare
from vireo.evaluation.records import ItemRecord, JudgementRecord, Record
from vireo.metrics.truth import EditScore


def edit_score(success, error, outside):
    return EditScore(success=success, success_loose=True, edit_error=error, outside_psnr=outside, changed=0.1)


def record(name, family, success, error=None, instruction="make it red", condition="plain"):
    score = edit_score(success, error, 40.0)
    fields = {"key": name + condition, "id": name, "family": family, "condition": condition, "instruction": instruction}
    rest = dict.fromkeys(("raw", "oracle_vae", "region_recall", "region_excess"))
    return Record(**fields, **rest, composited=score, do_nothing=score, target_itself=score, seconds=1.0)


def written(folder, records, model="mini", layout=None, **settings):
    folder.mkdir()
    report = {"model": model, "commit": "abc", "settings": settings} | ({"layout": layout} if layout else {})
    (folder / "report.json").write_text(json.dumps(report))
    (folder / "records.jsonl").write_text("".join(r.model_dump_json() + "\n" for r in records))
    return folder


@pytest.fixture
def one(tmp_path):
    recolors = [record(f"c{k}", "recolor", success=False, error=0.5) for k in range(6)]
    return written(tmp_path / "one", [*recolors, *(record(f"r{k}", "remove", success=True) for k in range(3))])


def test_a_sure_gain(one, tmp_path):
    better = [record(f"c{k}", "recolor", success=True, error=0.1) for k in range(6)]
    kept = [record(f"r{k}", "remove", success=True) for k in range(3)]
    two = written(tmp_path / "two", [*better, *kept, record("new", "remove", success=True)], model="better")
    result = compare(one, two)
    assert (result["first"]["model"], result["second"]["model"]) == ("mini", "better")
    assert (result["n"], result["left_out"]) == (9, 1)
    gain = result["measures"]["success"]
    assert gain["difference"]["rate"] == 0.5, "six gains in one of two families"
    assert gain["p"] == 2 / 2**6
    assert result["measures"]["edit_error"]["difference"]["rate"] == pytest.approx(-0.4)
    assert "wrong_target" not in result["measures"], "no pair has one"
    family = result["families"]["recolor"]
    assert (family["first"], family["second"], family["difference"]["n"]) == (0, 1, 6)
    assert result["families"]["remove"]["p"] == 1
    assert compare(two, one)["measures"]["success"]["difference"]["rate"] == -0.5


def test_families_beside_the_headline_are_told_apart(one, tmp_path):
    hybrids = [record(f"h{k}", "hybrid", success=False) for k in range(2)]
    first = written(tmp_path / "first", [*hybrids, record("a", "recolor", success=True)])
    done = [record(f"h{k}", "hybrid", success=True) for k in range(2)]
    second = written(tmp_path / "second", [*done, record("a", "recolor", success=True)])
    result = compare(first, second)
    assert result["headline_families"] == ["recolor"]
    assert result["measures"]["success"]["difference"]["rate"] == 0
    assert result["families"]["hybrid"]["difference"]["rate"] == 1


def test_the_last_record_of_the_plain_instruction_counts(one, tmp_path):
    again = [record("c0", "recolor", success=False, error=0.9), record("c0", "recolor", success=True, error=0.2)]
    reworded = record("c0", "recolor", success=False, error=0.9, instruction="paint it", condition="paraphrase")
    result = compare(one, written(tmp_path / "two", [*again, reworded]))
    assert result["measures"]["edit_error"]["difference"]["rate"] == pytest.approx(-0.3)


def test_judges_and_measures_are_compared_too(tmp_path):
    """Their overall score by the rubric that both runs name, its criteria, and the papers' columns."""

    def judged(name, score, flicker):
        cost = {"calls": 1, "cached": False, "prompt_tokens": 1, "completion_tokens": 1, "cost": None}
        scores = {"edit_quality": score, "prompt_following": 1.0}
        said = JudgementRecord(scores=scores, reason="", failure=None, **cost)
        edit = record(name, "recolor", success=True, error=0.1)
        return edit.model_copy(update={"judged": said, "measures": {"TF": flicker}})

    runs = [[judged(f"c{k}", score, score / 10) for k in range(6)] for score in (1.0, 3.0)]
    one, two = (written(tmp_path / str(k), run, rubric="editverse") for k, run in enumerate(runs))
    found = {name: row["difference"]["rate"] for name, row in compare(one, two)["measures"].items()}
    assert found["total"] == found["edit_quality"] == 2
    assert (found["prompt_following"], found["TF"]) == (0, pytest.approx(0.2))
    other = written(tmp_path / "other", runs[1], rubric="viva")
    assert "edit_quality" not in compare(one, other)["measures"], "scores of two rubrics are not compared"
    assert compare(one, other)["measures"]["TF"]["difference"]["rate"] == pytest.approx(0.2)
    stricter = written(tmp_path / "stricter", runs[1], rubric="editverse", judge="another")
    assert "total" not in compare(one, stricter)["measures"], "nor those of two judges"


def test_columns_of_other_backbones_are_not_compared(tmp_path):
    measures = {"TF": 0.5, "SC": 0.5}
    edits = [
        record(f"c{k}", "recolor", success=True, error=0.1).model_copy(update={"measures": measures}) for k in "ab"
    ]
    one, two, same = (
        written(tmp_path / name, edits, backbones={"dino": kind})
        for name, kind in (("one", "mini"), ("two", "facebook/dino-vitb16"), ("same", "mini"))
    )
    assert "SC" not in compare(one, two)["measures"]
    assert compare(one, two)["measures"]["TF"]["difference"]["rate"] == 0
    assert compare(one, same)["measures"]["SC"]["difference"]["rate"] == 0


def test_what_the_report_could_not_score_is_not_compared(tmp_path):
    """A clip that was scored once and is broken since, and an item that failed."""
    edits = [record(f"c{k}", "recolor", success=True, error=0.1) for k in range(3)]
    one, two = (written(tmp_path / name, edits) for name in ("one", "two"))
    report = json.loads((two / "report.json").read_text()) | {"failures": [{"id": "c1", "why": "broken"}]}
    (two / "report.json").write_text(json.dumps(report))
    assert (compare(one, two)["n"], compare(one, two)["left_out"]) == (2, 1)


def test_the_overall_score_names_the_families_whoever_failed_first(tmp_path):
    cost = {"calls": 1, "cached": False, "prompt_tokens": 1, "completion_tokens": 1, "cost": None}

    def item(name, score):
        scores = None if score is None else {"instruction_following": score}
        said = JudgementRecord(scores=scores, reason="", failure=None if scores else "down", **cost)
        facts = {"key": name, "id": name, "family": "add", "instruction": "add a hat", "measures": {"TF": 0.5}}
        return ItemRecord(**facts, judged=said)

    one = written(tmp_path / "one", [item("a", None), item("b", 2.0)], layout="five", rubric="viva")
    two = written(tmp_path / "two", [item("a", 9.0), item("b", 6.0)], layout="five", rubric="viva")
    result = compare(one, two)
    assert result["by"] == "average"
    family = result["families"]["add"]
    assert (family["first"], family["second"], family["difference"]["rate"]) == (2, 6, 4), "of the item that both have"


def test_runs_on_published_benchmarks(tmp_path):
    """Which have no exact results: families by the first value that both have."""
    runs = []
    for run, gain in (("a", 0.0), ("b", 0.25)):
        items = [
            ItemRecord(key=f"{k}", id=f"{k}", family="add", instruction="add a hat", measures={"MS": 0.5 + gain})
            for k in range(4)
        ]
        runs.append(written(tmp_path / run, items, layout="five"))
    result = compare(*runs)
    assert (result["by"], result["n"]) == ("MS", 4)
    assert result["families"]["add"]["difference"]["rate"] == 0.25
    assert (result["families"]["add"]["first"], result["families"]["add"]["second"]) == (0.5, 0.75)


@pytest.mark.parametrize(
    ("records", "says"),
    [
        ([record("elsewhere", "recolor", success=True)], "other pairs"),
        ([record("c0", "recolor", success=True, instruction="make it blue")], "other pairs"),
    ],
)
def test_other_pairs_are_refused(one, tmp_path, records, says):
    with pytest.raises(InputError, match=says):
        compare(one, written(tmp_path / "two", records))


def test_what_is_no_evaluation_is_refused(one, tmp_path):
    with pytest.raises(InputError, match="no finished evaluation"):
        compare(one, tmp_path / "nowhere")
