"""Facts, wordings and verdicts of single edits."""

import numpy as np
import pytest

from vireo.instruction_tuning.critic_candidates import cast, degraded, ghosted, mixed, pasted, slightly_worn, truth
from vireo.instruction_tuning.hard_negatives import wrong_captions
from vireo.instruction_tuning.phrasings import facts_words, implicit_instruction, phrasings
from vireo.pairs.format import EditPair
from vireo.world import language, naming, vocabulary
from vireo.world.camera import frame_cameras
from vireo.world.captions import caption
from vireo.world.families import FAMILIES, TOPICS, EditFacts, Situation, draw_changes, read_facts
from vireo.world.palette import BACKDROPS, COLORS, FLOORS, MATERIALS
from vireo.world.sampling import sample_scene
from vireo.world.shapes import SHAPES
from vireo.world.visibility import VisibleObject, place_name

LEARNED = [name for name, family in FAMILIES.items() if family.read_facts is not None]


def seen_by_projection(scene):
    found = []
    for index, body in enumerate(scene.bodies):
        column, row, _ = frame_cameras(scene)[0].project(np.array(body.track[0][:3]))
        box = (int(column) - 5, int(row) - 5, int(column) + 5, int(row) + 5)
        found.append(VisibleObject(index, body, 100, box, (column, row), place_name(column, row, 96, 96)))
    return sorted(found, key=lambda entry: entry.centre[0])


def make_pair(family, seed):
    scene, rng = sample_scene(seed), np.random.default_rng(seed)
    seen = seen_by_projection(scene)
    now = Situation(scene, seen, tuple(range(len(seen))))
    (change,) = next(found for found in (draw_changes(family, now, rng) for _ in range(50)) if found)
    source = change.alter_source(scene)
    target = change.apply(source)
    instruction, paraphrases = language.instruct([change], seen, "train", rng)
    pair = EditPair(
        id="x",
        family=family,
        seed=seed,
        split="train",
        source="s",
        target="t",
        mask="m",
        instruction=instruction,
        paraphrases=paraphrases,
        source_caption=caption(source),
        target_caption=caption(target),
        scene=source.model_dump(mode="json"),
        target_scene=target.model_dump(mode="json"),
        concerned=list(change.objects),
    )
    return pair, change, source, target, seen


@pytest.mark.parametrize("family", sorted(LEARNED))
def test_facts_agree_with_the_change_that_was_made(family):
    for seed in (3, 4):
        pair, change, source, target, seen = make_pair(family, seed)
        facts = read_facts(family, source, target, pair.concerned)
        words = facts_words(facts, source, seen)
        if family == "absent":
            assert words == "nothing"
            continue
        assert facts.topic == change.topic
        assert facts.objects == change.objects
        for slot in ("color", "material", "floor", "backdrop", "setting", "light", "style", "relight", "restyle"):
            if slot in change.slots:
                assert TOPICS[facts.topic].slots(facts)[slot] == change.slots[slot]
        if family == "add":
            assert facts.place == change.slots["place"]
            assert target.bodies[-1].color in facts.value
            assert target.bodies[-1].shape in facts.value
        if family == "replace":
            assert facts.value.split()[-1] == target.bodies[facts.objects[0]].shape
        assert words.startswith(facts.topic)
        assert facts.value in words


@pytest.mark.parametrize("family", sorted(LEARNED))
def test_faulty_phrasings_differ_in_the_named_thing(family):
    pair, _, source, target, seen = make_pair(family, 5)
    facts = read_facts(family, source, target, pair.concerned)
    right = [pair.instruction, *pair.paraphrases]
    for number in range(8):
        for phrasing in phrasings(pair, facts, source, seen, np.random.default_rng(number)):
            if phrasing.fault == "none":
                assert phrasing.reasoned or phrasing.text in right
                continue
            assert phrasing.text not in right
            if phrasing.fault == "value" and not phrasing.reasoned and family in ("recolor", "background", "style"):
                assert not phrasing.text.endswith(facts.value)
            if phrasing.fault == "object" and family == "recolor":
                assert facts.value in phrasing.text


def test_every_value_has_an_implicit_instruction():
    rng = np.random.default_rng(0)
    for topic, values in {
        "recolor": COLORS,
        "material": MATERIALS,
        "replace": [naming.article(shape) for shape in SHAPES],
        "floor": [vocabulary.FLOORS[kind].noun for kind in FLOORS],
        "backdrop": [vocabulary.BACKDROPS[kind].noun for kind in BACKDROPS],
        "light": [words.noun for words in vocabulary.LIGHTS.values()],
        "style": [vocabulary.STYLES[kind].noun for kind in vocabulary.STYLES],
    }.items():
        for value in values:
            text = implicit_instruction(EditFacts(topic, (0,), value), {"object": "the object"}, rng)
            assert text
            assert f" {value} " not in f" {text} ", text
    assert implicit_instruction(EditFacts("recolor", (0,), "red"), None, rng) is None


def test_wrong_captions_change_one_thing():
    for seed in range(8):
        scene = sample_scene(seed)
        right = caption(scene)
        wrong = wrong_captions(right, scene.model_dump(mode="json"), np.random.default_rng(seed), 31)
        assert len(set(wrong)) == 31
        assert right not in wrong
        assert not any(f" {a} " in f" {text} " for text in wrong for a in ("an red", "a orange"))
    styled = scene.model_copy(update={"effects": ("gray",)})
    for text in wrong_captions(caption(styled), styled.model_dump(mode="json"), np.random.default_rng(0), 5):
        assert text.endswith(right)


def test_verdicts_of_exact_targets_and_copies():
    assert set(truth("exact", "none", True).values()) == {True}
    copy = truth("copy", "none", True)
    assert not copy["accuracy"]
    assert copy["preservation"]
    assert not copy["overall"]
    for candidate in ("exact", "copy", "other", "half", "over", "ghost", "degraded"):
        for fault in ("none", "value", "object", "foreign"):
            known = truth(candidate, fault, True)
            if "overall" in known:
                sides = [known[k] for k in known if k != "overall"]
                assert known["overall"] == ((candidate, fault) == ("exact", "none"))
                assert not (known["overall"] and not all(sides))


def test_candidates_change_what_they_should():
    rng = np.random.default_rng(0)
    source = rng.integers(40, 200, (96, 96, 3), dtype=np.uint8)
    target, other = source.copy(), source.copy()
    target[30:50, 30:50] = 255
    other[70:90, 10:40] = 0
    half = mixed(source, target, rng).astype(float)
    assert np.abs(half[:30] - source[:30]).max() <= 1
    share = ((255 - half) / (255 - source.astype(float)))[30:50, 30:50].mean()
    assert 0.38 < share < 0.67
    assert np.abs(cast(target, rng).astype(float) - target).mean() > 8
    both = pasted(source, target, other)
    assert (both[30:50, 30:50] == 255).all()
    assert (both[70:90, 10:40] == 0).all()
    assert pasted(source, target, source) is None
    twice = ghosted(source, target, rng)
    outside = np.abs(twice.astype(float) - target).max(-1) > 5
    assert 0.002 < outside.mean() < 0.1
    for _ in range(8):
        assert np.sqrt(((degraded(target, rng).astype(float) - target) ** 2).mean()) > 8
    flat = np.full((96, 96, 3), 120, np.uint8)
    assert np.abs(slightly_worn(flat, rng).astype(float) - 120).mean() < 4
