"""`vireo train mini` from nothing, as small as it can be: every stage runs, stops, goes on, and the result edits."""

import json

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from vireo.config import overridden
from vireo.errors import InputError
from vireo.instruction_tuning.studio_vocabulary import studio_vocabulary
from vireo.models.latents import encode_latents, to_pixels
from vireo.pairs.conditioning_cache import ConditioningCache
from vireo.pairs.imports import import_pairs
from vireo.pairs.mixture import PHRASES
from vireo.reasoning.perception import open_perception
from vireo.training.artifacts import Artifacts
from vireo.training.mini import MiniConfig, train
from vireo.video.io import write_lossless
from vireo.world.families import MOVABLE_FAMILIES

SMALL = {
    "data.pairs": "[8, 12]",
    "vlm.scenes": "12",
    "data.seeds": "[800000, 0]",
    "data.validation_pairs": "12",
    "data.edits": "[9, 2]",
    "data.edits_seeds": "[300000, 962000]",
    "data.edits_families": '[["recolor", "replace"], ["open"]]',
    "data.footage": "8",
    "vae.latent_channels": "8",
    "vae.width": "16",
    "t2v.transformer.heads": "2",
    "t2v.transformer.head_width": "16",
    "t2v.transformer.double_blocks": "1",
    "t2v.transformer.single_blocks": "1",
    **{f"{stage}.loop.steps": "3" for stage in ("vae", "clip", "vlm", "t2v", "editor", "reasoner")},
    **{f"{stage}.loop.batch_size": "4" for stage in ("vae", "clip", "vlm", "t2v", "editor", "reasoner")},
    **{f"{stage}.loop.compile_blocks": "false" for stage in ("t2v", "editor")},
    "editor.loop.sample_every": "3",
    "perception.scenes": "6",
    "perception.validation_scenes": "4",
    "perception.embedding": "16",
    "perception.widths": "[16, 16, 16, 16]",
    "perception.depths": "[1, 1, 1, 1]",
    "perception.hidden": "16",
    "perception.loop.steps": "3",
    "perception.loop.batch_size": "4",
}


@pytest.fixture(scope="module")
def workdir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mini")
    assert train("vae", folder, overrides=SMALL, minutes=0.0) is False
    stages = set()
    assert train("mini", folder, overrides=SMALL, on_progress=lambda p: stages.add(p.stage)) is True
    assert {"vae", "clip", "vlm", "t2v", "editor", "perception", "reasoner"} <= stages
    return folder


def test_the_result_edits_a_clip(workdir):
    from vireo import VireoPipeline

    pipe = VireoPipeline.from_pretrained(workdir / "mini")
    pipe.set_progress_bar_config(disable=True)
    frames = pipe("make it night", np.zeros((9, 96, 96, 3), np.uint8)).frames
    assert frames.shape == (1, 9, 96, 96, 3)
    assert np.isfinite(frames).all()
    assert pipe.facts.vocabulary == studio_vocabulary(["open"]), "it declares what it was trained on"


def test_weights_are_half_precision_and_say_where_they_come_from(workdir):
    files = sorted((workdir / "mini").rglob("*.safetensors"))
    assert {path.parent.name for path in files} == {"vae", "transformer", "instructor", "familiarity"}
    for path in files:
        with safe_open(path, "pt") as weights:
            assert weights.metadata()["command"] == "vireo train mini"
            assert weights.get_slice(next(iter(weights.keys()))).get_dtype() == "F16"


def test_perception_is_trained_and_opened(workdir):
    """By the same command; it stands beside the pipeline, in half precision, and says where it comes from."""
    twin = open_perception(workdir / "perception" / "model").perceive(np.zeros((3, 96, 96, 3), np.uint8), [0, 0.1, 0.2])
    assert twin.frames == 3
    (path,) = (workdir / "perception" / "model").glob("*.safetensors")
    with safe_open(path, "pt") as weights:
        assert weights.metadata()["command"] == "vireo train perception"
        assert "category 0." in weights.metadata()["scores"]
        assert weights.get_slice("decode_head.classifier.weight").get_dtype() == "F16"
    measured = json.loads((workdir / "perception" / "metrics.json").read_text())
    assert {"foreground", "category", "depth", "floor"} <= measured.keys()


def test_measures_and_the_resolved_configuration_are_kept(workdir):
    assert json.loads((workdir / "config.json").read_text())["vae"]["width"] == 16
    assert 0 <= json.loads((workdir / "clip" / "metrics.json").read_text())["retrieval"] <= 1
    assert "critic_mean" in json.loads((workdir / "vlm" / "metrics.json").read_text())
    line = json.loads((workdir / "editor" / "validation.jsonl").read_text().splitlines()[-1])
    assert line["step"] == 3
    assert set(line["success"]) >= {"recolor", "remove", "all"}


def test_an_editor_goes_on_from_another(workdir, tmp_path):
    """Without learning it stays what it was; its autoencoder and instructor come with it."""
    (tmp_path / "data").symlink_to(workdir / "data")
    further = SMALL | {"editor.init_from": str(workdir / "mini"), "editor.shifts": "[[3, -5]]"}
    assert train("editor", tmp_path, overrides=further | {"editor.loop.learning_rate": "0"}) is True
    for part in ("transformer", "vae", "instructor"):
        one, other = (next((folder / "mini" / part).glob("*.safetensors")) for folder in (workdir, tmp_path))
        assert all(torch.equal(a, b) for a, b in zip(load_file(one).values(), load_file(other).values(), strict=True))


