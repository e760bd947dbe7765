"""Edit-GRPO from settings and pair sets to files."""

import multiprocessing
from dataclasses import replace

import numpy as np
import pytest
import torch
from edit_stage import MIXED, NOISE, clip, stage
from safetensors.torch import load_file
from tiny_editor import tiny_pipeline

from vireo.errors import InputError
from vireo.models.editors.viva import VireoPipeline
from vireo.pairs.format import read_pairs
from vireo.rewards.opening import RewardsConfig
from vireo.training import mini
from vireo.training.edit_tasks import SetTasks, task_of
from vireo.types import EditPair, PairFiles
from vireo.video.io import write_lossless


def test_where_the_data_allow_a_change_the_rewards_know(tmp_path):
    mask = np.zeros((5, 32, 32, 3), np.uint8)
    mask[:, 8:16, 8:16] = 255
    write_lossless(tmp_path / "s.mkv", clip(0), 8)
    write_lossless(tmp_path / "m.mkv", mask, 8)
    facts = {"source": "s.mkv", "target": "s.mkv", "mask": "m.mkv", "source_caption": "", "target_caption": "a ball"}
    found = task_of(tmp_path, PairFiles(id="1", family="remove", instruction="i", paraphrases=[], **facts))
    assert found.region is not None
    assert found.region[:, 8:16, 8:16].all()
    assert not found.region[:, 20:].any()
    assert found.target_caption == "a ball"
    other = {"target": "s.mkv", "mask": "o.mkv", "target_caption": "a cone", "target_scene": {}}
    mask[:] = 0
    mask[:, 20:28, 20:28] = 255
    write_lossless(tmp_path / "o.mkv", mask, 8)
    pair = PairFiles(id="1", family="open", instruction="i", paraphrases=[], alternatives=[other], **facts)
    open_task = task_of(tmp_path, pair)
    assert np.array_equal(open_task.region[:, :18], found.region[:, :18])
    assert open_task.region[:, 20:28, 20:28].all()
    assert open_task.target_caption == "", "each of the results has another"
    made = stage(tasks=lambda rng: found)
    made.loss(0)
    assert all(np.array_equal(sample.region, found.region) for sample in made.panel.samples)


def test_what_does_not_fit_together_is_refused():
    for settings, words in (
        ({"exploration": MIXED}, "stochastic steps alone"),
        ({"exploration": replace(NOISE, window=3)}, "a window of 3 of 2"),
        ({"objective": "nft", "exploration": replace(MIXED, window=0)}, "the same noise"),
        ({"rewards": RewardsConfig(weights={"critc": 1.0})}, "no reward 'critc'"),
    ):
        with pytest.raises(InputError, match=words):
            stage(**settings)


def test_tasks_are_mixed_by_a_share(tmp_path):
    write_lossless(tmp_path / "s.mkv", clip(0), 8)
    facts = {"source": "s.mkv", "target": "s.mkv", "mask": "s.mkv", "source_caption": "", "target_caption": ""}
    pairs = [
        PairFiles(id=str(n), family=family, instruction=family, paraphrases=[], **facts)
        for n, family in enumerate(["hybrid", "recolor", "recolor", "remove"])
    ]
    tasks = SetTasks(tmp_path, pairs, hybrid=0.7)
    drawn = [tasks(np.random.default_rng(seed)).instruction for seed in range(60)]
    assert 0.5 < np.mean([text == "hybrid" for text in drawn]) < 0.9
    assert set(drawn) == {"hybrid", "recolor", "remove"}
    with pytest.raises(InputError, match="no hybrid edits"):
        SetTasks(tmp_path, pairs[1:], hybrid=0.5)


def test_vireo_train_grpo_leaves_a_pipeline_and_lora_files(tmp_path):
    tiny_pipeline(steps=1, guidance=1.0).save_pretrained(tmp_path / "tiny")
    folder = tmp_path / "pairs"
    (folder / "videos").mkdir(parents=True)
    write_lossless(folder / "videos" / "s.mkv", clip(0), 8)
    video = "videos/s.mkv"
    pair = EditPair(
        id="a",
        family="remove",
        source=video,
        target=video,
        mask=video,
        instruction="remove the cube",
        paraphrases=["take it away"],
        source_caption="a cube",
        target_caption="nothing",
        seed=1,
        split="train",
        scene={},
        target_scene={},
    )
    (folder / "pairs.jsonl").write_text(pair.model_dump_json() + "\n")
    assert list(read_pairs(folder))
    settings = {
        "grpo.init_from": str(tmp_path / "tiny"),
        "grpo.pair_sets": f'["{folder}"]',
        "grpo.hybrid": "0",
        "grpo.rewards.weights": '{"seen change": 1.0}',
        "grpo.exploration.plan": "0",
        "grpo.exploration.steps": "3",
        "grpo.audit.every": "0",
        "grpo.rank": "4",
        "grpo.loop.steps": "2",
        "grpo.loop.sample_every": "2",
    }
    wrong = settings | {"grpo.rewards.weights": '{"critc": 1.0}', "grpo.pair_sets": '["nowhere"]'}
    with pytest.raises(InputError, match="no reward 'critc'"):  # told before the sets are opened
        mini.train("grpo", tmp_path / "wrong", overrides=wrong)
    assert mini.train("grpo", tmp_path / "run", overrides=settings)
    assert not multiprocessing.active_children()  # the process of the rewards has ended
    made = tmp_path / "run" / "grpo"
    assert (made / "samples" / "000002.png").exists()
    assert any("img_attn_qkv" in name for name in load_file(made / "lora" / "comfyui.safetensors"))
    pipe = VireoPipeline.from_pretrained(made / "model")
    beside = VireoPipeline.from_pretrained(tmp_path / "tiny")
    beside.load_lora_weights(made / "lora", weight_name="pytorch_lora_weights.safetensors")
    for each in (pipe, beside):
        each.set_progress_bar_config(disable=True)
    frames = [
        each("remove the cube", clip(0), generator=torch.Generator().manual_seed(0)).frames[0]
        for each in (pipe, beside)
    ]
    np.testing.assert_allclose(frames[0], frames[1], atol=0.02)
    assert mini.train("grpo", tmp_path / "run", overrides=settings)  # is done
