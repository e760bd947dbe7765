"""Damaged weights are one clear error."""

import json
import struct

import pytest
import torch
from diffusers import AutoencoderKL
from safetensors.torch import save_file

from vireo.errors import ModelError
from vireo.models.weights import check_weights, foreign_weights, read_header


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "vae").mkdir()
    save_file(
        {
            "a": torch.arange(6.0).reshape(2, 3),
            "b": torch.ones(4, dtype=torch.bfloat16),
            "n": torch.tensor([3]),
        },
        tmp_path / "vae" / "model.safetensors",
        metadata={"command": "test"},
    )
    return tmp_path


def test_whole_weights_pass(folder):
    check_weights(folder)
    header = read_header(folder / "vae" / "model.safetensors")
    assert header["a"]["shape"] == [2, 3]
    assert header["__metadata__"] == {"command": "test"}


@pytest.mark.parametrize("kept", [0, 5, 60, -1])
def test_truncated(folder, kept):
    path = folder / "vae" / "model.safetensors"
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(ModelError, match="truncated"):
        check_weights(folder)


def test_appended_bytes(folder):
    path = folder / "vae" / "model.safetensors"
    path.write_bytes(path.read_bytes() + b"xx")
    with pytest.raises(ModelError, match="2 bytes too many"):
        check_weights(folder)


@pytest.mark.parametrize("content", [b"not weights at all, but text", struct.pack("<Q", 2) + b"[]"])
def test_other_files(folder, content):
    (folder / "vae" / "model.safetensors").write_bytes(content)
    with pytest.raises(ModelError):
        check_weights(folder)


def test_shape_and_data_disagree(folder):
    header = json.dumps({"a": {"dtype": "F32", "shape": [3], "data_offsets": [0, 8]}}).encode()
    (folder / "vae" / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + bytes(8))
    with pytest.raises(ModelError, match="data of a does not fit"):
        check_weights(folder)
    header = header.replace(b"[0, 8]", b"[0,4,8]")
    (folder / "vae" / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + bytes(8))
    with pytest.raises(ModelError, match="no safetensors file"):
        check_weights(folder)


def test_nothing_there_and_missing_shard(folder, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match="no weights"):
        check_weights(tmp_path / "empty")
    index = {"weight_map": {"a": "model.safetensors", "z": "model-2.safetensors"}}
    (folder / "vae" / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(ModelError, match=r"model-2\.safetensors is missing"):
        check_weights(folder)


def test_weights_of_another_shape(tmp_path):
    vae = AutoencoderKL(block_out_channels=(4,), norm_num_groups=2, latent_channels=2)
    vae.save_pretrained(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text()) | {"latent_channels": 3}
    (tmp_path / "config.json").write_text(json.dumps(config))
    check_weights(tmp_path)
    with pytest.raises(ModelError, match="does not hold weights of this model"), foreign_weights(tmp_path):
        AutoencoderKL.from_pretrained(tmp_path)
