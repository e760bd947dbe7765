"""Calls that are run on small twins made by hand, and the plans that they come to."""

import pytest
from hand_made import collision, thing, twin_of

from vireo.errors import PlanError
from vireo.instruction_tuning.studio_vocabulary import studio_vocabulary
from vireo.models.instructor.reading import read_instruction
from vireo.reasoning.answers import NothingFound
from vireo.reasoning.checks import check_plan, check_step
from vireo.reasoning.events import complete
from vireo.reasoning.found import NONE_MEANT, found
from vireo.reasoning.hops import HopError, Language
from vireo.reasoning.literal import name_object, write_instruction
from vireo.reasoning.plan import MOST_STEPS, Candidate, Plan, Question, Step, Target
from vireo.reasoning.planning import DOUBTFUL, Fruitless, Planning
from vireo.reasoning.twin import Attribute

VOCABULARY = studio_vocabulary()
LANGUAGE = Language(VOCABULARY)
CONE = Attribute(value="cone", confidence=0.1)


@pytest.fixture(scope="module")
def twin():
    """A red ball (o1) runs into a blue cube (o2), beside a far green cube (o3) and a small red ball (o4)."""
    return collision(
        thing(3, [(30, 15)] * 9, depth=9.0, color="green"),
        thing(4, [(80, 85)] * 9, depth=4.0, side=12, category="ball"),
    )


def planned(twin, *calls, query="q"):
    planning = Planning(query, twin, LANGUAGE)
    for call in calls:
        planning.take(call)
    return planning.plan("test")


def test_hops_lead_to_a_step_that_cites_them(twin):
    calls = ("extreme leftmost color=red category=ball", "related approached-by #1", "recolor #2 color=green", "end")
    plan = planned(twin, *calls)
    (step,) = plan.steps
    assert (step.operation, step.parameters, step.span) == ("recolor", {"color": "green"}, None)
    assert step.targets == (Target(id="o2", name="the blue cube"),)
    assert step.instruction == "make the blue cube green"
    assert [reason.objects for reason in step.reasons] == [("o1",), ("o2", "o1")]
    assert step.reasons[1].spans[0][0] == 3 / 8  # when it is hit
    assert plan.question is None
    assert 0.3 < plan.confidence < 1
    check_plan(plan, twin, VOCABULARY)


def test_what_is_about_to_be_hit_is_not_what_lies_behind_it(twin):
    """The red ball rolls towards the blue cube, and towards another behind that."""
    behind = complete(twin_of(*twin.objects[:2], thing(3, [(96, 50)] * 9, color="green", side=8)))
    towards = {link.object for link in behind.relations if (link.kind, link.subject) == ("moving towards", "o1")}
    assert towards == {"o2", "o3"}
    plan = planned(behind, "find color=red category=ball", "related approached-by #1", "remove #2", "end")
    assert [target.id for target in plan.steps[0].targets] == ["o2"]
    assert plan.question is None


def test_times_are_seconds_of_the_clip(twin):
    plan = planned(twin, "find color=blue", "after collides #1", "remove #1 when #2", "end")
    event = next(event for event in twin.events if event.kind == "collides")
    assert plan.steps[0].span == (event.frame / 8, 9 / 8)
    before = planned(twin, "find color=blue", "before collides #1", "remove #1 when #2", "end")
    assert before.steps[0].span == (0.0, event.frame / 8)
    half = planned(twin, "find color=blue", "during second-half", "remove #1 when #2", "end")
    assert half.steps[0].span == (4 / 8, 9 / 8)


def test_what_is_meant_by_several_is_asked_back(twin):
    plan = planned(twin, "find color=red category=ball", "remove #1", "end")
    assert plan.question is not None
    assert "red ball" in plan.question.text
    assert {entry.target.id for entry in plan.question.candidates} == {"o1", "o4"}
    assert 0.9 < sum(entry.confidence for entry in plan.question.candidates) < 1  # it may be none of the two
    assert plan.confidence <= 0.5
    anchor = planned(twin, "find color=red category=ball", "related right-of #1 color=blue", "remove #2", "end")
    assert {entry.target.id for entry in anchor.question.candidates} == {"o1", "o4"}


