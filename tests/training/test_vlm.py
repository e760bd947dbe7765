from collections import Counter
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from small_set import make_small_set

from vireo.instruction_tuning.critic_candidates import DIAGNOSES, truth
from vireo.models.editors.mini import (
    IMAGE_SIZE,
    MINI_TEMPLATE,
    PATCH_SIZE,
    TOKENS_PER_IMAGE,
    build_mini_clip,
    build_mini_processor,
)
from vireo.models.instructor.critic import verdict_logits
from vireo.models.instructor.instructor import Instructor
from vireo.models.instructor.prompts import CRITIC_QUESTIONS, NO, YES, answer_ids
from vireo.models.instructor.states import encode_instruction, highlighted
from vireo.training.stage import LoopConfig
from vireo.training.stages.answer_accuracy import measure_answers, summarise
from vireo.training.stages.vlm import (
    AnswerObjective,
    VlmConfig,
    VlmStage,
    distillation_loss,
    new_instructor,
    score_answers,
)

HEADS = ("turn_pointer", "turn_location", "name_pointer", "name_location")


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return make_small_set(tmp_path_factory.mktemp("vlm"))


@pytest.fixture(scope="module")
def stage(small):
    torch.manual_seed(0)
    clip = build_mini_clip(len(small.tokenizer))
    stage = make_stage(small, clip)
    tower = stage.module.instructor.model.vision_tower.state_dict()
    assert all(torch.equal(tower[name], value) for name, value in clip.vision_model.state_dict().items())
    return stage


def make_stage(small, clip=None, rows=4, **settings):
    """A stage of a new instructor; settings: of `VlmConfig`."""
    clip = clip or build_mini_clip(len(small.tokenizer))
    instructor = new_instructor(clip, len(small.tokenizer), small.pictures.sample_pixels())
    config = VlmConfig(loop=LoopConfig(steps=10, batch_size=rows, learning_rate=1e-3), **settings)
    return VlmStage(config, small.sampler, small.tokenizer, instructor, torch.device("cpu"))


def test_steps_repeat_exactly(stage):
    steps = [stage.loss(step) for step in range(6)]
    losses = [loss.item() for loss, _ in steps]
    assert losses == [stage.loss(step)[0].item() for step in range(6)]
    assert len(set(losses)) == 6
    chance = np.log(stage.module.instructor.config.text_config.vocab_size)
    for loss, figures in steps:
        grounding = sum(figures.get(f"loss_{name}", 0.0) for name in HEADS)
        assert 0.8 * chance < loss.item() - 0.5 * grounding < 1.3 * chance
    assert all(
        abs(figures.get("loss_turn_pointer", np.log(TOKENS_PER_IMAGE + 1)) - np.log(TOKENS_PER_IMAGE + 1)) < 1.5
        for _, figures in steps
    )


def test_full_precision_is_another_loss_but_a_near_one(stage, monkeypatch):
    half = stage.loss(3)[0].item()
    monkeypatch.setattr(stage, "config", replace(stage.config, loop=replace(stage.config.loop, dtype="float32")))
    assert half != stage.loss(3)[0].item() == pytest.approx(half, rel=0.02)


def test_every_parameter_that_trains_gets_a_gradient(stage):
    stage.module.zero_grad()
    for step in range(6):
        stage.loss(step)[0].backward()
    assert not [n for n, p in stage.module.named_parameters() if p.requires_grad and p.grad is None]


def test_a_few_steps_lower_the_loss(small):
    torch.manual_seed(1)
    stage = make_stage(small)
    losses = [loss for loss, _ in over_and_over(stage, 8)]
    assert losses[-1] < 0.7 * losses[0]


def over_and_over(stage, steps, rate=2e-3):
    """(loss, figures) of each of so many steps on one batch."""
    optimizer = torch.optim.AdamW(stage.module.parameters(), lr=rate)
    seen = []
    for _ in range(steps):
        loss, figures = stage.loss(1)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        seen.append((loss.item(), figures))
    return seen


