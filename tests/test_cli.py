"""The command line: exit codes, one-line errors, streams, and quick help."""

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import vireo.cli.entry as entry
from vireo.errors import AsksBack, CheckError, InputError, VideoError
from vireo.receipt import EditDescription, ModelFacts, ReceiptWriter
from vireo.types import StepResult
from vireo.video.io import Quality, VideoReader, write_lossless

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


def test_the_package_is_the_command(tmp_path):
    done = subprocess.run([sys.executable, "-m", "vireo", "world", "show", tmp_path], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert is_one_error_line(done.stderr)
    assert "is no pair set" in done.stderr


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
    assert "test_cli.py" in report.read_text()


@dataclass(frozen=True)
class Edited:
    """As `vireo.pipeline.edit.EditResult`."""

    output: str
    seconds: dict
    operation: str | None = None
    frames: int = 9
    width: int = 96
    height: int = 96
    fps: float = 8.0
    changed_fraction: float = 0.125
    read_as: str | None = "make it night"
    found: bool | None = True
    notes: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    damaged: tuple[int, ...] = ()
    warnings: tuple[str, ...] = ()
    plan: tuple[StepResult, ...] = ()


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
    options += [
        "--mask",
        "m.png",
        "--no-look",
        "--receipt",
        "r.json",
        "--preview",
        "p.mp4",
        "--codec",
        "hevc",
        "--crf",
        "20",
    ]
    options += ["--reasoner", "him", "--perception", "them"]
    options += ["--reason", "always", "--save-plan", "p.json", "--no-ask"]
    options += ["--start", "0.5", "--end", "2", "--compare", "c.png", "--strict-decode", "-y", "--json"]
    code, out, err = run("edit", "in.mp4", "make it night", "-o", "out.mp4", *options)
    assert code == 0
    assert json.loads(out)["changed_fraction"] == 0.125
    assert "noise" in err
    assert calls[0][0] == (Path("in.mp4"), "make it night", Path("out.mp4"))
    assert calls[0][1] == {
        "device": "auto",
        "dtype": None,
        "adapter": None,
        "model": "m",
        "planner": "him",
        "perceive": "them",
        "reference": Path("r.png"),
        "mask": Path("m.png"),
        "look": False,
        "executor": "auto",
        "reason": "always",
        "plan": None,
        "twin": None,
        "save_plan": Path("p.json"),
        "ask": False,
        "receipt": Path("r.json"),
        "preview": Path("p.mp4"),
        "quality": Quality("hevc", 20, False),
        "steps": 4,
        "guidance": 1.5,
        "seed": 7,
        "preserve": "soft",
        "start": 0.5,
        "end": 2.0,
        "compare": Path("c.png"),
        "strict_decode": True,
        "overwrite": True,
    }
    code, out, _ = run("edit", "in.mp4", "make it night", "-o", "out.mp4")
    assert "out.mp4" in out
    assert "12.5%" in out
    assert "note" not in out
    assert "read as" not in out


def test_a_question_ends_with_3_and_names_the_candidates(run, monkeypatch):
    def asks(*arguments, **options):
        raise AsksBack("which ball is meant?", (("the red ball", 0.6), ("the blue ball", 0.4)))

    monkeypatch.setattr("vireo.pipeline.edit.edit_video", asks)
    code, out, err = run("edit", "in.mp4", "remove the ball", "-o", "out.mp4")
    assert (code, err) == (3, "")
    assert out.startswith("which ball is meant?")
    assert "the red ball   60% likely\n" in out
    code, out, _ = run("edit", "in.mp4", "remove the ball", "-o", "out.mp4", "--json")
    assert code == 3
    assert json.loads(out)["candidates"][1] == {"name": "the blue ball", "confidence": 0.4}


def test_steps_are_printed_with_what_became_of_them(run, monkeypatch):
    done = StepResult(
        instruction="make the ball blue",
        operation="recolor",
        executor="model",
        read_as="make the ball blue",
        found=True,
        tries=2,
        passed=True,
        changed_fraction=0.25,
        notes=(),
    )
    result = Edited("o.mp4", {"total": 1}, plan=(done,), notes=("step 1 was hard",))
    monkeypatch.setattr("vireo.pipeline.edit.edit_video", lambda *arguments, **options: result)
    out = run("edit", "in.mp4", "x", "-o", "o.mp4")[1]
    assert "make the ball blue (25.0% of the pixels, in 2 ways)\n" in out
    assert "step 1 was hard\n" in out
    assert "left as it is" not in out


@pytest.mark.parametrize(
    ("facts", "says", "but_not"),
    [
        ({"found": False, "notes": ("nothing fits",)}, "nothing fits; the clip was left as it is", "vireo models"),
        ({"read_as": None, "notes": ('mini does not know "dog"',)}, '"dog"; the clip was left as it is', "read as"),
        ({"read_as": None, "notes": ("mini is at a loss",)}, "vireo models lists what it knows", "read as"),
        ({}, "read as      make it night\n", "note"),
    ],
)
def test_edit_says_how_it_reads_and_why_it_does_nothing(run, monkeypatch, facts, says, but_not):
    result = Edited("out.mp4", {"total": 1.5}, **facts)
    monkeypatch.setattr("vireo.pipeline.edit.edit_video", lambda *arguments, **options: result)
    out = run("edit", "in.mp4", "turn it to night", "-o", "out.mp4")[1]
    assert says in out
    assert but_not not in out


def test_what_does_not_come_along_is_named(run, monkeypatch):
    left = ("stream 2: subtitle (subrip)", "tags: mood")
    monkeypatch.setattr("vireo.pipeline.edit.edit_video", lambda *a, **k: Edited("o.mp4", {"total": 1}, left_out=left))
    assert "stream 2: subtitle (subrip); tags: mood\n" in run("edit", "in.mp4", "x", "-o", "o.mp4")[1]


def test_eval_has_the_model_edit_unless_told_otherwise(run, monkeypatch, tmp_path):
    seen = []

    def evaluate(pairs, out, config, **_):
        seen.append(config.edit.executor)
        raise InputError("enough", "stop")

    monkeypatch.setattr("vireo.evaluation.runner.evaluate", evaluate)
    for options in ([], ["--executor", "auto"]):
        assert run("eval", tmp_path, "--out", tmp_path / "out", "--model", "mini", *options)[0] == 2
    assert seen == ["model", "auto"]


def test_verify_exits_by_its_verdict(run, tmp_path):
    frames = np.random.default_rng(0).integers(0, 256, (3, 16, 16, 3), dtype=np.uint8)
    source, output, receipt = tmp_path / "in.mkv", tmp_path / "out.mkv", tmp_path / "r.json"
    write_lossless(source, frames, 5)
    edited = frames.copy()
    edited[:, :4, :4] = 0
    write_lossless(output, edited, 5)
    region = np.zeros((16, 16), bool)
    region[:4, :4] = True
    with ReceiptWriter(receipt) as record, VideoReader(source) as reader:
        for frame, pixels in zip(reader, edited, strict=True):
            record.add(frame, pixels, region)
        model = ModelFacts(name="m", sha256="")
        description = EditDescription(source=source, output=output, model=model, instruction="x", seed=0, settings={})
        record.finish(description)
    code, out, _ = run("verify", source, output, receipt)
    assert (code, "yes" in out) == (0, True)
    edited[1, 9, 9] ^= 1
    output.unlink()
    write_lossless(output, edited, 5)
    code, out, _ = run("verify", source, output, receipt, "--json")
    assert (code, json.loads(out)["holds"]) == (1, False)
    assert "1 pixels outside" in json.loads(out)["failures"][0]
    code, out, _ = run("verify", output, source, receipt)
    assert (code, "NO" in out, "frames" in out) == (1, True, False)
    code, _, err = run("verify", source, output, tmp_path / "none.json")
    assert code == 2
    assert is_one_error_line(err)


def test_models_lists_mini(run):
    code, out, _ = run("models", "--json")
    mini = json.loads(out)["mini"]
    assert code == 0
    assert mini["weights"].endswith("mini")
    assert mini["knows"]["words"]["shape"]["ball"] == ["sphere"]
    out = run("models")[1]
    assert "mini" in out
    for line in (
        "  remove     remove the red ball\n",
        "  material  checkered, glass,",
        "ball (sphere), capsule (pill), cone",
    ):
        assert line in out


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
