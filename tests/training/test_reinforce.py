import numpy as np
import pytest
import torch
from rule_editor import RuleEditor, scene
from torch.nn.functional import cross_entropy

from vireo.instruction_tuning.studio_vocabulary import studio_vocabulary
from vireo.models.weights import Bundle
from vireo.reasoning.exact_twin import exact_twin
from vireo.reasoning.hops import STOP, Language
from vireo.reasoning.plan import Plan, Step
from vireo.reasoning.planning import Planning
from vireo.reasoning.reasoner.mini import ReasonerConfig, build_model
from vireo.reasoning.reasoner.prompt import build_tokenizer
from vireo.reasoning.reasoner.protocol import Reasoner
from vireo.reasoning.reasoner.sampling import SamplingWriter, word_log_probs
from vireo.training.loop import run
from vireo.training.plan_rewards import EditQuality, accuracy
from vireo.training.stage import LoopConfig
from vireo.training.stages.reinforce import ReinforceConfig, ReinforceStage, Task
from vireo.types import EditPair
from vireo.video.io import write_lossless
from vireo.world.happenings import sample_happening
from vireo.world.render import render

VOCABULARY = studio_vocabulary()
LANGUAGE = Language(VOCABULARY)
QUERY = "make it night"
LOOP = LoopConfig(steps=4, batch_size=2, learning_rate=3e-3, warmup=1, dtype="float32", compile_blocks=False)


@pytest.fixture(scope="module")
def twin():
    scene = sample_happening(900_001)
    return exact_twin(scene, render(scene))


def bundle(seed=0):
    torch.manual_seed(seed)
    tokenizer = build_tokenizer(VOCABULARY)
    return Bundle(
        build_model(len(tokenizer), ReasonerConfig(width=32, layers=1, heads=2, hidden=32, longest=40)), tokenizer
    )


def written(twin, *calls):
    planning = Planning(QUERY, twin, LANGUAGE)
    for call in calls:
        planning.take(call)
    return planning.plan("studio")


def stage(twin, quality=None, loop=LOOP, **settings):
    true = written(twin, "light light=night", "end")
    config = ReinforceConfig(**{"group": 4, "loop": loop, **settings})
    return ReinforceStage(
        config, bundle(), VOCABULARY, lambda rng: Task(QUERY, twin, true), quality, torch.device("cpu")
    )


def test_what_is_written_is_valid_and_as_likely_as_it_was_drawn(twin):
    made = bundle()
    writer = SamplingWriter(made.model, made.processor, VOCABULARY)
    for seed in range(6):
        writer.begin(seed)
        Reasoner(writer, VOCABULARY).plan(QUERY, twin)
        assert writer.spoken
        log_probs, valid = word_log_probs(made.model, writer.spoken)
        for call, row, there in zip(writer.spoken, log_probs, valid, strict=True):
            assert there.sum() == len(call.words)
            assert call.words[-1] == writer.prompter.table[STOP]
            chance = 1.0
            for place in range(len(call.words)):
                ids = torch.tensor([[*call.context, *call.words[:place]]])
                logits = made.model(input_ids=ids).logits[0, -1]
                allowed = list(call.allowed[place])
                chance *= logits[allowed].softmax(0)[allowed.index(call.words[place])].item()
            assert row[there].sum().exp().item() == pytest.approx(chance, rel=1e-3)


def test_the_same_seed_writes_the_same(twin):
    made = bundle()
    writer = SamplingWriter(made.model, made.processor, VOCABULARY)

    def texts(seed):
        writer.begin(seed)
        Reasoner(writer, VOCABULARY).plan(QUERY, twin)
        return writer.spoken

    assert texts(1) == texts(1)
    assert any(texts(1) != texts(seed) for seed in range(2, 6))