@pytest.mark.parametrize("sort", ["about", "texts", "references", "verdicts"])
def test_batches_have_fixed_shapes_and_right_borders(small, sort):
    sampler = small.sampler
    batch = getattr(sampler, sort)(sampler.pools[sort][:3], np.random.default_rng(0))
    packed = batch.packed
    pictures = {"about": 1, "texts": 0, "references": 2, "verdicts": 2}[sort]
    assert batch.images.shape[:2] == (3, pictures)
    assert packed.ids.shape == (3, small.sampler.lengths[pictures])
    assert packed.ids.shape[1] >= packed.opening + 180, "room for turns"
    used = packed.answers >= 0
    assert (packed.ids[packed.rows[used], packed.columns[used] + 1] == packed.answers[used]).all()
    for kind in packed.kinds:
        assert kind.startswith(("critic/", "diagnosis/", "changes")) == (sort == "verdicts")


def test_verdict_turns_equal_the_critic(small, stage):
    """What the stage trains is what the critic asks: the same logits at the place of the answer."""
    model = stage.module.instructor.eval()
    instructor = Instructor(model, build_mini_processor(small.tokenizer), MINI_TEMPLATE)
    pair_index = next(k for k in small.sampler.pools["verdicts"] if small.sampler.pairs[k].family == "recolor")
    batch = small.sampler.verdicts([pair_index], np.random.default_rng(4))
    packed = batch.packed
    turn = next(k for k, kind in enumerate(packed.kinds) if kind.startswith("critic/"))
    said = small.tokenizer.decode(packed.ids[0, : packed.question_ends[turn, 1]]).split("<user>")[-1]
    instruction, question = said.strip().split("\n")
    kind = packed.kinds[turn].split("/")[1]
    assert question == CRITIC_QUESTIONS[kind]
    source, edited = batch.images[0]
    with torch.no_grad():
        wanted = verdict_logits(instructor, [source], [edited], [instruction], kind)
        scores = AnswerObjective(model)(pixels(batch), packed.mask, packed)[0]
    yes, no = (answer_ids(small.tokenizer, MINI_TEMPLATE, word)[0] for word in (YES, NO))
    first = int(torch.nonzero(packed.turns == turn)[0])
    assert (scores[first, yes] - scores[first, no]).item() == pytest.approx(wanted.item(), abs=2e-4)
    half = score_answers(AnswerObjective(model), batch).answers
    assert (half - scores).abs().max() < 0.1


def pixels(batch):
    source, edited = torch.from_numpy(batch.images).permute(1, 0, 4, 2, 3).float() / 127.5 - 1
    return torch.stack([source, highlighted(source, edited)], 1).flatten(0, 1)


def test_every_verdict_comes_with_both_answers(small):
    """A question that is nearly always answered alike teaches to answer without looking."""
    rng, counts = np.random.default_rng(0), Counter()
    for _ in range(40):
        kinds = small.sampler.verdicts(rng.choice(small.sampler.pools["verdicts"], 8), rng).packed.kinds
        counts.update(tuple(kind.split("/")[1:3]) for kind in kinds if kind.startswith("critic/"))
    for question in {question for question, _ in counts}:
        yes, no = counts[question, "yes"], counts[question, "no"]
        assert 0.2 < yes / (yes + no) < 0.82, question


def test_a_diagnosis_agrees_with_the_verdicts():
    for candidate, faults in DIAGNOSES.items():
        for fault, diagnosis in faults.items():
            known = truth(candidate, fault, local=True)
            assert known["overall"] == (diagnosis == "nothing"), (candidate, fault)
            if diagnosis in ("not done", "wrong value", "wrong object", "another edit", "half done"):
                assert known["accuracy"] is False, (candidate, fault)


def test_what_was_changed_is_what_the_second_picture_shows(small):
    rng, told, undone = np.random.default_rng(0), Counter(), 0
    for _ in range(30):
        batch = small.sampler.verdicts(rng.choice(small.sampler.pools["verdicts"], 8), rng)
        packed = batch.packed
        for turn, kind in enumerate(packed.kinds):
            source, edited = batch.images[int(packed.question_ends[turn, 0])].astype(int)
            answer = small.tokenizer.decode(packed.answers[packed.turns == turn], skip_special_tokens=True).strip()
            if kind == "changes":
                told[answer.split()[0]] += 1
            if (kind, answer) in (("changes", "nothing"), ("diagnosis/not done", "not done")):
                # A codec's wear, at most.
                assert np.abs(source - edited).mean() < 4
                undone += 1
            if kind == "changes" and answer.startswith(("recolor", "remove")):
                assert np.abs(source - edited).max() > 20
    assert undone >= 5
    assert {"recolor", "remove", "add", "replace", "nothing"} <= set(told)


