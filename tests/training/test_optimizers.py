"""Which optimizer takes which parameter, and that the state of both survives."""

import copy

import pytest
import torch
from torch import nn

from vireo.training.optimizers import Optimizers


def network():
    torch.manual_seed(0)
    blocks = nn.ModuleList([nn.Linear(8, 8), nn.Linear(8, 8)])
    return nn.ModuleDict({"enter": nn.Linear(3, 8), "blocks": blocks, "leave": nn.Linear(8, 1)})


def build(module, name):
    return Optimizers(module, name, 1e-2, (0.9, 0.98), 0.01)


def descend(module, optimizers, steps):
    x = torch.randn(64, 3, generator=torch.Generator().manual_seed(0))
    for _ in range(steps):
        hidden = module["enter"](x)
        for block in module["blocks"]:
            hidden = hidden + torch.relu(block(hidden))
        loss = (module["leave"](hidden)[:, 0] - x.prod(1)).square().mean()
        loss.backward()
        optimizers.step()
    return loss.item()


def test_muon_takes_the_matrices_of_repeated_blocks_and_adamw_all_else():
    module = network()
    adamw, muon = build(module, "muon").optimizers
    own = {id(p) for group in muon.param_groups for p in group["params"]}
    assert own == {id(block.weight) for block in module["blocks"]}
    other = [id(p) for group in adamw.param_groups for p in group["params"]]
    assert sorted([*own, *other]) == sorted(map(id, module.parameters()))


def test_adamw_takes_everything_and_decays_no_biases():
    module = network()
    (adamw,) = build(module, "adamw").optimizers
    decay = {id(p): group["weight_decay"] for group in adamw.param_groups for p in group["params"]}
    assert all((decay[id(p)] > 0) == (p.ndim > 1) for p in module.parameters())


@pytest.mark.parametrize("name", ["adamw", "muon"])
def test_state_goes_on_bit_exactly(name):
    module = network()
    optimizers = build(module, name)
    start = descend(module, optimizers, 5)
    again = copy.deepcopy(module)
    restored = build(again, name)
    restored.load_state_dict(copy.deepcopy(optimizers.state_dict()))
    assert descend(module, optimizers, 200) == descend(again, restored, 200) < start
    assert all(torch.equal(a, b) for a, b in zip(module.parameters(), again.parameters(), strict=True))


def test_a_muon_step_has_the_size_of_an_adamw_step():
    """match_rms: about 0.2 times the learning rate a weight, as AdamW's steps are in practice."""
    module = network()
    before = module["blocks"][0].weight.detach().clone()
    descend(module, build(module, "muon"), 1)
    step = (module["blocks"][0].weight.detach() - before).square().mean().sqrt().item()
    assert 0.1 * 1e-2 < step < 0.3 * 1e-2
