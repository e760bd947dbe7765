"""`vireo train mini` from nothing, as small as it can be: every stage runs, stops, goes on, and the result edits."""

import json

import numpy as np
import pytest
from safetensors import safe_open

from vireo.errors import InputError
from vireo.training.mini import train

SMALL = {
    "data.pairs": "[8, 12]",
    "data.seeds": "[800000, 0]",
    "data.validation_pairs": "12",
    "data.edits": "[9]",
    "data.edits_seeds": "[300000]",
    "data.edits_families": '[["recolor", "replace"]]',
    "data.footage": "8",
    "vae.latent_channels": "8",
    "vae.width": "16",
    "t2v.transformer.heads": "2",
    "t2v.transformer.head_width": "16",
    "t2v.transformer.double_blocks": "1",
    "t2v.transformer.single_blocks": "1",
    **{f"{stage}.loop.steps": "3" for stage in ("vae", "clip", "vlm", "t2v", "editor")},
    **{f"{stage}.loop.batch_size": "4" for stage in ("vae", "clip", "vlm", "t2v", "editor")},
    **{f"{stage}.loop.compile_blocks": "false" for stage in ("t2v", "editor")},
    "editor.loop.sample_every": "3",
}


@pytest.fixture(scope="module")
def workdir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mini")
    assert train("vae", folder, overrides=SMALL, minutes=0.0) is False
    stages = set()
    assert train("mini", folder, overrides=SMALL, on_progress=lambda p: stages.add(p.stage)) is True
    assert {"vae", "clip", "vlm", "t2v", "editor"} <= stages
    return folder


def test_the_result_edits_a_clip(workdir):
    from vireo import VireoPipeline

    pipe = VireoPipeline.from_pretrained(workdir / "mini")
    pipe.set_progress_bar_config(disable=True)
    frames = pipe("make it night", np.zeros((9, 96, 96, 3), np.uint8)).frames
    assert frames.shape == (1, 9, 96, 96, 3)
    assert np.isfinite(frames).all()


def test_weights_are_half_precision_and_say_where_they_come_from(workdir):
    files = sorted((workdir / "mini").rglob("*.safetensors"))
    assert {path.parent.name for path in files} == {"vae", "transformer", "instructor"}
    for path in files:
        with safe_open(path, "pt") as weights:
            assert weights.metadata()["command"] == "vireo train mini"
            assert weights.get_slice(next(iter(weights.keys()))).get_dtype() == "F16"


def test_measures_and_the_resolved_configuration_are_kept(workdir):
    assert json.loads((workdir / "config.json").read_text())["vae"]["width"] == 16
    assert 0 <= json.loads((workdir / "clip" / "metrics.json").read_text())["retrieval"] <= 1
    assert "critic_mean" in json.loads((workdir / "vlm" / "metrics.json").read_text())
    line = json.loads((workdir / "editor" / "validation.jsonl").read_text().splitlines()[-1])
    assert line["step"] == 3
    assert set(line["success"]) >= {"recolor", "remove", "all"}


def test_a_finished_run_does_nothing_twice(workdir):
    before = (workdir / "vae" / "checkpoint.pt").stat().st_mtime_ns
    assert train("vae", workdir, overrides=SMALL) is True
    assert (workdir / "vae" / "checkpoint.pt").stat().st_mtime_ns == before


def test_a_stage_out_of_order_names_what_is_missing(tmp_path):
    with pytest.raises(InputError, match="vireo train clip"):
        train("vlm", tmp_path, overrides=SMALL)
