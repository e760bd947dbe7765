"""Plans on files: one pass, steps in turn, each in its time and place; checks, receipts, undoing, reordering."""

import itertools
import json
import re
from dataclasses import replace

import numpy as np
import pytest
from rule_editor import FACTS, RuleEditor

from vireo.errors import AsksBack, InputError
from vireo.models.instructor.vocabulary import Operation, Vocabulary
from vireo.pipeline import file_edit
from vireo.pipeline.edit import edit_video
from vireo.pipeline.planning import read_plan, read_twin
from vireo.reasoning.masks import track_of
from vireo.reasoning.plan import Candidate, Plan, Question, Step, Target
from vireo.reasoning.plan_edits import commute, reordered, without
from vireo.reasoning.twin import Attribute, Camera, DigitalTwin, TwinObject
from vireo.receipt import read_receipt, verify
from vireo.receipt.runs import from_runs
from vireo.video.io import VideoReader, read_clip, write_lossless
from vireo.video.operations import OPERATIONS

VOCABULARY = Vocabulary(
    operations=(
        Operation(
            name="recolor",
            example="make the red ball blue",
            forms=("make {object} {color}", "paint {object} {color}", "let the {object} be {color}"),
        ),
        Operation(name="style", example="make it sepia", forms=("make it {style}",)),
    ),
    words={
        "shape": {"ball": (), "cube": ()},
        "color": {"red": (), "green": (), "blue": (), "white": ()},
        "style": {"sepia": ()},
    },
)


class Painter(RuleEditor):
    """Recolours everything of a colour; what it makes of a window also depends, a little, on the whole of it.

    deaf: words to which it does nothing. texts: what it was asked, window by window.
    """

    facts = FACTS.model_copy(update={"vocabulary": VOCABULARY, "steps": 1})

    def __init__(self, deaf=()):
        super().__init__()
        self.deaf, self.texts = deaf, []

    def look(self, instructions, clips):
        presence = super().look(["" for _ in instructions], clips)
        return replace(presence, absent=np.zeros(len(clips)))

    def edit_one(self, window, sampling, monitor):
        self.texts.append(window.text)
        made = window.frames / 255.0
        if not window.text.startswith(self.deaf or "nothing"):
            strong, after = {"red": 0, "green": 1}[window.text.split()[2]], window.text.split()[-1]
            others = [channel for channel in range(3) if channel != strong]
            where = (made[..., strong] > 0.6) & (made[..., others].max(-1) < 0.45)
            shade = {"blue": (0.1, 0.1, 0.9), "white": (0.95, 0.95, 0.95)}[after]
            made = np.where(where[..., None], np.array(shade) * (0.9 + 0.1 * made.mean()), made)
        return self.blurred(made)


