"""The ladder's table on outcomes made up beforehand, and a whole run_ablation of two steps a run."""

import json
from dataclasses import replace

import numpy as np
import pytest
from safetensors.torch import load_file

from vireo.errors import InputError
from vireo.evaluation.ablation.run import TEST_SEED, AblationConfig, run_ablation
from vireo.evaluation.ablation.table import ablation_table, as_markdown
from vireo.evaluation.ablation.variants import IMAGE_ONLY, VARIANTS
from vireo.evaluation.records import Record
from vireo.metrics.truth import EditScore
from vireo.training.stages.editor import EditorStage


def edit_score(success, error, outside):
    return EditScore(success=success, success_loose=True, edit_error=error, outside_psnr=outside, changed=0.1)


def record(name, family, success, error):
    score = edit_score(success, error, 40.0)
    nothing = edit_score(False, 1.0, 100.0)
    rest = dict.fromkeys(("raw", "oracle_vae", "region_recall", "region_excess"))
    facts = {"key": name, "id": name, "family": family, "condition": "plain", "instruction": "do it", "seconds": 1.0}
    return Record(**facts, **rest, composited=score, do_nothing=nothing, target_itself=nothing)


def outcomes(rate, families, seeds=3, n=40):
    """`rate` of all pairs succeed, other ones with every seed."""
    random = np.random.default_rng(0)
    return {
        seed: {
            f"{family}{k}": record(f"{family}{k}", family, bool(random.random() < rate[family]), 1 - rate[family])
            for family in families
            for k in range(n)
        }
        for seed in range(seeds)
    }


def test_table_of_known_outcomes():
    families = ["remove", "add", "style", "hybrid"]
    low = outcomes({"remove": 0.5, "add": 0.5, "style": 0.1, "hybrid": 0.0}, families)
    high = outcomes({"remove": 0.5, "add": 0.5, "style": 0.9, "hybrid": 1.0}, families)
    found = ablation_table({"+V+M": low, "+V+M+I": high})
    style = found["tasks"]["+V+M+I"]["style"]["success"]
    exact = np.mean([r.composited.success for runs in high.values() for r in runs.values() if r.family == "style"])
    assert style["rate"] == pytest.approx(exact)
    assert style["low"] < exact < style["high"]
    assert style["n"] == 120
    assert "hybrid" not in found["tasks"]["+V+M"]
    step = found["steps"]["+V+M+I against +V+M"]
    assert step["image only"]["holds"]
    assert step["image only"]["edit_error"]["rate"] == pytest.approx(-0.8)
    assert not step["videos"]["holds"]
    groups = found["groups"]["+V+M+I"]
    tasks = [found["tasks"]["+V+M+I"][task]["success"]["rate"] for task in ("remove", "add", "style")]
    assert groups["all"]["success"]["rate"] == pytest.approx(np.mean(tasks)), "tasks weigh the same"
    text = as_markdown(found)
    assert "| style |" in text
    assert "image only: +" in text
    assert "videos: " in text
    assert text.count("within chance") >= 1


def test_equal_variants_do_not_hold():
    """Two variants that differ by chance alone: in 40 draws an interval leaves 0 out at most a few times."""
    wrong = 0
    for draw in range(40):
        random = np.random.default_rng(draw)
        one, two = (
            {
                s: {f"r{k}": record(f"r{k}", "remove", bool(random.random() < 0.5), 0.5) for k in range(30)}
                for s in range(3)
            }
            for _ in range(2)
        )
        wrong += ablation_table({"vanilla": one, "+V": two})["steps"]["+V against vanilla"]["all"]["holds"]
    assert wrong <= 6


def test_a_climb(tmp_path, monkeypatch):
    """Two variants, two steps each: every run differs as its variant says, is scored, and is not made twice."""
    made, stage_of = [], EditorStage.__init__

    def watched(self, config, base, studio, *rest):
        made.append((config, studio[0].conditioning))
        stage_of(self, config, base, studio, *rest)

    monkeypatch.setattr(EditorStage, "__init__", watched)
    settings = AblationConfig(pairs=12, steps=2, batch=2, base_steps=1, tests=3, compile_blocks=False)
    runs = {"seeds": [5], "variants": ["vanilla", "+V+M+I"], "command": "vireo ladder"}
    report = run_ablation(tmp_path, settings, **runs)
    (plain, blind), (full, seeing) = made
    assert (plain.mask_share, plain.mixture.image, plain.mixture.reference, plain.loop.seed) == (0, 0, 0, 5)
    assert full.mask_share > 0
    assert full.mixture.image == 0.6
    assert full.mixture.image_only == plain.mixture.image_only == IMAGE_ONLY
    assert len(seeing.tokens) > 1.5 * len(blind.tokens), "the states of a picture are there"
    homes = [tmp_path / "runs" / name for name in ("vanilla-5", "VMI-5")]
    configs = [json.loads((home / "mini" / "model_index.json").read_text()) for home in homes]
    assert [config["wiring"]["instructor_sees"] for config in configs] == [False, True]
    assert [config["wiring"]["reference_latents"] for config in configs] == [False, False]
    assert full.mixture.reference_plain
    weights = [load_file(next((home / "mini" / "transformer").glob("*.safetensors"))) for home in homes]
    assert any((weights[0][name] != weights[1][name]).any() for name in weights[0])
    assert set(report["groups"]) == {"vanilla", "+V+M+I"}
    assert json.loads((tmp_path / "ladder.json").read_text()) == report
    before = (tmp_path / "ladder.md").read_text()
    assert run_ablation(tmp_path, settings, **runs) == report
    assert len(made) == 2
    assert (tmp_path / "ladder.md").read_text() == before
    with pytest.raises(InputError, match="other settings"):
        run_ablation(tmp_path, replace(settings, steps=3), **runs)


def test_wrong_variants(tmp_path):
    assert list(VARIANTS)[:4] == ["vanilla", "+V", "+V+M", "+V+M+I"]
    with pytest.raises(InputError, match="no variant 'X'"):
        run_ablation(tmp_path, variants=["X"])
    assert TEST_SEED >= 1_000_000
