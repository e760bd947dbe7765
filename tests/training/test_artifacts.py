from dataclasses import replace

import numpy as np
import pytest
import torch

from vireo.errors import InputError
from vireo.instruction_tuning.pictures import STILLS
from vireo.models.editors.mini import MINI_TEMPLATE
from vireo.training.artifacts import Artifacts
from vireo.training.pair_sets import DataConfig
from vireo.video.io import read_clip


def test_a_cache_is_named_by_all_it_is_made_from(tmp_path):
    """Other pairs, other weights or other settings never read what was made before."""
    model = tmp_path / "vlm" / "model"
    model.mkdir(parents=True)

    def name(data=DataConfig(), weights=b"one", settings=MINI_TEMPLATE):
        (model / "model.safetensors").write_bytes(weights)
        artifacts = Artifacts(tmp_path, data, 10, torch.device("cpu"), lambda label: lambda done, total: None)
        return artifacts.pair_sets.cache("instructions", model, settings).name

    assert name() == name()
    others = [
        name(data=DataConfig(pairs=(3600, 8000, 9000))),
        name(data=DataConfig(seeds=(800_000, 0, 300_000))),
        name(weights=b"two"),
        name(settings=replace(MINI_TEMPLATE, interleave=2)),
        name(settings=None),
    ]
    assert len({name(), *others}) == 6


@pytest.mark.parametrize(
    "data", [DataConfig(pairs=(9,)), DataConfig(edits=(9,)), DataConfig(edits_families=(("add",),))]
)
def test_parts_that_are_only_half_described_are_refused(tmp_path, data):
    with pytest.raises(InputError, match="of different lengths"):
        Artifacts(tmp_path, data, 10, torch.device("cpu"), lambda label: lambda done, total: None)


def test_clip_and_instructor_see_every_scene_of_the_further_parts(tmp_path):
    data = DataConfig(
        pairs=(2,), seeds=(0,), edits=(4,), edits_seeds=(300_000,), edits_families=(("recolor", "remove"),), footage=0
    )
    artifacts = Artifacts(tmp_path, data, 10, torch.device("cpu"), lambda label: lambda done, total: None)
    shown, further = artifacts.pictures, artifacts.pair_sets.read(next(artifacts.pair_sets.edit_parts()))
    assert len(artifacts.pair_sets.pairs) == 2
    assert {pair.source for pair in further} <= set(shown.number)
    assert len({pair.target for pair in further} & set(shown.number)) == len({pair.source for pair in further})
    for path, number in shown.number.items():
        assert np.array_equal(shown.still(number, 1), read_clip(tmp_path / "data" / path).frames[STILLS[1]])
