"""The command line as a whole: quick help, exit codes, one-line errors, streams."""

import json
import resource
import subprocess
import sys

import pytest
from command_line import is_one_error_line

from vireo.errors import CheckError, InputError, VideoError

COMMANDS = (
    *(
        "",
        "edit",
        "explain",
        "verify",
        "world",
        "world make",
        "world studiobench",
        "world show",
        "import",
        "train",
        "eval",
        "compare",
        "lab",
        "ladder",
        "study",
    ),
    *("models", "doctor", "bench"),
)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_help_answers(run, command):
    code, out, err = run(*command.split(), "--help")
    assert (code, err) == (0, "")
    assert out.startswith("Usage: vireo")


def test_the_package_is_the_command(tmp_path):
    done = subprocess.run([sys.executable, "-m", "vireo", "world", "show", tmp_path], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert is_one_error_line(done.stderr)
    assert "is no pair set" in done.stderr


def processor_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_help_is_quick():
    code = "from vireo.cli import main; main(['--help'])"
    began = processor_seconds()
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    assert processor_seconds() - began < 1


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
        ["compare", "one"],
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
    assert "test_program.py" in report.read_text()


def test_models_lists_mini(run):
    code, out, _ = run("models", "--json")
    mini, hub = (json.loads(out)[name] for name in ("mini", "hub"))
    assert code == 0
    assert (mini["kind"], hub["kind"]) == ("editor", "perception")
    assert hub["weights"]["depth"] == "depth-anything/Depth-Anything-V2-Small-hf"
    assert hub["licences"]["depth"] == "Apache-2.0"
    assert mini["weights"].endswith("mini")
    assert mini["knows"]["words"]["shape"]["ball"] == ["sphere"]
    out = run("models")[1]
    assert "mini" in out
    for line in (
        "  remove     remove the red ball\n",
        "hub-owlv2: ",
        "google/owlv2-base-patch16-ensemble (Apache-2.0)",
        "  material  checkered, glass,",
        "ball (sphere), capsule (pill), cone",
    ):
        assert line in out
