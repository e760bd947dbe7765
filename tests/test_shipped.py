"""The shipped weights, end to end: studio clips that no stage was trained on, against their exact targets."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vireo.evaluation.config import EvaluationConfig
from vireo.evaluation.pair_clips import load_pair_clips
from vireo.evaluation.reward_lab.corruptions import CORRUPTIONS
from vireo.evaluation.runner import evaluate
from vireo.metrics.truth import LOOSE_LIMITS, dilated, edit_error
from vireo.models.editors.opening import open_editor
from vireo.models.presets import PRESETS
from vireo.pairs.format import read_pairs
from vireo.pipeline.stream import edit_frames
from vireo.types import EditRequest
from vireo.video.io import read_clip, write_lossless
from vireo.world.generate import PairSetSpec, make_pairs

EXAMPLE = Path(__file__).parent.parent / "examples" / "studio.mp4"


@pytest.fixture(scope="module")
def editor():
    return open_editor("mini", device="cpu")


def test_edits_of_unseen_clips_succeed(editor, tmp_path):
    """A guard, far from chance (nothing done: 0), of what `reports/mini` measures."""
    families = ["recolor", "remove", "background", "light", "style", "watermark"]
    make_pairs(tmp_path, PairSetSpec(count=18, seed=960_000, families=families), workers=1)
    errors = []
    for pair in read_pairs(tmp_path):
        source, target, mask = (read_clip(tmp_path / path).frames for path in (pair.source, pair.target, pair.mask))
        edited = edit_frames(editor, source, EditRequest(instruction=pair.instruction), raw=True)
        assert np.array_equal(edited.edited[~edited.region], source[~edited.region])
        errors.append(edit_error(edited.raw, source, target, dilated(mask[..., 0] > 127)))
    assert np.mean([error <= LOOSE_LIMITS["edit_error"][1] for error in errors]) >= 0.6


def test_broken_editors_rank_below_mini(tmp_path):
    """By the loose headline: one that copies the source, one that blurs everything, one that edits another object."""
    make_pairs(tmp_path / "pairs", PairSetSpec(count=12, seed=970_000), workers=1)
    pairs = list(read_pairs(tmp_path / "pairs"))
    truths = [load_pair_clips(tmp_path / "pairs", pair) for pair in pairs]
    broken = {
        "copies": lambda truth: truth.source,
        "blurs": lambda truth: CORRUPTIONS["blur"](replace(truth, target=truth.source), truth, 1.0),
        "elsewhere": lambda truth: CORRUPTIONS["wrong_object"](truth, truth, 1.0),
    }
    headline = {}
    for name, edit in broken.items():
        (tmp_path / name).mkdir()
        for pair, truth in zip(pairs, truths, strict=True):
            made = edit(truth)
            write_lossless(tmp_path / name / f"{pair.id}.mkv", truth.source if made is None else made, truth.fps)
        report = evaluate(tmp_path / "pairs", tmp_path / "out" / name, EvaluationConfig(videos=tmp_path / name))
        headline[name] = report["success_loose"]["rate"]
    report = evaluate(tmp_path / "pairs", tmp_path / "out" / "mini", EvaluationConfig(model="mini"))
    assert report["success_loose"]["rate"] > max(headline.values()) + 0.2, headline
    assert report["order"]["target_first"]["rate"] == 1
    assert min(gain["rate"] for gain in report["order"]["above_nothing"].values()) > 0


@pytest.mark.parametrize(
    ("instruction", "says"),
    [
        ("make the car red", '"car"'),
        ("entferne den Hund", '"entferne"'),
        ("do not make it night", "(not)"),
        ("make it night and remove the dog", '"dog"'),
        ("remove the green cube", "nothing in the picture fits"),
        ("remove the cube", "nothing in the picture fits"),
        ("make the egg red", "nothing in the picture fits"),
    ],
)
def test_what_is_not_known_or_not_there_changes_no_pixel_and_is_said(editor, instruction, says):
    """The example shows cones, a ball and a cylinder."""
    source = read_clip(EXAMPLE).frames
    result = edit_frames(editor, source, EditRequest(instruction=instruction))
    assert says in result.notes[0]
    assert np.array_equal(result.edited, source)


def test_what_is_there_is_seen_by_its_shape_and_asked_for_in_plain_words(editor):
    source = read_clip(EXAMPLE).frames
    for instruction in ("please delete the cone", "Could you colour the ball green?", "darken the whole thing"):
        result = edit_frames(editor, source, EditRequest(instruction=instruction))
        assert result.notes == ()
        assert result.region.any()


def test_weights_stay_small():
    assert PRESETS["mini"].megabytes < 40


def test_the_command_edits_the_example(tmp_path):
    out = tmp_path / "night.mp4"
    words = ["edit", str(EXAMPLE), "make it night", "-o", str(out), "--executor", "model", "--seed", "1", "--json"]
    command = [Path(sys.executable).parent / "vireo", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    facts = json.loads(done.stdout)
    before, after = read_clip(EXAMPLE), read_clip(out)
    assert (facts["frames"], facts["width"], facts["height"]) == (9, 384, 384)
    assert after.frames.shape == before.frames.shape
    assert after.frames.mean() < 0.8 * before.frames.mean()
    assert facts["changed_fraction"] > 0.5
