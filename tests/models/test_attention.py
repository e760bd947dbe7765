import pytest
import torch

from vireo.models.attention import product_attention


@pytest.mark.parametrize("groups", [4, 2])
def test_equals_fused_attention(groups):
    generator = torch.Generator().manual_seed(0)
    q = torch.randn(2, 4, 7, 16, generator=generator)
    k, v = (torch.randn(2, groups, 7, 16, generator=generator) for _ in range(2))
    mask = torch.zeros(2, 1, 7, 7).masked_fill(torch.ones(7, 7).triu(1).bool(), float("-inf"))
    got, weights = product_attention(None, q, k, v, mask)
    wanted = torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=groups != 4)
    assert weights is None
    torch.testing.assert_close(got, wanted.transpose(1, 2), atol=1e-5, rtol=1e-5)
    free, _ = product_attention(None, q, k, v, None, scaling=0.5)
    wanted = torch.nn.functional.scaled_dot_product_attention(q, k, v, scale=0.5, enable_gqa=groups != 4)
    torch.testing.assert_close(free, wanted.transpose(1, 2), atol=1e-5, rtol=1e-5)
