"""A pair set made once: its bytes, its truth, and what a kill does to it."""

import hashlib
import os
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import binary_dilation

from vireo.errors import InputError
from vireo.pairs.format import read_pairs
from vireo.video.io import read_clip
from vireo.world import generate
from vireo.world.families import FAMILY_NAMES
from vireo.world.generate import PairSetSpec, make_pairs
from vireo.world.render import render
from vireo.world.scene import Scene

SPEC = PairSetSpec(count=15, seed=1_000_000, split="test")


def digest(folder: Path) -> dict[str, str]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pairs") / "set"
    make_pairs(folder, SPEC, workers=1)
    return folder


@pytest.fixture(scope="module")
def pairs(made):
    return {pair.id: pair for pair in read_pairs(made)}


def frames(folder, name):
    clip = read_clip(folder / name).frames
    return clip


def gray(folder, name):
    return frames(folder, name)[..., 0]


def test_count_and_quotas(pairs):
    counts = Counter(pair.family for pair in pairs.values())
    assert len(pairs) == 15
    assert set(counts) == set(FAMILY_NAMES)
    assert max(counts.values()) - min(counts.values()) <= 1


def test_two_workers_give_the_same_bytes(made, tmp_path):
    make_pairs(tmp_path / "again", SPEC, workers=2)
    assert digest(tmp_path / "again") == digest(made)


def test_a_killed_run_goes_on_to_the_same_bytes(made, tmp_path):
    folder = tmp_path / "killed"
    code = (
        "import os, signal\n"
        "from vireo.world.generate import PairSetSpec, make_pairs\n"
        f"make_pairs({str(folder)!r}, {SPEC!r}, workers=1,\n"
        "           on_progress=lambda done, count: os.kill(os.getpid(), signal.SIGKILL))\n"
    )
    child = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], env=os.environ)
    assert child.returncode == -signal.SIGKILL
    assert not (folder / "pairs.jsonl").exists()
    kept = [path for path in folder.rglob("*.mkv")]
    assert kept
    (folder / "videos" / ".half.mkv").write_bytes(b"half")
    times = {path: path.stat().st_mtime_ns for path in kept}
    make_pairs(folder, SPEC, workers=1)
    assert digest(folder) == digest(made)
    assert all(path.stat().st_mtime_ns == time for path, time in times.items()), "finished work was done again"


def test_a_finished_set_is_left_alone_and_another_is_refused(made):
    before = digest(made)
    make_pairs(made, SPEC, workers=1)
    assert digest(made) == before
    (made / ".parts").mkdir()  # as after a kill before the very last step
    make_pairs(made, SPEC, workers=1)
    assert not (made / ".parts").exists()
    with pytest.raises(InputError, match="another pair set"):
        make_pairs(made, PairSetSpec(count=3, seed=1_000_000, split="test"), workers=1)


def test_a_set_that_the_last_round_completes_is_complete(tmp_path, monkeypatch):
    monkeypatch.setattr(generate, "_ROUNDS", 1)
    make_pairs(tmp_path / "set", PairSetSpec(count=1, seed=3, families=["absent"]), workers=1)
    assert len(list(read_pairs(tmp_path / "set"))) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"count": 0},
        {"seed": -1, "split": "train"},
        {"seed": 999_999},
        {"seed": 1_000_000, "split": "train"},
        {"split": "exam"},
        {"families": ["recolour"]},
        {"families": []},
        {"families": ["style"], "size": (192, 108)},
        {"size": (90, 160)},
        {"size": (64, 64)},
    ],
)
def test_senseless_arguments_are_refused(tmp_path, wrong):
    with pytest.raises(InputError):
        make_pairs(tmp_path / "x", replace(SPEC, **wrong), workers=1)
    assert not (tmp_path / "x").exists()


def test_scenes_render_again_to_the_stored_frames(made, pairs):
    for pair in list(pairs.values())[::3]:
        for path, data in ((pair.source, pair.scene), (pair.target, pair.target_scene)):
            assert np.array_equal(render(Scene.model_validate(data)).frames, frames(made, path)), pair.id


def test_masks_are_where_clean_renders_differ(made, pairs):
    for pair in list(pairs.values())[1::4]:
        before = render(Scene.model_validate(pair.scene)).clean.astype(int)
        after = render(Scene.model_validate(pair.target_scene)).clean.astype(int)
        expected = (np.abs(before - after) > 2).any(-1)
        assert np.array_equal(gray(made, pair.mask) == 255, expected), pair.id


def test_each_family_keeps_its_promise(made, pairs):
    for pair in pairs.values():
        mask = gray(made, pair.mask) > 0
        source, target = frames(made, pair.source), frames(made, pair.target)
        instances = gray(made, pair.instances)
        own = np.isin(instances, [index + 1 for index in pair.concerned])
        if pair.family == "absent":
            assert np.array_equal(source, target)
            assert not mask.any()
            continue
        assert mask.mean() >= 0.008
        if pair.family in ("recolor", "material"):
            assert mask[own].mean() > 0.25
            assert set(pair.concerned) <= set(range(len(pair.scene["bodies"])))
        if pair.family == "remove":
            assert mask[own].mean() > 0.8
            assert (mask & ~binary_dilation(own, iterations=2)).any(), "no shadow was removed"
        if pair.family in ("reference",):
            assert (made / pair.reference).exists()
        assert pair.instruction
        assert len(pair.paraphrases) >= 4


def test_other_objects_keep_their_tracks(pairs):
    for pair in pairs.values():
        if pair.family in ("recolor", "material", "replace", "resize", "reference"):
            for index, (a, b) in enumerate(zip(pair.scene["bodies"], pair.target_scene["bodies"], strict=True)):
                assert index in pair.concerned or a == b


def test_other_sizes_show_the_same_scenes_finer(tmp_path):
    spec = PairSetSpec(count=2, seed=4, families=["recolor"], size=(192, 108))
    make_pairs(tmp_path / "small", spec, workers=1)
    make_pairs(tmp_path / "large", replace(spec, size=(384, 216)), workers=1)
    for small, large in zip(read_pairs(tmp_path / "small"), read_pairs(tmp_path / "large"), strict=True):
        assert small.instruction == large.instruction
        for path in (small.source, small.target):
            coarse = frames(tmp_path / "small", path).astype(float)
            fine = frames(tmp_path / "large", path).astype(float)
            assert fine.shape == (9, 216, 384, 3)
            mean = fine.reshape(9, 108, 2, 192, 2, 3).mean((2, 4))
            # Edges and grain differ, the picture does not.
            assert np.abs(mean - coarse).mean() < 8
        assert np.array_equal(
            render(Scene.model_validate(large.target_scene)).frames, frames(tmp_path / "large", large.target)
        )
