from dataclasses import replace

import torch

from vireo.models.chat import MINI
from vireo.training.material import DataConfig, Material


def test_a_cache_is_named_by_all_it_is_made_from(tmp_path):
    """Other pairs, other weights or other settings never read what was made before."""
    model = tmp_path / "vlm" / "model"
    model.mkdir(parents=True)

    def name(data=DataConfig(), weights=b"one", settings=MINI):
        (model / "model.safetensors").write_bytes(weights)
        material = Material(tmp_path, data, 10, torch.device("cpu"), lambda label: lambda done, total: None)
        return material._cache("instructions", model, settings).name

    assert name() == name()
    others = [
        name(data=DataConfig(pairs=(3600, 8000))),
        name(data=DataConfig(seeds=(800_000, 0, 300_000))),
        name(weights=b"two"),
        name(settings=replace(MINI, interleave=2)),
        name(settings=None),
    ]
    assert len({name(), *others}) == 6
