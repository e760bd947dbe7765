"""Edits whose words leave a choice: every exact result is there, and each of them is one."""

import numpy as np
import pytest

from vireo.evaluation.pair_clips import load_pair_clips
from vireo.metrics.truth import best_match
from vireo.pairs.format import read_pairs
from vireo.training.pair_sets import relocated
from vireo.video.io import read_clip
from vireo.world.generate import PairSetSpec, make_pairs
from vireo.world.render import render
from vireo.world.scene import Scene


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pairs") / "set"
    make_pairs(folder, PairSetSpec(count=4, seed=962_000, families=["open"]), workers=1)
    return folder


@pytest.fixture(scope="module")
def pairs(made):
    return list(read_pairs(made))


def test_results_are_several_and_differ_in_what_the_words_name(pairs):
    """The four: another shape, another background, another floor, another place."""
    for pair in pairs:
        scenes = [pair.target_scene, *(other.target_scene for other in pair.alternatives)]
        assert len(scenes) > 1
        named = "backdrop" if "background" in pair.instruction else "floor" if "floor" in pair.instruction else "bodies"
        values = {str(scene[named]) for scene in [pair.scene, *scenes]}
        assert len(values) == 1 + len(scenes), "results that are alike, or like the source"
        for scene in scenes:
            assert {key for key in scene if scene[key] != pair.scene[key]} == {named}
            if named == "bodies":
                changed = [k for k, (a, b) in enumerate(zip(pair.scene[named], scene[named], strict=True)) if a != b]
                assert changed == pair.concerned


def test_files_are_the_renders_of_their_scenes(made, pairs):
    pair = pairs[0]
    for other in pair.alternatives[::2]:
        shown = read_clip(made / other.target).frames
        assert np.array_equal(render(Scene.model_validate(other.target_scene)).frames, shown)
        mask = read_clip(made / other.mask).frames[..., 0] > 127
        assert mask.mean() >= 0.008
        assert (shown != read_clip(made / pair.source).frames).any(-1)[~mask].mean() < 0.3  # grain


def test_each_result_is_a_success_and_their_mean_is_none(made, pairs):
    for pair in pairs:
        clips = load_pair_clips(made, pair)
        results = [(clips.target, clips.mask), *clips.alternatives]
        assert len(results) == 1 + len(pair.alternatives)
        for target, mask in results:
            assert clips.score(target, "open").success
            assert best_match(target, clips.source, results)[1] is mask
            one = clips.matching(target)
            assert (one.target is target, one.mask is mask, one.alternatives) == (True, True, ())
        assert not clips.score(clips.source, "open").success_loose
        mean = np.mean([target for target, _ in results], 0).astype(np.uint8)
        assert not clips.score(mean, "open").success, "the mean of all that is allowed is not allowed"


def test_paths_of_all_results_are_relocated(pairs):
    for target, mask in relocated(pairs[0], "elsewhere").results:
        assert target.startswith("elsewhere/videos/")
        assert mask.startswith("elsewhere/videos/")
