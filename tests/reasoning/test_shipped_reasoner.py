"""The reasoner that ships: what people say becomes the plan that they mean."""

import json

import pytest
from hand_made import FAR_CONE, collision

from vireo.instruction_tuning.studio_vocabulary import studio_vocabulary
from vireo.models.weights import read_header
from vireo.reasoning.reasoner.opening import WEIGHTS, open_reasoner


@pytest.fixture(scope="module")
def reasoner():
    return open_reasoner("mini", studio_vocabulary())


@pytest.fixture(scope="module")
def twin():
    """A red ball (o1) runs into a blue cube (o2), beside a far green cone (o3)."""
    return collision(FAR_CONE)


SAID = {
    "remove the thing that the red ball is about to hit": ["remove the blue cube"],
    "paint the thing that the red ball is about to hit green, then take the cone away": [
        "make the blue cube green",
        "remove the green cone",
    ],
    "Make the ball blue, then take the cone away.": ["make the red ball blue", "remove the green cone"],
    "make the farthest thing metal and make it night": [
        "make the green cone metal",
        "change the light to night",
    ],
    "remove everything but the red ball": ["remove the blue cube", "remove the green cone"],
    "turn the ball pink and make it bigger": ["make the red ball pink", "make the pink ball bigger"],
}


@pytest.mark.parametrize("query", SAID)
def test_queries_become_the_plans_that_are_meant(reasoner, twin, query):
    plan = reasoner.plan(query, twin)
    assert [step.instruction for step in plan.steps] == SAID[query]
    assert plan.question is None
    assert plan.reasoner == "mini"


def test_times_are_found(reasoner, twin):
    (step,) = reasoner.plan("make the red ball green after it hits something", twin).steps
    assert (step.instruction, step.span[1]) == ("make the red ball green", 9 / 8)
    assert 0 < step.span[0] < 1


@pytest.mark.parametrize(
    "query",
    [
        "do not remove the ball",
        "what color is the ball?",
        "make the dragon blue",
        "remove the ball but not the cube",
        "hello",
    ],
)
def test_what_asks_for_nothing_that_can_be_done_is_not_guessed(reasoner, twin, query):
    plan = reasoner.plan(query, twin)
    assert not plan.steps
    assert plan.fallback


def test_words_alone_do_for_names(reasoner):
    plan = reasoner.plan("please remove the red ball, and then make the background a brick wall")
    assert [step.instruction for step in plan.steps] == ["remove the red ball", "change the background to a brick wall"]


def test_weights_say_where_they_come_from():
    told = read_header(WEIGHTS / "model.safetensors")["__metadata__"]
    assert told["command"] == "vireo train reasoner"
    assert sum(path.stat().st_size for path in WEIGHTS.iterdir()) < 6e6
    config = json.loads((WEIGHTS / "config.json").read_text())
    assert config["vocab_size"] == len(json.loads((WEIGHTS / "tokenizer.json").read_text())["model"]["vocab"])
