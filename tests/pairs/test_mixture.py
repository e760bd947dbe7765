"""What training steps see: shares of images, families, references and dropped conditions."""

from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest

from vireo.pairs.mixture import PHRASES, EditMixture, MixtureConfig, family_weights

FAMILIES = ["recolor"] * 60 + ["remove"] * 20 + ["reference"] * 20


@pytest.fixture(scope="module")
def draws():
    pairs = [SimpleNamespace(family=family) for family in FAMILIES]
    mixture = EditMixture(pairs, MixtureConfig(), 10, {"recolor": 3.0})
    return [mixture.draw(np.random.default_rng((0, step))) for step in range(2000)]


def test_images_and_videos_come_as_viva_says(draws):
    assert np.mean([draw.image for draw in draws]) == pytest.approx(0.6, abs=0.04)
    assert {len(draw.rows) for draw in draws if draw.image} == {20}
    assert {len(draw.rows) for draw in draws if not draw.image} == {10}


def test_conditions_are_dropped_for_guidance(draws):
    dropped = np.concatenate([draw.phrases == PHRASES for draw in draws])
    assert dropped.mean() == pytest.approx(0.1, abs=0.01)


def test_families_follow_their_weights_whatever_their_size(draws):
    plain = Counter(FAMILIES[row] for draw in draws if draw.reference != "picture" for row in draw.rows)
    assert set(plain) == {"recolor", "remove"}
    assert plain["recolor"] / plain["remove"] == pytest.approx(3, rel=0.1)


def test_pictures_go_to_reference_pairs_alone(draws):
    kinds = Counter(draw.reference for draw in draws)
    assert (kinds["picture"] + kinds["keyframe"]) / len(draws) == pytest.approx(0.12, abs=0.03)
    seen = {FAMILIES[row] for draw in draws if draw.reference == "picture" for row in draw.rows}
    assert seen == {"reference"}


def test_a_draw_is_a_function_of_its_generator():
    mixture = EditMixture([SimpleNamespace(family=f) for f in FAMILIES], MixtureConfig(), 8, {})
    first, again = (mixture.draw(np.random.default_rng((3, 7))) for _ in range(2))
    assert np.array_equal(first.rows, again.rows)
    assert np.array_equal(first.phrases, again.phrases)


def test_over_several_sets_every_pair_of_a_family_comes_equally_often():
    sets = [[SimpleNamespace(family=f) for f in FAMILIES], [SimpleNamespace(family="recolor")] * 30]
    first, second = family_weights(sets, {"recolor": 3.0})
    assert first == pytest.approx({"recolor": 2.0, "remove": 1.0})
    assert second == pytest.approx({"recolor": 1.0})