def test_accuracy_is_half_for_the_edit_and_a_quarter_each_for_parameters_and_time(twin):
    true = written(twin, "light light=night", "end")
    other = written(twin, "light light=sunset", "end")
    late = written(twin, "during second-half", "light light=night when #1", "end")
    assert [accuracy(plan, true) for plan in (true, other, late)] == [1.0, 0.75, 0.75]
    assert accuracy(written(twin, "light light=night", "light light=night", "end"), true) == 0
    assert accuracy(Plan(query=QUERY, steps=(), fallback="none"), true) == 0


def test_before_the_first_update_the_gain_is_the_mean_advantage_and_nothing_diverges(twin):
    made = stage(twin, updates=1, beta=0.5)
    loss, figures = made.loss(0)
    assert figures["divergence"] == 0
    advantages = made._draw.advantages
    assert loss.item() == pytest.approx(-advantages.mean().item(), abs=1e-6)


def test_of_plans_that_are_as_likely_it_learns_the_one_that_is_worth_most(twin):
    loop = LoopConfig(steps=1, batch_size=1, learning_rate=1e-2, dtype="float32", compile_blocks=False)
    made = stage(twin, loop=loop, group=16, updates=2, beta=0.0)
    optimizer = torch.optim.Adam(made.module.parameters(), lr=1e-2)

    def learn(loss):
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    prompter, rows = made.writer.prompter, []
    for first in ("light light=night", "light light=sunset", "style style=a_cartoon"):
        calls = [first, "end"]
        rows.append([*prompter.query(QUERY), *(token for call in calls for token in prompter.call(call))])
    for _ in range(60):
        logits = made.module(input_ids=torch.tensor(rows)).logits
        learn(cross_entropy(logits[:, :-1].flatten(0, 1), torch.tensor(rows)[:, 1:].flatten()))
    rewards = []
    for step in range(40):
        loss, figures = made.loss(step)
        rewards.append(figures["reward"])
        learn(loss)
    assert np.mean(rewards[:4]) < 0.8
    assert np.mean(rewards[-4:]) > 0.95


def test_a_run_that_was_cut_off_between_two_updates_of_a_draw_goes_on_to_the_same_weights(twin, tmp_path):
    whole, parts = stage(twin), stage(twin)
    run(whole, tmp_path / "whole")
    run(parts, tmp_path / "parts", minutes=0.0)
    resumed = stage(twin)
    run(resumed, tmp_path / "parts")
    for one, other in zip(whole.module.parameters(), resumed.module.parameters(), strict=True):
        assert torch.equal(one, other)


def test_quality_is_how_near_the_result_is_to_the_exact_one(tmp_path):
    """The rule editor turns red discs blue; a plan that does so is exact but for the editor's blur."""
    frames, discs = scene(9)
    target = np.where(discs[..., None], frames[..., ::-1], frames)
    for name, clip in (("source", frames), ("target", target)):
        write_lossless(tmp_path / f"{name}.mkv", clip, 8)
    write_lossless(tmp_path / "mask.mkv", discs.astype(np.uint8) * 255, 8, gray=True)
    names = {"source": "source.mkv", "target": "target.mkv", "mask": "mask.mkv"}
    words = {"instruction": "i", "paraphrases": [], "source_caption": "s", "target_caption": "t"}
    rest = {"id": "p", "family": "recolor", "seed": 0, "split": "train", "scene": {}, "target_scene": {}}
    pair = EditPair.model_validate(names | words | rest)
    editor = RuleEditor()
    quality = EditQuality(tmp_path, editor)

    def planned(text):
        return Plan(query="q", steps=(Step(operation="recolor", instruction=text, parameters={"color": "blue"}),))

    assert quality(pair, Plan(query="q", steps=(), fallback="none")) == 0
    assert quality(pair, planned("darker")) < 0.3
    assert quality(pair, planned("red to blue")) > 0.8
    count = len(editor.lengths)
    assert quality(pair, planned("red to blue")) > 0.8
    assert len(editor.lengths) == count, "computed again"
