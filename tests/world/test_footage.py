"""Footage: clips that are not of the studio, and the exact results of edits of them."""

import math
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from vireo.errors import InputError
from vireo.pairs.format import read_pairs
from vireo.video.io import read_clip
from vireo.world.canvases import draw_canvas
from vireo.world.families import FOOTAGE_FAMILIES
from vireo.world.footage import sample_footage, shoot
from vireo.world.generate import PairSetSpec, make_pairs
from vireo.world.palette import LIGHT_GAINS
from vireo.world.render import render
from vireo.world.scene import Footage

SPEC = PairSetSpec(count=16, seed=5, scenes="footage")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pairs") / "set"
    make_pairs(folder, SPEC, workers=1)
    return folder


@pytest.fixture(scope="module")
def pairs(made):
    return list(read_pairs(made))


def clips(made, pair):
    return [read_clip(made / path).frames for path in (pair.source, pair.target, pair.mask)]


def test_families_come_evenly(pairs):
    assert Counter(pair.family for pair in pairs) == dict.fromkeys(FOOTAGE_FAMILIES, 4)


def test_the_same_arguments_give_the_same_pairs(made, pairs, tmp_path):
    make_pairs(tmp_path / "again", SPEC, workers=1)
    assert list(read_pairs(tmp_path / "again")) == pairs
    for pair in pairs[::5]:
        assert np.array_equal(clips(made, pair)[1], clips(tmp_path / "again", pair)[1])


def test_both_sides_render_again_from_their_descriptions(made, pairs):
    for pair in pairs[::3]:
        source, target, _ = clips(made, pair)
        assert np.array_equal(render(Footage.model_validate(pair.scene)).frames, source), pair.id
        assert np.array_equal(render(Footage.model_validate(pair.target_scene)).frames, target), pair.id


def test_light_is_the_canonical_gain_on_what_the_source_shows(pairs):
    lit = [p for p in pairs if p.family == "light" and p.target_scene["light"]["name"] != "day"]
    assert lit
    for pair in lit:
        before, after = (Footage.model_validate(data) for data in (pair.scene, pair.target_scene))
        gain = np.array(LIGHT_GAINS[after.light.name])
        # Each is rounded once.
        assert np.abs(np.minimum(255, shoot(before) * gain) - shoot(after)).max() <= 0.5 * gain.max() + 0.51, pair.id


def test_absent_changes_nothing_and_the_rest_shows(made, pairs):
    for pair in pairs:
        source, target, mask = clips(made, pair)
        assert pair.instruction
        assert np.array_equal(source, target) == (pair.family == "absent")
        assert mask.any() == (pair.family != "absent")


def test_black_and_white_is_the_luma_of_what_the_source_shows():
    footage = sample_footage(3)
    gray = render(footage.model_copy(update={"effects": ("gray",)})).clean
    luma = render(footage).clean @ np.array([0.299, 0.587, 0.114])
    assert np.abs(gray - luma[..., None]).max() < 0.51


def test_the_camera_stays_on_the_canvas():
    for seed in range(300):
        footage = sample_footage(seed)
        for layer in filter(None, (footage.back, footage.front)):
            for x, y, size, turn in (layer.begin, layer.end):
                reach = size / 2 * (abs(math.cos(math.radians(turn))) + abs(math.sin(math.radians(turn))))
                assert reach <= min(x, y, 1 - x, 1 - y), seed


@pytest.mark.parametrize("kind", ["leaves", "spectrum", "hills", "screen"])
def test_canvases_vary_and_repeat(kind):
    first, again, other = draw_canvas(kind, 1), draw_canvas(kind, 1), draw_canvas(kind, 2)
    assert np.array_equal(first, again)
    assert np.abs(first.astype(int) - other).mean() > 4
    assert first.std() > 4


@pytest.mark.parametrize("wrong", [{"families": ["recolor"]}, {"scenes": "cinema"}])
def test_edits_without_an_exact_result_are_refused(tmp_path, wrong):
    with pytest.raises(InputError):
        make_pairs(tmp_path / "x", replace(SPEC, **wrong))


def test_a_finished_set_of_the_studio_is_none_of_footage(made):
    with pytest.raises(InputError, match="another pair set"):
        make_pairs(made, replace(SPEC, scenes="studio", families=FOOTAGE_FAMILIES))
