"""The command line: exit codes, one-line errors, streams, and quick help."""

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

import vireo.cli.entry as entry
from vireo.errors import CheckError, InputError, VideoError

COMMANDS = ["", "edit", "world", "world make", "train", "eval", "models", "doctor", "bench"]


@pytest.fixture
def run(capsys):
    """Runs the command line in this process: (exit code, stdout, stderr)."""

    def call(*arguments):
        with pytest.raises(SystemExit) as ended:
            entry.main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return ended.value.code, out, err

    return call


def is_one_error_line(text):
    return text.startswith("error: ") and text.count("\n") == 1 and text.endswith(")\n")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_help_answers(run, command):
    code, out, err = run(*command.split(), "--help")
    assert (code, err) == (0, "")
    assert out.startswith("Usage: vireo")


def test_help_is_quick():
    code = "from vireo.cli import main; main(['--help'])"
    seconds = []
    for _ in range(3):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
        seconds.append(time.perf_counter() - began)
    assert min(seconds) < 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["frobnicate"],
        ["edit"],
        ["edit", "in.mp4", "make it night"],
        ["edit", "in.mp4", "make it night", "-o", "out.mp4", "--steps", "0"],
        ["edit", "in.mp4", "make it night", "-o", "out.mp4", "--steps", "many"],
        ["edit", "in.mp4", "make it night", "-o", "out.mp4", "--preserve", "most"],
        ["edit", "in.mp4", "make it night", "-o", "out.mp4", "--seed", "-1"],
        ["edit", "in.mp4", "make it night", "-o", "out.mp4", "--frob"],
        ["world", "make", "somewhere"],
        ["world", "frob"],
        ["train", "everything", "--workdir", "x"],
        ["eval", "pairs"],
        ["bench", "sleep"],
    ],
)
def test_usage_errors_are_one_line(run, arguments):
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert is_one_error_line(err), err
    assert "--help" in err


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (InputError("the clip is odd", "make it even"), 2, "error: the clip is odd (make it even)\n"),
        (VideoError("a\nb", "c"), 2, "error: a b (c)\n"),
        (CheckError("too slow"), 1, "error: too slow\n"),
        (KeyboardInterrupt(), 130, "error: interrupted\n"),
    ],
)
def test_exit_codes(run, monkeypatch, error, code, says):
    def fail(*arguments, **options):
        raise error

    monkeypatch.setattr("vireo.models.presets.Preset.available", property(fail))
    assert run("models") == (code, "", says)


def test_our_own_faults_leave_their_traceback_in_a_file(run, monkeypatch, tmp_path):
    def fail(*arguments):
        raise ZeroDivisionError("of all things")

    monkeypatch.setattr("vireo.models.presets.Preset.available", property(fail))
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    code, out, err = run("models")
    (report,) = tmp_path.iterdir()
    assert (code, out) == (70, "")
    assert is_one_error_line(err)
    assert "ZeroDivisionError: of all things" in err
    assert str(report) in err
    assert "Traceback" in report.read_text()
    assert "test_cli.py" in report.read_text()


@dataclass(frozen=True)
class Edited:
    """As `vireo.pipeline.edit.EditResult`."""

    output: str
    seconds: dict
    frames: int = 9
    width: int = 96
    height: int = 96
    fps: float = 8.0
    changed_fraction: float = 0.125


def test_edit_passes_everything_on_and_keeps_stdout_clean(run, monkeypatch):
    calls = []

    def edit_video(*arguments, **options):
        calls.append((arguments, options))
        options.pop("on_progress")(3, 9, "editing")
        print("a library's noise")
        return Edited(str(arguments[2]), {"total": 1.5})

    monkeypatch.setattr("vireo.pipeline.edit.edit_video", edit_video)
    options = [
        "--model",
        "m",
        "--reference",
        "r.png",
        "--steps",
        "4",
        "--guidance",
        "1.5",
        "--seed",
        "7",
        "--preserve",
        "soft",
    ]
    options += ["--start", "0.5", "--end", "2", "--compare", "c.png", "-y", "--json"]
    code, out, err = run("edit", "in.mp4", "make it night", "-o", "out.mp4", *options)
    assert code == 0
    assert json.loads(out)["changed_fraction"] == 0.125
    assert "noise" in err
    assert calls[0][0] == (Path("in.mp4"), "make it night", Path("out.mp4"))
    assert calls[0][1] == {
        "model": "m",
        "reference": Path("r.png"),
        "steps": 4,
        "guidance": 1.5,
        "seed": 7,
        "preserve": "soft",
        "start": 0.5,
        "end": 2.0,
        "compare": Path("c.png"),
        "overwrite": True,
    }
    code, out, _ = run("edit", "in.mp4", "make it night", "-o", "out.mp4")
    assert "out.mp4" in out
    assert "12.5%" in out


def test_models_lists_mini(run):
    code, out, _ = run("models", "--json")
    mini = json.loads(out)["mini"]
    assert code == 0
    assert mini["weights"].endswith("mini")
    assert "mini" in run("models")[1]


def test_settings_of_training_are_read_before_anything_is_loaded(run, tmp_path):
    code, _, err = run("train", "vae", "--workdir", tmp_path, "--set", "nonsense")
    assert (code, err.count("\n")) == (2, 1)
    assert "NAME=VALUE" in err
    file = tmp_path / "file"
    file.write_text("")
    code, _, err = run("train", "vae", "--workdir", file / "below")
    assert code == 2
    assert "is a file" in err


def test_wrong_pair_sets_are_refused(run, tmp_path):
    code, out, err = run("eval", tmp_path, "--model", "mini", "--out", tmp_path / "out")
    assert (code, out) == (2, "")
    assert "pairs.jsonl" in err
    assert is_one_error_line(err)