def two_discs(count=12, apart=50):
    """A red disc that moves, and a green one that rests `apart` pixels from where it begins; and the masks of both."""
    rows, columns = np.mgrid[:96, :96]
    at = [(18 + t // 2, 18 + apart) for t in range(count)]
    red, green = (np.stack([np.hypot(rows - 48, columns - place[which]) < 7 for place in at]) for which in (0, 1))
    wall = np.random.default_rng(0).integers(105, 135, (96, 96, 1)) + np.zeros(3, int)
    frames = np.where(red[..., None], [220, 20, 30], np.where(green[..., None], [20, 220, 30], wall))
    return frames.astype(np.uint8), red, green


def twin_of(*masks, colors=("red", "green")):
    count, height, width = masks[0].shape
    objects = [
        TwinObject(
            id=f"o{n}",
            category=Attribute(value="ball", confidence=1),
            attributes={"color": Attribute(value=c, confidence=1)},
            track=track_of(mask),
        )
        for n, (mask, c) in enumerate(zip(masks, colors, strict=True), 1)
    ]
    return DigitalTwin(
        maker="test",
        width=width,
        height=height,
        times=tuple(k / 8 for k in range(count)),
        camera=Camera(motion=Attribute(value="still", confidence=1), shifts=((0.0, 0.0),) * count),
        scene={},
        objects=tuple(objects),
    )


def step(text, *ids, span=None, operation="recolor"):
    targets = tuple(Target(id=name, name="the ball") for name in ids)
    return Step(operation=operation, targets=targets, span=span, instruction=text)


def plan_of(*steps):
    return Plan(query="as planned", steps=steps)


RED, GREEN = step("make the red ball blue", "o1"), step("make the green ball white", "o2")


@pytest.fixture
def source(tmp_path):
    write_lossless(tmp_path / "in.mkv", two_discs()[0], 8)
    return tmp_path / "in.mkv"


@pytest.fixture
def carry_out(source, tmp_path):
    """carry_out(plan or instruction, **options): (result, frames, path of the receipt)."""
    numbers = itertools.count()

    def call(what, model=None, **options):
        number = next(numbers)
        out, receipt = tmp_path / f"{number}.mkv", tmp_path / f"{number}.json"
        given = {"plan": what} if isinstance(what, Plan) else {}
        options = {"planner": None, "perceive": None} | options
        text = None if given else what
        result = edit_video(source, text, out, model=model or Painter(), receipt=receipt, **given, **options)
        assert verify(source, out, receipt).failures == []
        return result, read_clip(out).frames, receipt

    return call


def test_a_plan_of_one_step_is_the_edit_of_its_instruction(carry_out, source):
    _, by_plan, _ = carry_out(plan_of(step("make the red ball blue")))
    _, always, _ = carry_out("make the red ball blue", reason="always")
    result, directly, _ = carry_out("make the red ball blue", reason="never")
    assert (by_plan == directly).all()
    assert (always == directly).all()
    assert (directly != read_clip(source).frames).any()
    assert result.plan == ()


def test_no_step_is_no_change(carry_out, source):
    plan = plan_of(RED, GREEN)
    result, undone, _ = carry_out(without(plan, 1, 2), model="no such model")
    assert (undone == read_clip(source).frames).all()
    assert (result.executor, result.changed_fraction, result.plan) == ("exact", 0, ())
    assert without(plan, 1).steps == (GREEN,)
    with pytest.raises(InputError, match="no step 3"):
        without(plan, 3)


def test_a_compound_is_done_part_after_part_in_one_pass(carry_out, monkeypatch):
    opened = []
    monkeypatch.setattr(
        file_edit, "VideoReader", lambda *given, **more: opened.append(given) or VideoReader(*given, **more)
    )
    painter = Painter()
    result, frames, path = carry_out(
        "make the red ball blue, then paint the green ball white and make it sepia", painter
    )
    assert len(opened) == 1
    assert [each.instruction for each in result.plan] == [
        "make the red ball blue",
        "make the green ball white",
        "make it sepia",
    ]
    assert [each.executor for each in result.plan] == ["model", "model", "exact"]
    assert set(painter.texts) == {"make the red ball blue", "make the green ball white"}
    _, parts, _ = carry_out(plan_of(step("make the red ball blue"), step("make the green ball white")))
    assert (frames == OPERATIONS["sepia"](parts)).all()
    receipt = read_receipt(path)
    assert [each.operation for each in receipt.steps] == ["recolor", "recolor", "style"]
    _, red, green = two_discs()
    for number, facts in enumerate(receipt.frames):
        first, second, third = (from_runs(runs, 96, 96) for runs in facts.steps)
        assert first[red[number]].all()
        assert not first[green[number]].any()
        assert second[green[number]].all()
        assert third.all()


def test_one_thing_goes_straight_to_the_editor_and_what_is_not_understood_too(carry_out):
    for text in ("make the red ball blue", "make the red ball shine brightly"):
        auto, never = carry_out(text), carry_out(text, reason="never")
        assert (auto[1] == never[1]).all()
        assert auto[0].plan == ()
        assert auto[0].notes == never[0].notes


def test_receipts_of_single_edits_are_as_before(carry_out):
    raw = json.loads(carry_out("make the red ball blue")[2].read_text())
    assert "steps" not in raw
    assert not any("steps" in frame for frame in raw["frames"])


def test_forged_steps_are_caught(carry_out, source, tmp_path):
    _, _, path = carry_out(plan_of(RED, GREEN))
    raw = json.loads(path.read_text())
    for forge, says in (
        (lambda frame: frame["steps"].pop(), "2 steps, this frame 1"),
        (lambda frame: frame["steps"].__setitem__(0, [96 * 96]), "not the region"),
        (lambda frame: frame["steps"].__setitem__(0, [5]), "step is damaged"),
    ):
        forged = json.loads(json.dumps(raw))
        forge(forged["frames"][3])
        (tmp_path / "forged.json").write_text(json.dumps(forged))
        assert any(says in text for text in verify(source, tmp_path / "0.mkv", tmp_path / "forged.json").failures)


def test_a_step_keeps_to_its_time(carry_out, source):
    before = read_clip(source).frames
    plan = plan_of(
        step("make the red ball blue", span=(0.5, 1.0)), step("make the green ball white", span=(0.25, 0.75))
    )
    result, frames, _ = carry_out(plan)
    _, red, green = two_discs()
    assert [bool((frames[k] != before[k])[red[k]].any()) for k in range(12)] == [4 <= k < 8 for k in range(12)]
    assert [bool((frames[k] != before[k])[green[k]].any()) for k in range(12)] == [2 <= k < 6 for k in range(12)]
    assert result.notes == ()
    late, _, _ = carry_out(plan_of(RED, step("make the green ball white", span=(50, 60))))
    assert "no frame" in late.plan[1].notes[0]


def test_a_step_keeps_to_its_place(carry_out, source):
    """Two red discs, of which one is meant."""
    before, (red, other) = read_clip(source).frames, two_discs()[1:]
    before[other] = before[0][two_discs()[1][0]][0]
    write_lossless(source.with_name("both.mkv"), before, 8)
    source.with_name("both.mkv").replace(source)
    everywhere = carry_out(plan_of(step("make the red ball blue")))[1]
    confined = carry_out(plan_of(RED), twin=twin_of(red, other, colors=("red", "red")))[1]
    assert (everywhere != before)[other].any()
    assert (confined == before)[other].all()
    assert (confined[red] == everywhere[red]).all()
    assert confined[red][:, 2].mean() > 150


@pytest.mark.parametrize(("apart", "does"), [(50, True), (26, False)])
def test_steps_whose_places_do_not_overlap_commute_to_the_bit(carry_out, source, apart, does):
    frames, red, green = two_discs(apart=apart)
    source.unlink()
    write_lossless(source, frames, 8)
    twin = twin_of(red, green)
    assert commute(RED, GREEN, twin) is commute(GREEN, RED, twin) is does
    assert not commute(RED, GREEN, None)
    plan = plan_of(RED, GREEN)
    if does:
        turned = reordered(plan, (2, 1), twin)
        assert turned.steps == (GREEN, RED)
        assert (carry_out(plan, twin=twin)[1] == carry_out(turned, twin=twin)[1]).all()
        # Without the twin each is shown what the other has made, and the order does make a difference.
        assert (carry_out(plan)[1] != carry_out(turned)[1]).any()
    else:
        with pytest.raises(InputError, match="step 2 changes what step 1 does"):
            reordered(plan, (2, 1), twin)
    assert not commute(RED, step("make it sepia", operation="style"), twin)
    with pytest.raises(InputError, match="no order"):
        reordered(plan, (1, 1), twin)


def test_times_that_do_not_meet_commute():
    first, second = (step("make the red ball blue", span=span) for span in ((0, 1), (1, 2)))
    assert commute(first, second, None)
    assert not commute(first, step("make the red ball blue", span=(0.5, 2)), None)


def test_what_fails_is_tried_in_other_ways_and_said(carry_out):
    plan = plan_of(step("make the red ball blue", "o1"), step("make the green ball white"))
    result, frames, _ = carry_out(plan, Painter())
    assert [(each.tries, each.passed) for each in result.plan] == [(1, True), (1, True)]
    stubborn = Painter(deaf="make the red")  # but not to "paint"
    result, again, _ = carry_out(plan, stubborn)
    assert [(each.tries, each.passed) for each in result.plan] == [(3, True), (1, True)]
    assert "paint the red ball blue" in stubborn.texts
    assert (again == frames).all()
    result, _, path = carry_out(plan, Painter(deaf=("make the red", "paint the red")))
    assert [(each.tries, each.passed) for each in result.plan] == [(3, False), (1, True)]
    assert "did not pass" in result.notes[0]
    assert [each.passed for each in read_receipt(path).steps] == [False, True]


def test_the_first_way_is_not_computed_twice(carry_out):
    painter, plain = Painter(), Painter()
    carry_out(plan_of(RED, GREEN), painter)
    carry_out("make the red ball blue", plain, reason="never")
    assert len(painter.texts) == 2 * len(plain.texts)


def test_a_question_is_put_or_guessed(carry_out):
    candidates = tuple(
        Candidate(target=Target(name=name), confidence=share) for name, share in (("the ball", 0.6), ("it", 0.4))
    )
    asking = Plan(query="recolor it", steps=(RED,), question=Question(text="which one?", candidates=candidates))
    with pytest.raises(AsksBack) as asked:
        carry_out(asking)
    assert asked.value.candidates == (("the ball", 0.6), ("it", 0.4))
    assert (carry_out(asking, ask=False)[1] == carry_out(plan_of(RED))[1]).all()


def test_a_plan_that_cannot_be_carried_out_is_refused_before_anything_is_done(carry_out):
    twin, painter = twin_of(*two_discs()[1:]), Painter()
    for wrong, says in (
        (step("make the red ball blue", "o7"), "step 2: the clip has no object o7"),
        (step("make the red ball mauve", "o1"), 'step 2: the editor does not know "mauve"'),
        (step("make the red ball blue", "o1", operation="dance"), "step 2: the editor has no operation 'dance'"),
    ):
        with pytest.raises(InputError, match=re.escape(says)):
            carry_out(plan_of(RED, wrong), painter, twin=twin)
    assert painter.texts == []


def test_a_planner_is_asked_what_words_do_not_tell(carry_out, tmp_path):
    class Reasoner:
        asked = ()

        def unknown(self, query):
            return "does not know dogs" if "dog" in query else ""

        def plan(self, query, twin):
            self.asked += ((query, twin),)
            return Plan(query=query, steps=(RED,), reasoner="test")

    reasoner, twin = Reasoner(), twin_of(*two_discs()[1:])
    perceived = []

    def perceive(frames, times):
        perceived.append((len(list(frames)), times))
        return twin_of(*(mask[: len(times)] for mask in two_discs()[1:]))

    options = {"planner": reasoner, "perceive": perceive, "save_plan": tmp_path / "plan.json"}
    carry_out("make the red ball blue", **{**options, "save_plan": None})
    carry_out("paint the dog", **{**options, "save_plan": None})
    assert (reasoner.asked, perceived) == ((), [])
    _, frames, _ = carry_out("recolor what is about to be hit", **options)
    assert reasoner.asked == (("recolor what is about to be hit", twin),)
    assert perceived[0] == (12, [k / 8 for k in range(12)])
    plan = read_plan(tmp_path / "plan.json")
    assert plan.steps == (RED,)
    assert (carry_out(plan, twin=twin)[1] == frames).all()


def test_broken_plans_and_twins_are_told(tmp_path):
    path = tmp_path / "x.json"
    with pytest.raises(InputError, match="cannot be read"):
        read_plan(path)
    for text in ("{", "[" * 100_000, '{"query": "a"}', '{"query": "a", "steps": [], "version": 2}'):
        path.write_text(text)
        for read in (read_plan, read_twin):
            with pytest.raises(InputError, match="is no"):
                read(path)
    with pytest.raises(InputError, match="either an instruction or a plan"):
        edit_video("a.mkv", None, "b.mkv")
