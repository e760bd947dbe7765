"""`vireo edit` and `vireo verify`: what is passed on, and what is printed."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from command_line import is_one_error_line

from vireo.errors import AsksBack
from vireo.receipt import EditDescription, ModelFacts, ReceiptWriter
from vireo.types import StepResult
from vireo.video.io import Quality, VideoReader, write_lossless


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
