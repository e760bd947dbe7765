"""Published training pairs, as small files in their layouts, become pair sets."""

import json

import numpy as np
import pytest
from PIL import Image

from vireo.errors import InputError
from vireo.evaluation.config import EvaluationConfig
from vireo.evaluation.pair_clips import load_pair_clips
from vireo.evaluation.runner import evaluate
from vireo.pairs.format import read_pairs
from vireo.pairs.imports import import_pairs
from vireo.pairs.mixture import EditMixture, MixtureConfig
from vireo.video.io import write_lossless


def video(path, shape, seed):
    frames = np.random.default_rng(seed).integers(0, 255, (*shape, 3), dtype=np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_lossless(path, frames, fps=12)
    return frames


@pytest.fixture
def ditto(tmp_path):
    """Three pairs: good, with a target that is no video, and too short."""
    home = tmp_path / "ditto"
    rows = []
    for name, count in (("good", 12), ("short", 4)):
        video(home / "videos/source" / f"{name}.mkv", (count, 48, 80), 1)
        video(home / "videos/local" / f"{name}.mkv", (count, 48, 80), 2)
        rows.append({"source_path": f"source/{name}.mkv", "edited_path": f"local/{name}.mkv", "instruction": name})
    (home / "videos/local/broken.mkv").write_bytes(b"nothing")
    rows.insert(1, {**rows[0], "edited_path": "local/broken.mkv"})
    (home / "training_metadata").mkdir()
    (home / "training_metadata/local.json").write_text(json.dumps(rows))
    return home


def test_clips_are_cropped_and_cut(ditto, tmp_path):
    count, problems = import_pairs("ditto", ditto, tmp_path / "pairs", size=(32, 32), frames=9)
    assert count == 1
    assert {problem["where"]: "frames" in problem["what"] for problem in problems} == {
        "local-1": False,
        "local-2": True,
    }
    (pair,) = read_pairs(tmp_path / "pairs")
    assert (pair.family, pair.instruction, pair.paraphrases) == ("local", "good", ["good"])
    truth = load_pair_clips(tmp_path / "pairs", pair)
    assert truth.source.shape == (9, 32, 32, 3)
    assert truth.fps == 12
    assert not truth.mask.any()


def test_the_middle_is_kept_at_its_own_shape(tmp_path):
    """80 x 48 to 32 x 32: columns 16 to 64, all rows."""
    home = tmp_path / "omniedit/removal"
    picture = np.zeros((48, 80, 3), np.uint8)
    picture[:, 16:64] = 200
    for name in ("input", "output"):
        (home / name).mkdir(parents=True)
        Image.fromarray(picture).save(home / name / "1.png")
    (home / "metadata").mkdir()
    row = {"id": "one", "task": "removal", "input": "input/1.png", "output": "output/1.png", "instruction": "remove it"}
    (home / "metadata/omniedit_removal.json").write_text(json.dumps([row]))
    assert import_pairs("gpt-image-edit", tmp_path, tmp_path / "pairs", size=(32, 32), frames=3) == (1, [])
    (pair,) = read_pairs(tmp_path / "pairs")
    source = load_pair_clips(tmp_path / "pairs", pair).source
    assert source.shape == (3, 32, 32, 3), "a picture stands still"
    assert (source[:, :, 1:-1] > 195).all()
    assert (source[1:] == source[0]).all()


def test_sides_that_do_not_divide_are_cropped(tmp_path):
    """182 x 225 to 32 x 97: the sides of the cut are no whole numbers."""
    home = tmp_path / "omniedit/removal"
    for name in ("input", "output", "metadata"):
        (home / name).mkdir(parents=True)
        Image.new("RGB", (182, 225), "red").save(home / name / "1.png")
    row = {"id": "one", "task": "removal", "input": "input/1.png", "output": "output/1.png", "instruction": "remove it"}
    (home / "metadata/removal.json").write_text(json.dumps([row]))
    assert import_pairs("gpt-image-edit", tmp_path, tmp_path / "pairs", size=(32, 97), frames=1) == (1, [])


def test_a_broken_run_goes_on(ditto, tmp_path, monkeypatch):
    import_pairs("ditto", ditto, tmp_path / "pairs", size=(32, 32))
    before = (tmp_path / "pairs/pairs.jsonl").read_text()
    written = []
    monkeypatch.setattr("vireo.pairs.imports.write_lossless", lambda path, *rest, **named: written.append(path.name))
    import_pairs("ditto", ditto, tmp_path / "pairs", size=(32, 32))
    assert not any(name.startswith("local-0") for name in written)
    assert (tmp_path / "pairs/pairs.jsonl").read_text() == before


def test_an_editor_can_draw_from_it(ditto, tmp_path):
    import_pairs("ditto", ditto, tmp_path / "pairs", size=(32, 32))
    pairs = list(read_pairs(tmp_path / "pairs"))
    draw = EditMixture(pairs, MixtureConfig(reference=0), 4, {}).draw(np.random.default_rng(0))
    assert set(draw.rows.tolist()) == {0}


def test_wrong_requests(ditto, tmp_path):
    with pytest.raises(InputError, match="no training set"):
        import_pairs("five", ditto, tmp_path / "pairs")
    with pytest.raises(InputError, match="no pair"):
        import_pairs("ditto", ditto, tmp_path / "pairs", frames=50)
    import_pairs("ditto", ditto, tmp_path / "small", size=(32, 32))
    with pytest.raises(InputError, match="another import"):
        import_pairs("ditto", ditto, tmp_path / "small", size=(48, 48))
    with pytest.raises(InputError, match="no masks"):
        evaluate(tmp_path / "small", tmp_path / "out", EvaluationConfig(model="mini"))