def test_an_editor_learns_from_imported_pairs_with_finer_patches(workdir, tmp_path):
    """And from nothing else, here; of the test split nothing is taken."""
    rows = []
    for name in ("one", "two"):
        for role, seed in (("source", 1), ("target", 2)):
            frames = np.random.default_rng(seed).integers(0, 255, (9, 48, 80, 3), dtype=np.uint8)
            path = tmp_path / "ditto/videos" / role / f"{name}.mkv"
            path.parent.mkdir(parents=True, exist_ok=True)
            write_lossless(path, frames, fps=12)
        rows.append({"source_path": f"source/{name}.mkv", "edited_path": f"target/{name}.mkv", "instruction": name})
    (tmp_path / "ditto/training_metadata").mkdir()
    (tmp_path / "ditto/training_metadata/local.json").write_text(json.dumps(rows))
    import_pairs("ditto", tmp_path / "ditto", tmp_path / "pairs")
    (tmp_path / "work").mkdir()
    (tmp_path / "work/data").symlink_to(workdir / "data")
    none = {f"data.{name}": "[]" for name in ("pairs", "seeds", "edits", "edits_seeds", "edits_families")}
    further = SMALL | none | {"data.footage": "0", "editor.init_from": str(workdir / "mini")}
    with pytest.raises(InputError, match="nothing to learn from"):
        train("editor", tmp_path / "work", overrides=further)
    further |= {"data.imported": json.dumps([str(tmp_path / "pairs")]), "editor.patch_size": "1"}
    seen = []
    assert train("editor", tmp_path / "work", overrides=further, on_progress=lambda p: seen.append(p.stage)) is True
    assert "editor" in seen
    for folder, size in ((workdir, 2), (tmp_path / "work", 1)):
        assert json.loads((folder / "mini/transformer/config.json").read_text())["patch_size"] == size
    (states,) = (tmp_path / "work/cache").glob("imported-0-instructions-*")
    assert len(ConditioningCache(states).offsets) == 1 + 2 * (PHRASES + 1)
    pairs = (tmp_path / "pairs/pairs.jsonl").read_text()
    (tmp_path / "pairs/pairs.jsonl").write_text(pairs.replace('"train"', '"test"'))
    with pytest.raises(InputError, match="of the test split"):
        train("editor", tmp_path / "work", overrides=further | {"editor.loop.steps": "6"})


def test_an_editor_goes_on_with_its_own_autoencoder(workdir, tmp_path):
    further = SMALL | {"editor.init_from": str(workdir / "mini")}
    with pytest.raises(InputError, match="vireo train editor"):
        train("mini", tmp_path, overrides=further)
    with pytest.raises(InputError, match="another autoencoder"):
        train("editor", workdir, overrides=SMALL | {"editor.init_from": "mini"})


def test_moved_copies_are_moved_in_all_that_the_editor_learns_from(workdir):
    """By one block of the autoencoder, so that masks move by one place."""
    settings = overridden(MiniConfig(), SMALL)
    progress_for = lambda name: lambda done, total: None  # noqa: E731
    artifacts = Artifacts(workdir, settings.data, 10, torch.device("cpu"), progress_for)
    still, further, opened, moved, moved_further = artifacts.studio_edits(shifts=((8, -8),))
    assert {pair.family for pair in moved.pairs} == {pair.family for pair in still.pairs} & set(MOVABLE_FAMILIES)
    assert [pair.id for pair in moved_further.pairs] == [pair.id for pair in further.pairs]
    assert further.masks.any()
    assert np.array_equal(moved_further.masks[..., 1:, :-1], further.masks[..., :-1, 1:])
    row, frames = moved.source_rows[0], artifacts.pair_sets.frames.frames
    shown = np.pad(frames[row], ((0, 0), (8, 0), (0, 8), (0, 0)), mode="edge")[None, :, :96, 8:]
    latents = encode_latents(artifacts.vae_model, to_pixels(shown, artifacts.device))
    assert np.abs(latents.detach().numpy() - moved.latents.videos[row]).max() < 0.05
    assert not np.array_equal(moved_further.conditioning.pooled, further.conditioning.pooled)
    # Of words that leave a choice every result is there; of all others the one.
    assert np.diff(opened.results).tolist() == [1 + len(pair.alternatives) for pair in opened.pairs]
    assert min(np.diff(opened.results)) > 1
    assert len(set(opened.target_rows)) == len(opened.masks) == opened.results[-1]
    assert further.results.tolist() == [*range(len(further.pairs) + 1)]


def test_a_finished_run_does_nothing_twice(workdir):
    before = (workdir / "vae" / "checkpoint.pt").stat().st_mtime_ns
    assert train("vae", workdir, overrides=SMALL) is True
    assert (workdir / "vae" / "checkpoint.pt").stat().st_mtime_ns == before


@pytest.mark.parametrize(("stage", "missing"), [("vlm", "clip"), ("t2v", "vae"), ("editor", "t2v")])
def test_a_stage_out_of_order_names_what_is_missing_before_it_renders(tmp_path, stage, missing):
    with pytest.raises(InputError, match=f"vireo train {missing}"):
        train(stage, tmp_path, overrides=SMALL)
    assert not (tmp_path / "data").exists()
