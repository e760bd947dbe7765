"""`vireo eval` and its like: what is refused, and the defaults."""

import pytest
from command_line import is_one_error_line

from vireo.errors import InputError


def test_eval_has_the_model_edit_unless_told_otherwise(run, monkeypatch, tmp_path):
    seen = []

    def evaluate(pairs, out, config, **_):
        seen.append(config.edit.executor)
        raise InputError("enough", "stop")

    monkeypatch.setattr("vireo.evaluation.runner.evaluate", evaluate)
    for options in ([], ["--executor", "auto"]):
        assert run("eval", tmp_path, "--out", tmp_path / "out", "--model", "mini", *options)[0] == 2
    assert seen == ["model", "auto"]


def test_wrong_pair_sets_are_refused(run, tmp_path):
    code, out, err = run("eval", tmp_path, "--model", "mini", "--out", tmp_path / "out")
    assert (code, out) == (2, "")
    assert "pairs.jsonl" in err
    assert is_one_error_line(err)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["eval", "pairs", "--out", "report", "--model", "mini", "--price", "cheap"], "--price IN,OUT"),
        (["eval", "pairs", "--out", "report", "--model", "mini", "--judge", "ftp://host#model"], "HOST/v1#MODEL"),
        (["compare", "no-such-folder", "another"], "vireo eval"),
        (["study", "pairs", "--method", "one", "--out", "study"], "NAME=FOLDER"),
        (["bench", "--out", "."], "is a folder"),
    ],
)
def test_wrong_judges_and_reports_are_refused(run, tmp_path, monkeypatch, arguments, says):
    monkeypatch.chdir(tmp_path)
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert says in err
    assert is_one_error_line(err)
