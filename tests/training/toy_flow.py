"""A flow in the plane whose velocity a tiny network learns, with a reward that is known."""

import torch
from torch import Tensor, nn

DEVIATION = 0.5
GOAL = torch.tensor([0.8, -0.4])


def mean_velocity(z: Tensor, t: Tensor) -> Tensor:
    """The exact velocity of Gaussian data of mean 0: samples of one Euler step are all 0, those of several vary."""
    t = t[:, None]
    clean = (1 - t) * DEVIATION**2 / ((1 - t) ** 2 * DEVIATION**2 + t**2) * z
    return (z - clean) / t.clamp_min(1e-3)


def straight_velocity(z: Tensor, t: Tensor) -> Tensor:
    """Straight paths from noise to DEVIATION times it: one step makes what any number of steps does."""
    return (1 - DEVIATION) * z / ((1 - t) * DEVIATION + t)[:, None]


class Field(nn.Module):
    """A velocity plus a network of 32 hidden units that starts at 0."""

    def __init__(self, start):
        super().__init__()
        self.start, self.hidden, self.out = start, nn.Linear(3, 32), nn.Linear(32, 2)
        generator = torch.Generator().manual_seed(0)
        with torch.no_grad():
            for parameter in self.hidden.parameters():
                parameter.copy_(torch.randn(parameter.shape, generator=generator))
            for parameter in self.out.parameters():
                parameter.zero_()

    def forward(self, z: Tensor, t: Tensor) -> Tensor:
        return self.start(z, t) + self.out(self.hidden(torch.cat((z, t[:, None]), 1)).tanh())


def reward(x: Tensor) -> Tensor:
    """(B,) minus the squared distance of samples (B, 2) from the goal; at most 0."""
    return -(x - GOAL).square().sum(1)
