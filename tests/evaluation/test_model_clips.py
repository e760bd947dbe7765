"""What a model edits for the evaluation: batches, the gate, and who carries an edit out."""

from dataclasses import replace

import numpy as np
from rule_editor import RuleEditor, scene

from vireo.evaluation import runner
from vireo.evaluation.config import EvaluationConfig
from vireo.evaluation.editors import ModelClips
from vireo.evaluation.pair_clips import load_pair_clips
from vireo.pairs.format import read_pairs
from vireo.types import EditSettings
from vireo.video.operations import OPERATIONS


def test_batches_give_what_single_edits_give_and_the_gate_leaves_the_raw_result_alone(pairs_dir):
    class Batched(RuleEditor):
        def batch(self):
            return 3

    pairs = list(read_pairs(pairs_dir))[:3]
    frames, discs = scene(9)
    clips = [replace(load_pair_clips(pairs_dir, pair), source=frames) for pair in pairs]
    texts = ["red to blue", "darker", "make the ball darker"]
    jobs = [runner.Job(pair, "plain", text, "") for pair, text in zip(pairs, texts, strict=True)]
    source = ModelClips(Batched(), EditSettings(steps=3, seed=7))
    together = source.edit(jobs, clips)
    assert source.editor.lengths == [9, 9, 9], "each clip is edited once"
    for job, pair, batched in zip(jobs, clips, together, strict=True):
        single = source.edit([job], [pair])[0]
        np.testing.assert_array_equal(single.composited, batched.composited)
        np.testing.assert_array_equal(single.raw, batched.raw)
        np.testing.assert_array_equal(single.region, batched.region)
    recolored, darkened, absent = together
    assert recolored.composited[discs][:, 2].mean() > 200
    assert darkened.region.all()
    assert (absent.composited == frames).all()
    assert not absent.region.any()
    assert (absent.raw != frames).any(), "the model's own result is scored all the same"


def test_exact_edits_are_scored_beside_those_of_the_model_only_where_asked(pairs_dir):
    pairs = list(read_pairs(pairs_dir))[:2]
    clips = [replace(load_pair_clips(pairs_dir, pair), source=scene(9)[0]) for pair in pairs]
    jobs = [
        runner.Job(pair, "plain", text, "") for pair, text in zip(pairs, ("make it sepia", "red to blue"), strict=True)
    ]
    for executor, count in (("model", 2), ("auto", 1)):
        source = ModelClips(RuleEditor(), EditSettings(executor=executor))
        sepia, blue = source.edit(jobs, clips)
        assert len(source.editor.lengths) == count
        exact = np.array_equal(sepia.composited, OPERATIONS["sepia"](clips[0].source))
        assert exact == np.array_equal(sepia.raw, sepia.composited) == bool(sepia.region.all()) == (executor == "auto")
        assert (blue.composited != clips[1].source).any()
    assert EvaluationConfig(model="mini").edit.executor == "model"
