import pytest
import torch
from diffusers.loaders import lora_conversion_utils
from safetensors import safe_open
from safetensors.torch import load_file
from tiny_editor import tiny_pipeline

from vireo.training.lora import (
    adapter_off,
    add_lora,
    holding,
    lora_weights,
    merge_lora,
    save_lora,
    weight_changes,
)
from vireo.training.lora_names import comfyui_names


def given(seed=0):
    """A transformer with an adapter that changes something, and input for it."""
    pipe = tiny_pipeline()
    parameters = add_lora(pipe.transformer, rank=3, alpha=12.0, seed=5)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in parameters:
            parameter.add_(0.3 * torch.randn(parameter.shape, generator=generator))
    return pipe, parameters


def output(transformer):
    generator = torch.Generator().manual_seed(1)
    x, states = torch.randn(2, 16, 1, 4, 4, generator=generator), torch.randn(2, 5, 192, generator=generator)
    mask, pooled = torch.ones(2, 5, dtype=torch.bool), torch.randn(2, 192, generator=generator)
    with torch.no_grad():
        return transformer(x, torch.full((2,), 600.0), states, mask, pooled, return_dict=False)[0]


def product(weights, name):
    return weights[f"{name}.lora_B.weight"] @ weights[f"{name}.lora_A.weight"]


def test_all_attention_projections_get_one_and_it_changes_nothing_at_first():
    pipe = tiny_pipeline()
    before = output(pipe.transformer)
    state = torch.random.get_rng_state()
    parameters = add_lora(pipe.transformer, rank=4, alpha=8.0, seed=0)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert torch.equal(output(pipe.transformer), before)
    assert all(parameter.requires_grad for parameter in parameters)
    assert sum(p.requires_grad for p in pipe.transformer.parameters()) == len(parameters) == 2 * (8 + 3)
    deviation = torch.cat([p.detach().flatten() for p in parameters if p.shape[0] == 4]).std().item()
    assert deviation == pytest.approx(1 / 4, rel=0.05)


def test_switched_off_it_is_the_reference_and_other_values_hold_within_their_block():
    pipe, parameters = given()
    reference, changed = output(tiny_pipeline().transformer), output(pipe.transformer)
    assert not torch.allclose(reference, changed, atol=1e-3)
    with adapter_off(pipe.transformer):
        assert torch.equal(output(pipe.transformer), reference)
    with holding(parameters, [torch.zeros_like(p) for p in parameters]):
        assert torch.allclose(output(pipe.transformer), reference, atol=1e-6)
    assert torch.equal(output(pipe.transformer), changed)
    assert all(parameter.requires_grad for parameter in parameters)


def test_a_file_loads_in_diffusers_with_the_same_changes_of_weights(tmp_path):
    pipe, _ = given()
    weights = lora_weights(pipe.transformer)
    changes = weight_changes(pipe.transformer)
    for name, change in changes.items():
        torch.testing.assert_close(product(weights, f"transformer.{name}"), change)
    path = tmp_path / "lora" / "pytorch_lora_weights.safetensors"
    save_lora(path, weights, {"command": "a test"})
    with safe_open(path, "pt") as file:
        assert file.metadata()["command"] == "a test"
    other = tiny_pipeline()
    other.load_lora_weights(tmp_path / "lora", adapter_name="default")
    found = weight_changes(other.transformer)
    assert found.keys() == changes.keys()
    for name, change in changes.items():
        torch.testing.assert_close(found[name], change)
    torch.testing.assert_close(output(other.transformer), output(pipe.transformer), atol=1e-5, rtol=1e-4)


def test_merged_it_computes_the_same_as_a_plain_transformer():
    pipe, _ = given()
    expected, names = output(pipe.transformer), tiny_pipeline().transformer.state_dict().keys()
    merge_lora(pipe.transformer)
    assert pipe.transformer.state_dict().keys() == names
    torch.testing.assert_close(output(pipe.transformer), expected, atol=1e-5, rtol=1e-4)


def test_comfyui_has_the_same_changes_in_its_own_matrices_and_diffusers_reads_them_back(tmp_path):
    """Back by diffusers' own conversion, of double blocks; that of single ones knows one width, of full size."""
    pipe, _ = given()
    ours, changes, width = lora_weights(pipe.transformer), weight_changes(pipe.transformer), 32
    feed_forward = pipe.transformer.single_transformer_blocks[0].proj_mlp.out_features
    theirs = comfyui_names(ours, feed_forward)
    double, single = "transformer_blocks.0.attn.", "single_transformer_blocks.0.attn."
    joined = torch.cat([changes[double + part] for part in ("to_q", "to_k", "to_v")])
    torch.testing.assert_close(product(theirs, "diffusion_model.double_blocks.0.img_attn_qkv"), joined)
    text = torch.cat([changes[double + part] for part in ("add_q_proj", "add_k_proj", "add_v_proj")])
    torch.testing.assert_close(product(theirs, "diffusion_model.double_blocks.0.txt_attn_qkv"), text)
    for name, part in (("img_attn_proj", "to_out.0"), ("txt_attn_proj", "to_add_out")):
        torch.testing.assert_close(product(theirs, f"diffusion_model.double_blocks.0.{name}"), changes[double + part])
    linear = product(theirs, "diffusion_model.single_blocks.0.linear1")
    assert linear.shape == (3 * width + feed_forward, width)
    torch.testing.assert_close(linear[: 3 * width], torch.cat([changes[single + f"to_{x}"] for x in "qkv"]))
    assert linear[3 * width :].abs().max() == 0
    assert len(theirs) == 2 * 5

    save_lora(tmp_path / "comfyui.safetensors", theirs, {})
    loaded = load_file(tmp_path / "comfyui.safetensors")
    convert = lora_conversion_utils._convert_hunyuan_video_lora_to_diffusers
    blocks = {key: value for key, value in loaded.items() if "double_blocks" in key}
    back = convert(blocks)
    for part in ("to_q", "to_k", "to_v", "add_q_proj", "add_k_proj", "add_v_proj", "to_out.0", "to_add_out"):
        torch.testing.assert_close(product(back, f"transformer.{double}{part}"), changes[double + part])


def test_weights_of_something_else_are_refused():
    with pytest.raises(ValueError, match="attention projections"):
        comfyui_names({"transformer.proj_out.lora_A.weight": torch.zeros(1, 1)}, 4)
