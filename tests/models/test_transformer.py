"""The zero-started source half (VIVA Eq. 2): before training the editor is the text-to-video model."""

import pytest
import torch

from vireo.errors import InputError
from vireo.models.editors.mini import TransformerConfig, build_mini_transformer
from vireo.models.transformer import editor_input, widen_for_editing, with_finer_patches


@pytest.fixture(scope="module")
def models():
    torch.manual_seed(0)
    base = build_mini_transformer(8, 32, TransformerConfig(heads=2, head_width=16, double_blocks=1, single_blocks=1))
    return base, widen_for_editing(base, affine=True)


def condition(batch):
    generator = torch.Generator().manual_seed(1)
    states = torch.randn(batch, 12, 32, generator=generator)
    mask = torch.arange(12) < torch.tensor([12, 5])[:batch, None]
    return states, mask, torch.randn(batch, 32, generator=generator)


def latents(seed, frames=3):
    return torch.randn(2, 8, frames, 4, 6, generator=torch.Generator().manual_seed(seed))


def test_widened_editor_equals_its_base_exactly(models):
    base, editor = models
    t = torch.tensor([1000.0, 37.0])
    with torch.no_grad():
        expected = base(latents(2), t, *condition(2), return_dict=False)[0]
        for source in (latents(3), torch.zeros_like(latents(3))):
            offset, gain = editor(editor_input(latents(2), source), t, *condition(2), return_dict=False)[0].chunk(2, 1)
            assert (offset - expected).abs().max() == 0
            assert gain.abs().max() == 0


def test_without_gains_the_widened_editor_has_the_outputs_of_its_base(models):
    base, _ = models
    t = torch.tensor([1000.0, 37.0])
    with torch.no_grad():
        x = editor_input(latents(2), latents(3))
        actual = widen_for_editing(base, affine=False)(x, t, *condition(2), return_dict=False)[0]
        assert torch.equal(actual, base(latents(2), t, *condition(2), return_dict=False)[0])


def test_every_parameter_gets_a_gradient(models):
    _, editor = models
    x = editor_input(latents(2), latents(3), latents(4, frames=1))
    editor(x, torch.tensor([500.0, 20.0]), *condition(2), return_dict=False)[0].square().mean().backward()
    without = [name for name, p in editor.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert without == []


def test_reference_is_one_more_frame_without_a_source(models):
    x = editor_input(latents(2), latents(3), latents(4, frames=1))
    assert x.shape == (2, 16, 4, 4, 6)
    assert torch.equal(x[:, :8, -1:], latents(4, frames=1))
    assert x[:, 8:, -1].abs().max() == 0
    assert torch.equal(x[:, :, :-1], editor_input(latents(2), latents(3)))


def test_finer_patches_embed_and_answer_as_coarse_ones_where_the_latent_is_constant_within_them(models):
    _, editor = models
    finer = with_finer_patches(editor, 1)
    coarse_grid = torch.randn(1, 16, 3, 2, 3, generator=torch.Generator().manual_seed(5))
    fine_grid = coarse_grid.repeat_interleave(2, 3).repeat_interleave(2, 4)
    tokens = [model.x_embedder(fine_grid).unflatten(1, (3, rows, -1)) for model, rows in ((editor, 2), (finer, 4))]
    torch.testing.assert_close(tokens[1], tokens[0].repeat_interleave(2, 2).repeat_interleave(2, 3))
    states = torch.randn(5, 32, generator=torch.Generator().manual_seed(6))
    coarse, fine = editor.proj_out(states).unflatten(1, (16, 4)).mean(2), finer.proj_out(states)
    torch.testing.assert_close(fine, coarse)
    t = torch.tensor([500.0, 20.0])
    output = finer(editor_input(latents(2), latents(3)), t, *condition(2), return_dict=False)[0]
    assert output.shape == (2, 16, 3, 4, 6)


@pytest.mark.parametrize("size", [-1, 0, 3, 4])
def test_patches_that_do_not_divide_the_old_ones_are_refused(models, size):
    with pytest.raises(InputError, match="do not consist of"):
        with_finer_patches(models[1], size)