def test_a_doubtful_plan_asks_back_though_one_object_alone_fits(twin):
    doubted = twin.model_copy(
        update={"objects": tuple(entry.model_copy(update={"category": CONE}) for entry in twin.objects)}
    )
    sure, doubtful = (planned(one, "find color=green", "remove #1", "end") for one in (twin, doubted))
    assert sure.question is None
    assert doubtful.question is None  # its shape is not what it was named by
    doubtful = planned(doubted, "find color=green category=cone", "remove #1", "end")
    assert doubtful.question is not None
    first, *others = doubtful.question.candidates
    assert first.confidence < DOUBTFUL
    assert (first.target.id, first.confidence) == ("o3", pytest.approx(doubtful.confidence))
    assert {other.target.id for other in others} == {"o1", "o2", "o4"}


def test_a_doubt_about_words_is_not_asked_back(twin):
    planning = Planning("q", twin, LANGUAGE)
    for call in ("find color=green", "remove #1", "end"):
        planning.take(call, 0.5)
    plan = planning.plan("test")
    assert plan.confidence < DOUBTFUL
    assert plan.question is None


def test_one_object_is_meant_the_surer_the_less_others_fit():
    alone, doubted = found({"a": 0.9}).meant, found({"a": 0.5}).meant
    assert alone["a"] == pytest.approx(9 / (9 + NONE_MEANT))
    assert doubted["a"] == pytest.approx(1 / (1 + NONE_MEANT))
    beside = found({"a": 0.9, "b": 0.5}).meant
    assert beside["a"] == pytest.approx(9 / (10 + NONE_MEANT))
    assert beside["b"] == pytest.approx(beside["a"] / 9)
    assert found({"a": 1.0, "b": 1.0}).meant["a"] == pytest.approx(0.5, abs=1e-3)
    assert found({}).meant == {}


def test_all_of_several_are_a_step_each(twin):
    plan = planned(twin, "find category=cube", "recolor all #1 color=red", "end")
    assert [step.targets[0].id for step in plan.steps] == ["o2", "o3"]
    assert [step.instruction for step in plan.steps] == ["make the blue cube red", "make the green cube red"]
    assert plan.question is None


def test_names_fit_what_earlier_steps_have_left(twin):
    calls = ("find color=blue", "recolor #1 color=pink", "grow #1", "replace #1 shape=egg", "remove #1", "end")
    assert [step.instruction for step in planned(twin, *calls).steps] == [
        "make the blue cube pink",
        "make the pink cube bigger",
        "replace the pink cube with an egg",
        "remove the pink egg",
    ]
    later = planned(twin, "find color=blue", "recolor #1 color=pink", "find color=pink", "remove #2", "end")
    assert later.steps[1].targets[0].id == "o2", "what a step has made pink is the pink one"
    with pytest.raises(PlanError, match="gone"):
        planned(twin, "find color=blue", "remove #1", "grow #1")


def test_a_value_is_copied_from_another_object(twin):
    plan = planned(twin, "find color=blue", "find color=green", "recolor #1 color-of #2", "end")
    assert plan.steps[0].parameters == {"color": "green"}
    assert plan.steps[0].instruction == "make the blue cube green"
    with pytest.raises(NothingFound, match="material"):
        planned(twin, "find color=blue", "find color=green", "material #1 material-of #2")


def test_whole_pictures_and_additions(twin):
    calls = (
        "style style=a_pencil_sketch",
        "add size=small material=glass color=red shape=cone place=at_the_back",
        "end",
    )
    plan = planned(twin, *calls)
    assert [step.instruction for step in plan.steps] == [
        "turn the video into a pencil sketch",
        "add a small red glass cone at the back",
    ]
    assert not any(step.targets for step in plan.steps)
    assert plan.steps[1].parameters == {"thing": "a small red glass cone", "place": "at the back"}


