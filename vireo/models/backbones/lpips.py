"""LPIPS (Zhang et al. 2018) with SqueezeNet 1.1, as FiVE measures it; the network is built here, its weights are the
published ones."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from vireo.errors import ModelError
from vireo.models.weights import foreign_weights
from vireo.runtime import pick_device

NETWORK, WEIGHING = "squeezenet1_1*.pth", "squeeze.pth"
"""torchvision's file of the network, and LPIPS' own of how much each channel counts (its weights/v0.1)."""

STAGES = (1, 4, 7, 9, 10, 11, 12)
"""Layers whose outputs are compared."""

_MEAN, _SPREAD = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)
"""Of pixels in -1..1."""


class _Fire(nn.Module):
    """SqueezeNet's block: channels are squeezed, then expanded by kernels of 1x1 and 3x3 side by side."""

    def __init__(self, channels: int, squeezed: int, expanded: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(channels, squeezed, 1)
        self.expand1x1 = nn.Conv2d(squeezed, expanded, 1)
        self.expand3x3 = nn.Conv2d(squeezed, expanded, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.squeeze(x).relu()
        return torch.cat([self.expand1x1(x), self.expand3x3(x)], 1).relu()


def squeezenet_features() -> nn.Sequential:
    """SqueezeNet 1.1 without its classifier, in torchvision's order of layers."""
    pool = nn.MaxPool2d(3, 2, ceil_mode=True)
    fires = [(64, 16, 64), (128, 16, 64), (128, 32, 128), (256, 32, 128)]
    fires += [(256, 48, 192), (384, 48, 192), (384, 64, 256), (512, 64, 256)]
    a, b, c, d, *rest = (_Fire(*sizes) for sizes in fires)
    return nn.Sequential(nn.Conv2d(3, 64, 3, 2), nn.ReLU(), pool, a, b, pool, c, d, pool, *rest)


class Lpips:
    """The distance of two pictures."""

    def __init__(self, name: str) -> None:
        """name: a folder with the files NETWORK and WEIGHING. Raises ModelError."""
        found = sorted(Path(name).glob(NETWORK))
        if not found or not (Path(name) / WEIGHING).is_file():
            raise ModelError(f"{name} holds no {NETWORK} and {WEIGHING}", "get both: torchvision's and LPIPS' v0.1")
        self.device = pick_device()
        with foreign_weights(name):
            stored = torch.load(found[0], map_location=self.device, weights_only=True)
            weights = {key.removeprefix("features."): t for key, t in stored.items() if key.startswith("features.")}
            self.network = squeezenet_features().eval().to(self.device)
            self.network.load_state_dict(weights)
            linear = torch.load(Path(name) / WEIGHING, map_location=self.device, weights_only=True)
            self.weighing = [linear[f"lin{number}.model.1.weight"] for number in range(len(STAGES))]  # (1, C, 1, 1)

    @torch.no_grad()
    def distance(self, picture: np.ndarray, other: np.ndarray) -> float:
        """From 0; of two pictures of one size, uint8 (H, W, 3), at least 16 pixels wide and high."""
        stages = zip(self._stages(picture), self._stages(other), self.weighing, strict=True)
        return float(sum((weights * (a - b).square()).sum(1).mean() for a, b, weights in stages))

    def _stages(self, picture: np.ndarray) -> list[Tensor]:
        """Unit vectors at every place of each stage, (1, C, h, w)."""
        x = torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1)[None].float().to(self.device)
        mean, spread = (torch.tensor(values, device=self.device).view(1, 3, 1, 1) for values in (_MEAN, _SPREAD))
        x, kept = (x / 127.5 - 1 - mean) / spread, []
        for number, layer in enumerate(self.network):
            x = layer(x)
            if number in STAGES:
                kept.append(normalize(x, dim=1))
        return kept
