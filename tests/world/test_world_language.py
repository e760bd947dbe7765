"""Words: splits share no paraphrase but all words, and names fit one object only."""

import re
import string

import numpy as np

from vireo.world import naming, palette, shapes
from vireo.world.captions import caption
from vireo.world.families import FAMILIES, TOPICS, Situation
from vireo.world.sampling import sample_scene
from vireo.world.scene import Body
from vireo.world.visibility import VisibleObject


def words(templates):
    for template in templates:
        literal = "".join(part[0] for part in string.Formatter().parse(template))
        yield from re.findall(r"[a-z]+", literal)


def test_every_topic_has_enough_templates():
    for topic, kinds in TOPICS.items():
        assert len(kinds.train) >= 6, topic
        assert len(kinds.test) >= 4, topic


def test_test_paraphrases_are_new_but_their_words_are_not():
    for topic, kinds in TOPICS.items():
        seen = set(kinds.plain) | set(kinds.train)
        assert not seen & set(kinds.test), topic
        assert len(seen) == len(kinds.plain) + len(kinds.train), topic
    known = {word for kinds in TOPICS.values() for word in words(kinds.plain + kinds.train)}
    asked = {word for kinds in TOPICS.values() for word in words(kinds.test)}
    assert asked <= known, asked - known


def test_templates_name_the_same_slots_in_all_wordings():
    for topic, kinds in TOPICS.items():
        slots = [
            {field for _, field, _, _ in string.Formatter().parse(template) if field}
            for template in kinds.plain + kinds.train + kinds.test
        ]
        assert all(found in ({"relight"}, {"restyle"}, slots[0]) for found in slots), topic


def sight(index, column, **values):
    look = {"shape": "ball", "color": "red", "material": "matte", "size": "large"} | values
    body = Body(**look, rgb=palette.COLORS[look["color"]], radius=0.3, position=(0, 0, 0.3))
    return VisibleObject(index, body, 300, (0, 0, 9, 9), (column, 50.0), "in the middle")


def names(seen, index):
    return {naming.refer(seen, index, np.random.default_rng(seed)) for seed in range(60)}


def test_names_use_what_tells_twins_apart():
    small = [sight(0, 20), sight(1, 70, size="small")]
    assert all("small" in name for name in names(small, 1))
    glass = [sight(0, 20), sight(1, 70, material="glass")]
    assert all("glass" in name for name in names(glass, 1))
    placed = [sight(0, 20), sight(1, 70)]
    assert all("right" in name for name in names(placed, 1))
    assert all("left" in name for name in names(placed, 0))
    assert names([sight(0, 20), sight(1, 22)], 0) == {None}


def test_a_single_object_is_named_by_its_own_words():
    seen = [sight(0, 20), sight(1, 70, shape="cone", color="blue")]
    for name in names(seen, 1):
        assert name.endswith("cone")
        assert "red" not in name
    assert "the blue cone" in names(seen, 1)


def test_articles():
    assert naming.article("orange ball") == "an orange ball"
    assert naming.article("red egg") == "a red egg"


def test_captions_are_short_and_name_every_object():
    for seed in range(5):
        scene = sample_scene(seed)
        text = caption(scene)
        assert len(text.split()) <= 40
        for body in scene.bodies:
            assert f"{body.color}" in text
            assert body.shape in text


def test_absent_names_nothing_that_is_there():
    scene = sample_scene(11)
    for seed in range(200):
        change = FAMILIES["absent"].propose(Situation(scene, [], ()), np.random.default_rng(seed))
        named = change.slots["object"].split()
        for body in scene.bodies:
            nouns = {body.shape, naming.SYNONYMS.get(body.shape)}
            assert not (body.color in named and nouns & set(named))


def test_every_shape_has_a_noun_of_its_own():
    nouns = list(shapes.SHAPES) + list(naming.SYNONYMS.values())
    assert len(nouns) == len(set(nouns))