def test_questions_of_other_kinds(twin):
    asked = {
        "extreme rightmost at-start": "o4",
        "extreme farthest": "o3",
        "happens starts": "o2",
        "motion still category=cube": "o3",
        "counted color 1 category=cube": None,
        "related behind #1 category=cube": "o3",
        "partner collides #1": "o2",
        "alike color #1": "o4",
        "other #1 color=red": "o4",
    }
    for call, right in asked.items():
        planning = Planning("q", twin, LANGUAGE)
        planning.take("extreme leftmost color=red category=ball")
        answer = planning.take(call)
        assert right is None or answer.ids[0] == right, call
        assert answer.reason is not None
        assert right is None or right in answer.reason.objects, call
    planning = Planning("q", twin, LANGUAGE)
    assert set(planning.take("counted category 2").ids) == {"o1", "o2", "o3", "o4"}


def test_names_alone_need_no_twin():
    plan = planned(
        None, "extreme leftmost color=red category=ball", "recolor #1 color=blue", "light light=night", "end"
    )
    assert plan.steps[0].targets == (Target(id=None, name="the left red ball"),)
    assert [step.instruction for step in plan.steps] == ["make the left red ball blue", "change the light to night"]
    with pytest.raises(NothingFound, match="clip"):
        planned(None, "find category=ball", "related left-of #1")


def test_what_is_named_but_not_seen_is_left_to_the_editor(twin):
    plan = planned(twin, "find color=black category=cone", "remove #1", "end")
    assert plan.steps[0].targets == (Target(id=None, name="the black cone"),)
    assert plan.confidence <= 0.5
    with pytest.raises(NothingFound, match="black cone"):
        planned(twin, "find color=black category=cone", "related left-of #1")
    with pytest.raises(NothingFound, match="appears"):
        planned(twin, "happens appears")


def test_a_refused_call_changes_nothing(twin):
    planning = Planning("q", twin, LANGUAGE)
    planning.take("find color=blue")
    before = (list(planning.calls), list(planning.answers), list(planning.steps), planning.question)
    for bad, error in {"remove #4": HopError, "end": HopError, "unclear": Fruitless}.items():
        with pytest.raises(error):
            planning.take(bad)
    assert (planning.calls, planning.answers, planning.steps, planning.question) == before


def test_more_steps_than_a_plan_holds():
    crowd = twin_of(*(thing(n, [(10 + n * 3, 50)] * 3, side=3, color="red") for n in range(1, MOST_STEPS + 3)))
    with pytest.raises(PlanError, match="too many"):
        planned(crowd, "find", "remove all #1")


def test_names_are_read_by_the_editor(twin):
    for entry in twin.objects:
        name = name_object(twin, entry)
        text = write_instruction("recolor", {"object": name.text, "color": "blue"}, VOCABULARY)
        assert read_instruction(text, VOCABULARY).text == text
    assert name_object(twin, twin.by_id["o1"]).text == "the left red ball"
    same = twin_of(*(thing(n, [(50, 50)] * 3) for n in (1, 2)))
    assert not name_object(same, same.objects[0]).unique


def step_of(**values):
    parts = {
        "operation": "remove",
        "instruction": "remove the blue cube",
        "targets": (Target(id="o2", name="the blue cube"),),
    }
    return Step(**parts | values)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"targets": (Target(id="o9", name="the blue cube"),)}, "o9"),
        ({"span": (2.0, 3.0)}, "no time"),
        ({"span": (0.5, 0.5)}, "no time"),
        ({"operation": "levitate"}, "levitate"),
        ({"operation": "recolor", "parameters": {"color": "navy"}}, "navy"),
        ({"instruction": "remove the wardrobe"}, "wardrobe"),
    ],
)
def test_checks_say_what_cannot_be_done(twin, values, said):
    with pytest.raises(PlanError, match=said):
        check_step(step_of(**values), twin, VOCABULARY)


def test_a_plan_is_checked_step_by_step(twin):
    good = step_of()
    check_plan(Plan(query="q", steps=(good,)), twin, VOCABULARY)
    with pytest.raises(PlanError, match="step 2"):
        check_plan(Plan(query="q", steps=(good, step_of(span=(5.0, 6.0)))), twin, VOCABULARY)
    asked = Question(text="which?", candidates=(Candidate(target=Target(id="o7", name="it"), confidence=1.0),))
    with pytest.raises(PlanError, match="o7"):
        check_plan(Plan(query="q", steps=(good,), question=asked), twin, VOCABULARY)
    check_plan(Plan(query="q", steps=(step_of(instruction="remove the wardrobe"),)), twin, None)
