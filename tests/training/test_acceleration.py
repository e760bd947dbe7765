"""Precision of whole passes, and attention on CPUs."""

import torch
from torch import nn

from vireo.training.acceleration import in_precision, plain_attention


def test_attention_is_plain_within_the_block_alone():
    """And by the same numbers, up to rounding."""
    q, k, v = (torch.randn(1, 2, 16, 8, generator=torch.Generator().manual_seed(n)) for n in range(3))
    outside = nn.functional.scaled_dot_product_attention(q, k, v)
    before = torch.backends.cuda.flash_sdp_enabled()
    with plain_attention(torch.device("cpu")):
        assert not torch.backends.cuda.flash_sdp_enabled()
        torch.testing.assert_close(nn.functional.scaled_dot_product_attention(q, k, v), outside)
    assert torch.backends.cuda.flash_sdp_enabled() == before
    with plain_attention(torch.device("cuda")):
        assert torch.backends.cuda.flash_sdp_enabled() == before


def test_a_pass_has_one_precision_and_gradients_that_of_the_weights():
    module, x = nn.Linear(4, 4), torch.randn(2, 4, generator=torch.Generator().manual_seed(0))
    for dtype in (torch.bfloat16, torch.float32):
        with torch.autocast("cpu", torch.bfloat16):
            y = in_precision(dtype, module, x)
        assert y.dtype == dtype
        y.float().sum().backward()
        assert module.weight.grad.dtype == torch.float32
    assert torch.equal(y, module(x))
