"""The registry of edit families: flags, topics, edits of two objects, and errors for who adds a family."""

import dataclasses

import numpy as np
import pytest

from vireo.instruction_tuning.phrasings import facts_words, phrasings
from vireo.pairs.format import EditPair
from vireo.training.pair_sets import FOOTAGE_FAMILIES as TRAINED_ON_FOOTAGE
from vireo.training.pair_sets import STUDIO_FAMILIES
from vireo.world import families, language
from vireo.world.families import FAMILIES, TOPICS, Change, EditFacts, Situation, Topic, draw_changes
from vireo.world.sampling import sample_scene
from vireo.world.visibility import VisibleObject

SWAP = Topic(
    name="swap",
    plain=("swap {object} and {other}",),
    train=("exchange {object} for {other}", "let {object} and {other} change places"),
    test=("please swap {other} and {object}",),
)


@pytest.fixture
def swap(monkeypatch):
    monkeypatch.setitem(TOPICS, "swap", SWAP)
    scene = sample_scene(3)
    visible = [
        VisibleObject(index, body, 100, (0, 0, 9, 9), (20.0 + 30 * index, 50.0), "in the middle")
        for index, body in enumerate(scene.bodies)
    ]
    return scene, visible


def test_tuples_follow_from_flags():
    assert families.GLOBAL_FAMILIES == ("background", "light", "style")
    assert families.FOOTAGE_FAMILIES == ("light", "style", "watermark", "absent")
    assert set(FAMILIES) - set(families.SIZED_FAMILIES) == {"style", "watermark", "reference", "hybrid"}
    assert set(FAMILIES) - set(families.MOVABLE_FAMILIES) == {
        *("background", "light", "style", "watermark", "hybrid", "open")
    }
    assert [name for name, family in FAMILIES.items() if family.removes_objects] == ["remove"]
    assert [name for name, family in FAMILIES.items() if family.changes_nothing] == ["absent"]


def test_what_mini_is_trained_on_is_known():
    assert set(STUDIO_FAMILIES) <= set(FAMILIES)
    assert set(TRAINED_ON_FOOTAGE) <= set(families.FOOTAGE_FAMILIES)


def test_a_change_names_two_objects(swap):
    _, visible = swap
    change = Change("swap", {}, lambda scene: scene, (1, 0))
    instruction, paraphrases = language.instruct([change], visible, "train", np.random.default_rng(0))
    assert instruction.startswith("swap the ")
    assert len(paraphrases) == 2
    first, second = instruction.removeprefix("swap ").split(" and ")
    assert visible[1].body.shape in first or visible[1].body.color in first or first.count(" ") == 1
    assert first != second


def test_facts_and_wrong_wordings_of_two_objects(swap):
    scene, visible = swap
    facts = EditFacts("swap", (1, 0))
    words = facts_words(facts, scene, visible)
    assert words.startswith("swap ")
    assert words.count(" at ") == 2
    texts = dict.fromkeys(("source", "target", "mask", "source_caption", "target_caption"), "")
    named = dict(id="x", family="swap", seed=0, split="train", scene={}, target_scene={})
    pair = EditPair(**texts, **named, instruction="swap a and b", paraphrases=["b", "c"])
    found = phrasings(pair, facts, scene, visible, np.random.default_rng(1))
    assert found[0].bodies == (1, 0)
    (wrong,) = [phrasing for phrasing in found if phrasing.fault == "object"]
    assert wrong.bodies is not None
    assert wrong.bodies[0] not in (0, 1)
    assert wrong.bodies[1] == 0


def test_a_change_without_templates_says_which(monkeypatch):
    family = dataclasses.replace(FAMILIES["remove"], propose=lambda now, rng: Change("vanish", {}, lambda scene: scene))
    monkeypatch.setitem(FAMILIES, "remove", family)
    with pytest.raises(LookupError, match=r"'remove' proposes a change about 'vanish'.*families/remove\.py"):
        draw_changes("remove", Situation(sample_scene(1), [], (0,)), np.random.default_rng(0))


def test_a_template_with_an_unknown_slot_says_which():
    with pytest.raises(LookupError, match=r"topic 'recolor' has the slot 'colour'.*color"):
        language.fill("make it {colour}", "recolor", {"color": "red"})
