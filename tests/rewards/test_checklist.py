"""An instruction of several parts is judged part by part, by answers that are made up and by mini's own critic."""

from dataclasses import replace

import numpy as np
import pytest

from vireo.judges.judge import Sample
from vireo.models.editors.viva import VireoPipeline
from vireo.reasoning.reading_planner import ReadingPlanner
from vireo.rewards.checklist import CHECKLIST, p_yes_by_part
from vireo.rewards.evidence import Evidence, Networks
from vireo.rewards.mix import RECOMMENDED, RECOMMENDED_WHOLE

TWO = "make the red ball blue and remove the green cube"
PARTS = ("make the red ball blue", "remove the green cube")


@pytest.fixture(scope="module")
def networks():
    pipe = VireoPipeline.from_pretrained("mini")
    return Networks(pipe.templated_instructor, vocabulary=pipe.facts.vocabulary)


def evidence(networks, instruction=TWO, **fields):
    clips = np.random.default_rng(0).integers(0, 256, (2, 4, 32, 32, 3), dtype=np.uint8)
    return Evidence(Sample(*clips, instruction, **fields), networks)


def answered(made, answers):
    """The same with the critic's answers about each instruction made up: {instruction: (accuracy, overall)}."""
    for instruction, both in answers.items():
        for question, answer in zip(("accuracy", "overall"), both, strict=True):
            made._known["p_yes", question, instruction] = answer
    return made


@pytest.mark.parametrize(
    "instruction",
    [
        TWO,
        "make the red ball blue, then remove the green cube and make it night",
        "swap the red ball and the green cube",
        "make the red ball blue",
        "do something about the mood",
    ],
)
def test_parts_are_those_of_the_plan(networks, instruction):
    steps = ReadingPlanner(networks.vocabulary).plan(instruction).steps
    wanted = tuple(step.instruction for step in steps) or (instruction,)
    assert evidence(networks, instruction).parts == wanted


def test_a_part_that_was_left_out_is_not_bought_by_the_others(networks):
    answers = {TWO: (0.9, 0.9), PARTS[0]: (0.81, 0.64), PARTS[1]: (0.01, 0.04)}
    made = answered(evidence(networks), answers)
    assert CHECKLIST(made) == pytest.approx((0.81 * 0.01) ** 0.5)
    assert RECOMMENDED(made) == pytest.approx((0.81 * 0.01) ** 0.5), "the change is seen in full"
    assert RECOMMENDED_WHOLE(made) == pytest.approx(0.9)
    three = answered(evidence(None, parts=("a", "b", "c")), {"a": (0.5, 0), "b": (0.5, 0), "c": (0.125, 0)})
    assert CHECKLIST(three) == pytest.approx((0.5 * 0.5 * 0.125) ** (1 / 3)), "whatever their number"


def test_a_plan_of_the_sample_comes_before_its_words(networks):
    made = evidence(networks, "make what stops first blue", parts=PARTS)
    assert made.parts == PARTS
    assert evidence(Networks(), TWO).parts == (TWO,), "a model without a language of its own reads no parts"


def test_one_part_is_asked_as_the_whole_is(networks):
    made = evidence(networks, "make the red ball blue")
    assert 0 < RECOMMENDED(made) == RECOMMENDED_WHOLE(made)
    assert CHECKLIST(made) == pytest.approx(made.p_yes("accuracy"))


def test_the_order_of_parts_is_irrelevant_and_each_is_asked_once(networks, monkeypatch):
    asked = []
    ask = Evidence._p_yes
    monkeypatch.setattr(Evidence, "_p_yes", lambda self, *about: asked.append(about) or ask(self, *about))
    made = evidence(networks, parts=PARTS)
    value = p_yes_by_part(made, "accuracy")
    assert (CHECKLIST(made), asked) == (value, [("accuracy", part) for part in PARTS])
    turned = Evidence(replace(made.sample, parts=PARTS[::-1]), networks)
    assert p_yes_by_part(turned, "accuracy") == pytest.approx(value, rel=1e-6)
    assert p_yes_by_part(Evidence(replace(made.sample, parts=PARTS[:1]), networks), "accuracy") != value
