"""How far two pictures are apart for a network: against torchmetrics' own code, and by hand."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from torchmetrics.functional.image import lpips as torch_lpips
from transformers import ResNetConfig, ResNetModel, ViTConfig, ViTModel

from vireo.errors import ModelError
from vireo.models.backbones.lpips import Lpips, squeezenet_features
from vireo.models.backbones.structure import StructureBackbone

PICTURES = np.random.default_rng(0).integers(0, 256, (4, 40, 61, 3), dtype=np.uint8)


def test_structure_distance_by_hand(tmp_path):
    """Keys of the last layer computed from what goes into it, of a picture that is wider than the model's own."""
    a, b = PICTURES[0, :40, :60], PICTURES[1, :40, :60]
    torch.manual_seed(0)
    small = {"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    ViTModel(ViTConfig(**small, image_size=32, patch_size=8), add_pooling_layer=False).save_pretrained(tmp_path)
    eye, model = StructureBackbone(str(tmp_path)), ViTModel.from_pretrained(tmp_path).eval()
    mean, spread = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    matrices = []
    for frame in (a, b):
        small = torch.from_numpy(frame).permute(2, 0, 1)[None].float()
        small = torch.nn.functional.interpolate(small, (224, 336), mode="bilinear", antialias=True)
        pixels = ((small[0].permute(1, 2, 0).numpy() - mean) / spread).transpose(2, 0, 1)[None].astype(np.float32)
        with torch.no_grad():
            states = model(torch.from_numpy(pixels), interpolate_pos_encoding=True, output_hidden_states=True)
            block = model.layers[-1]
            keys = block.attention.k_proj(block.layernorm_before(states.hidden_states[-2]))[0].numpy()
        assert len(keys) == 1 + 28 * 42
        norms = np.linalg.norm(keys, axis=1)
        matrices.append(keys @ keys.T / np.outer(norms, norms))
    expected = np.square(matrices[0] - matrices[1]).mean()
    assert eye.distance(a, b) == pytest.approx(expected, rel=1e-4)
    assert eye.distance(a, a) == 0
    assert expected > 1e-6


def test_a_model_without_keys_has_no_structure(tmp_path):
    ResNetModel(ResNetConfig(embedding_size=8, hidden_sizes=[8, 8], depths=[1, 1])).save_pretrained(tmp_path)
    with pytest.raises(ModelError, match=str(tmp_path)):
        StructureBackbone(str(tmp_path))


def test_lpips_is_torchmetrics(tmp_path, monkeypatch):
    """Its own code, which only lacks torchvision's network here, with the published weights of the channels."""
    torch.manual_seed(0)
    network = squeezenet_features()
    torch.save({f"features.{key}": t for key, t in network.state_dict().items()}, tmp_path / "squeezenet1_1-0.pth")
    shutil.copy(Path(torch_lpips.__file__).parent / "lpips_models" / "squeeze.pth", tmp_path)
    monkeypatch.setattr(torch_lpips, "_get_tv_model_features", lambda *given: network)
    theirs = torch_lpips._LPIPS(net="squeeze")
    ours = Lpips(str(tmp_path))
    for a, b in zip(PICTURES[:2], PICTURES[2:], strict=True):
        pixels = (torch.from_numpy(frame).permute(2, 0, 1)[None].float() / 127.5 - 1 for frame in (a, b))
        expected = theirs(*pixels).item()
        assert ours.distance(a, b) == pytest.approx(expected, abs=1e-6)
        assert expected > 1e-3
    assert ours.distance(a, a) == 0
    (tmp_path / "squeeze.pth").unlink()
    with pytest.raises(ModelError, match=r"squeeze\.pth"):
        Lpips(str(tmp_path))


def test_squeezenet_is_torchvisions():
    """Names and sizes of the published file's tensors: 1,235,496 numbers less the classifier's 513,000."""
    state = squeezenet_features().state_dict()
    assert sum(tensor.numel() for tensor in state.values()) == 1_235_496 - 513_000
    assert {name.split(".")[0] for name in state} == {"0", "3", "4", "6", "7", "9", "10", "11", "12"}
    assert state["12.expand3x3.weight"].shape == (256, 64, 3, 3)
