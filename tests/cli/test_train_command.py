"""`vireo train`: what is refused, and what is said at the end."""

import pytest
from command_line import is_one_error_line


def test_settings_of_training_are_read_before_anything_is_loaded(run, tmp_path):
    code, _, err = run("train", "vae", "--workdir", tmp_path, "--set", "nonsense")
    assert (code, err.count("\n")) == (2, 1)
    assert "NAME=VALUE" in err
    file = tmp_path / "file"
    file.write_text("")
    code, _, err = run("train", "vae", "--workdir", file / "below")
    assert code == 2
    assert "is a file" in err
    code, _, err = run("train", "vae", "--workdir", "/proc/below")
    assert (code, err.count("\n")) == (2, 1)


@pytest.mark.parametrize(
    ("option", "says"), [(("--device", "cuda:99"), "auto, cpu"), (("--dtype", "float8"), "bfloat16, float32")]
)
def test_training_refuses_a_device_or_precision_that_is_not_there(run, tmp_path, option, says):
    code, _, err = run("train", "vae", "--workdir", tmp_path / "work", *option)
    assert code == 2
    assert says in err
    assert is_one_error_line(err)
    assert not (tmp_path / "work").exists()


@pytest.mark.parametrize(("done", "says"), [(True, "trained"), (False, "goes on")])
def test_training_says_whether_it_is_finished(run, monkeypatch, tmp_path, done, says):
    monkeypatch.setattr("vireo.training.mini.train", lambda *arguments, **options: done)
    code, out, _ = run("train", "vae", "--workdir", tmp_path)
    assert (code, says in out) == (0, True)
