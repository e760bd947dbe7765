"""Stage `reasoner`: what is learned is calls, and a run can be broken and gone on with."""

import numpy as np
import pytest
import torch

from vireo.errors import InputError
from vireo.reasoning.query_language.drawing import imagine_query
from vireo.reasoning.reasoner.mini import ReasonerConfig
from vireo.reasoning.reasoner.opening import open_reasoner
from vireo.training import mini
from vireo.training.stage import LoopConfig
from vireo.training.stages.reasoner import IGNORED, ReasonerStage, ReasonerStageConfig, padded

TINY = {"reasoner.model.width": 32, "reasoner.model.layers": 1, "reasoner.model.heads": 2, "reasoner.model.hidden": 32}


@pytest.fixture(scope="module")
def stage():
    loop = LoopConfig(steps=60, batch_size=8, learning_rate=3e-3, warmup=5, compile_blocks=False)
    config = ReasonerStageConfig(model=ReasonerConfig(width=32, layers=1, heads=2, hidden=32), loop=loop)
    return ReasonerStage(config, torch.device("cpu"))


def test_only_calls_are_learned(stage):
    names = {place: word for word, place in stage.prompter.table.items()}
    for number in range(40):
        query = imagine_query(0, number, stage.vocabulary)
        ids, labels = stage.example(query, np.random.default_rng(number))
        assert len(ids) == len(labels)
        learned = [names[label] for label in labels if label != IGNORED]
        assert " ".join(learned) == " ".join(f"{stage.language.print(call)} ;" for call in query.calls)
        assert all(label in (IGNORED, token) for token, label in zip(ids, labels, strict=True))
        asks = sum(stage.language.kind(call) is not None for call in query.calls)
        assert sum(names[token] == "#1" for token in ids) >= (asks > 0)


def test_steps_repeat_and_differ(stage):
    losses = [stage.loss(step)[0].item() for step in range(10)]
    assert losses == [stage.loss(step)[0].item() for step in range(10)]
    assert len(set(losses)) == 10
    assert losses[0] == pytest.approx(np.log(len(stage.tokenizer)), rel=0.1)


def test_rows_are_padded_behind():
    ids, labels = padded([([5, 6, 7], [IGNORED, 6, 7]), ([5], [5])])
    assert ids.tolist() == [[5, 6, 7], [5, 0, 0]]
    assert labels.tolist() == [[IGNORED, 6, 7], [5, IGNORED, IGNORED]]


def test_other_words_are_another_run(stage):
    stage.load_state_dict(stage.state_dict())
    with pytest.raises(InputError, match="words"):
        stage.load_state_dict({"words": ["ball"]})


def test_training_makes_a_reasoner(tmp_path):
    settings = TINY | {"reasoner.loop.steps": 3, "reasoner.loop.batch_size": 4}
    losses = []
    assert mini.train("reasoner", tmp_path, overrides=settings, on_progress=lambda now: losses.append(now.loss))
    reasoner = open_reasoner(tmp_path / "reasoner" / "model")
    plan = reasoner.plan("make the red ball blue")
    assert bool(plan.steps) != (plan.fallback is not None)
    assert losses
    assert mini.train("reasoner", tmp_path, overrides=settings), "finished already"