def test_turns_point_at_what_they_name(small):
    """Against the rendered masks: the colour of a pointed patch is the answer, and what is absent is nowhere."""
    sampler, pictures = small.sampler, small.pictures
    compared = nowhere = 0
    for owner in sampler.pools["about"][:40]:
        batch = sampler.about([owner], np.random.default_rng(0))
        packed, number, still = batch.packed, int(owner) // 3, int(owner) % 3
        assert batch.turn_patches.shape == (len(packed.kinds), TOKENS_PER_IMAGE + 1)
        labels = pictures.instances(number)
        for turn, kind in enumerate(packed.kinds):
            answer = small.tokenizer.decode(packed.answers[packed.turns == turn], skip_special_tokens=True).strip()
            share = batch.turn_patches[turn]
            assert share.sum() == pytest.approx(1, abs=1e-5) or not share.any()
            if kind == "color":
                row, column = (
                    PATCH_SIZE * place for place in divmod(int(share[:-1].argmax()), IMAGE_SIZE // PATCH_SIZE)
                )
                seen = labels[still][row : row + PATCH_SIZE, column : column + PATCH_SIZE]
                bodies = pictures.pictures[number].scene["bodies"]
                assert answer in {bodies[k - 1]["color"] for k in np.unique(seen) if k}
                compared += 1
            if kind == "existence":
                assert (share[-1] == 1) == (answer == "No")
                nowhere += answer == "No"
            if kind in ("floor", "light", "style", "caption"):
                assert not share.any()
    assert compared >= 5
    assert nowhere >= 1


def test_names_in_a_relation_point_at_its_two_objects_in_order(small):
    """Against the answers: what is said to be left of another has its patches further left, if the answer is yes."""
    sampler, compared = small.sampler, 0
    columns = np.arange(TOKENS_PER_IMAGE) % (IMAGE_SIZE // PATCH_SIZE)
    assert TOKENS_PER_IMAGE == (IMAGE_SIZE // PATCH_SIZE) ** 2
    for owner in sampler.pools["about"][:60]:
        batch = sampler.about([owner], np.random.default_rng(0))
        packed = batch.packed
        for turn, kind in enumerate(packed.kinds):
            begin = 0 if turn == 0 else int(packed.question_ends[turn - 1, 1])
            own = [
                k
                for k, (_, column) in enumerate(packed.name_ends.tolist())
                if begin < column < packed.question_ends[turn, 1]
            ]
            known = {"relation": 2, "comparison": 2, "place": 1, "cell": 1, "color": 1, "floor": 0, "light": 0}
            assert len(own) == known.get(kind, len(own))
            if kind not in ("relation", "comparison"):
                continue
            start = int(packed.name_ends[own[0], 1])
            between = small.tokenizer.decode(packed.ids[0, start + 1 : int(packed.name_ends[own[1], 1])])
            answer = small.tokenizer.decode(packed.answers[packed.turns == turn], skip_special_tokens=True).strip()
            if kind == "comparison":
                between, answer = f" {answer}", "Yes"
            side = next((word for word in ("left", "right") if f" {word} of" in between), None)
            if side is None:
                continue
            first, second = (batch.name_patches[k, :-1] @ columns for k in own)
            assert ((first < second) == (side == "left")) == (answer == "Yes")
            compared += 1
    assert compared >= 5


def test_heads_tell_places_apart(small):
    """What they are trained on can be learned: one batch, over and over."""
    torch.manual_seed(2)
    stage = make_stage(small, rows=2, about=1, verdicts=0, references=0, texts=0)
    figures = [found for _, found in over_and_over(stage, 40, rate=1.5e-3)]
    for name in HEADS:
        assert figures[-1][f"loss_{name}"] < figures[0][f"loss_{name}"] - 1.5


def test_an_instructor_that_goes_on_keeps_what_its_editor_reads(small):
    stage = make_stage(small, init_from="mini", about=1, verdicts=0, references=0, texts=0)
    assert stage.loss(0)[1]["loss_distillation"] < 1e-6, "it starts as it was"
    with torch.no_grad():
        for parameter in stage.module.instructor.lm_head.parameters():
            parameter.mul_(1.05)
    assert (moved := stage.loss(0)[1]["loss_distillation"]) > 1e-4, "words are tied to the vocabulary"
    others = replace(stage.config, distillation=0.0)
    free = VlmStage(others, small.sampler, small.tokenizer, stage.module.instructor, torch.device("cpu"))
    assert free.loss(0)[1]["loss_distillation"] < 1e-6, "what counts is where it started"
    before = stage.loss(0)[0].item()
    stage.config = others
    assert before - stage.loss(0)[0].item() == pytest.approx(2 * moved, rel=1e-2)
    stage.sampler = SimpleNamespace(patch_size=12)
    assert stage.finish().processor.patch_size == 12, "that of the tower it started from"


def test_what_is_kept_are_the_states_that_an_editor_reads(small):
    stage = make_stage(small, init_from="mini")
    owner = next(
        int(o) for o in small.sampler.pools["about"] if small.sampler.about([o], rng()).packed.instructions.numel()
    )
    batch = small.sampler.about([owner], rng())
    kept = stage._editor_states(score_answers(stage.module, batch).states, batch)
    turns = [k for k, kind in enumerate(batch.packed.kinds) if kind == "plan"]
    ends = [int(batch.packed.question_ends[k, 1]) for k in turns]
    ids, user = batch.packed.ids[0].tolist(), small.tokenizer.convert_tokens_to_ids("<user>")
    said = [ids[max(k for k in range(end) if ids[k] == user) + 1 : end] for end in ends]
    instructor = Instructor(stage.module.instructor, build_mini_processor(small.tokenizer), MINI_TEMPLATE)
    images, texts = [], []
    for tokens in said:
        text = small.tokenizer.decode(tokens)
        read = encode_instruction(instructor, [text], [batch.images[0, 0]]).states[0]
        images, texts = read[: len(read) - len(tokens) - 1], [*texts, read[len(read) - len(tokens) - 1 :]]
    wanted = torch.cat([*texts, images])
    starts = np.cumsum([0, *(len(tokens) + 2 for tokens in said)])[:-1]
    kept = torch.from_numpy(np.delete(kept.detach().numpy(), starts, 0))  # the mark before an instruction is not read
    assert distillation_loss(kept, wanted) < 2e-3, "bfloat16 alone"


def rng():
    return np.random.default_rng(5)


def test_table_by_hand():
    table = summarise(
        {
            "color": [True, True, False, True],
            "shape": [True, False],
            "relation": [True],
            "place": [True, False],
            "where": [True, True],
            "critic/accuracy/yes/exact/none": [True, True, True, False],
            "critic/accuracy/no/copy/none/reasoned": [False, True],
            "critic/overall/no/copy/none": [True],
        }
    )
    assert table["attributes"] == pytest.approx((0.75 + 0.5) / 2)
    assert table["relations"] == 1.0
    assert table["grounding"] == pytest.approx(0.75)
    assert table["critic"] == {"accuracy": pytest.approx(0.625), "overall": 1.0}
    assert table["critic_mean"] == pytest.approx(0.8125)
    assert table["critic_reasoned"] == 0.5
    assert table["kinds"]["color"] == {"accuracy": 0.75, "n": 4}


def test_measure_is_deterministic(small, stage):
    first = measure_answers(stage.module.instructor, small.sampler, rounds=1)
    assert first["kinds"] == measure_answers(stage.module.instructor, small.sampler, rounds=1)["kinds"]
    assert {"caption", "color", "relation", "place", "plan", "which", "references:plan", "text"} <= set(first["kinds"])
    assert set(first["critic"]) == {"accuracy", "preservation", "naturalness", "realism", "overall"}
