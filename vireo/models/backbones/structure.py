"""How far the layout of two pictures is apart: FiVE's structure distance (Tumanyan et al. 2022, Splice)."""

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate, normalize
from transformers import AutoModel

from vireo.models.backbones.encoders import loaded
from vireo.models.weights import foreign_weights

SHORT, LONG = 224, 480
"""Pixels of the shorter side of the resized picture, and at most of the longer one."""

_MEAN, _SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class StructureBackbone:
    """A vision transformer of transformers, in FiVE facebook/dino-vitb8."""

    def __init__(self, name: str) -> None:
        """name: a folder or a hub id. Raises ModelError."""
        with foreign_weights(name):
            self.model = loaded(AutoModel, name)
            ends = ("key", "k_proj")
            self.last_keys = [part for at, part in self.model.named_modules() if at.rsplit(".", 1)[-1] in ends][-1]
            self.self_similarity(np.full((64, 64, 3), 128, np.uint8))

    @torch.no_grad()
    def self_similarity(self, picture: np.ndarray) -> Tensor:
        """Cosines (N, N) of the last layer's keys of the N tokens of a picture, uint8 (H, W, 3).

        Pixels go in as FiVE's code has them: from 0 to 255, less the mean and over the deviation that are meant for 0
        to 1. Its published figures are of such pictures.
        """
        pixels = torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1)[None].float()
        pixels = interpolate(pixels, _size(*picture.shape[:2]), mode="bilinear", antialias=True, align_corners=False)
        mean, spread = (torch.tensor(values).view(1, 3, 1, 1) for values in (_MEAN, _SPREAD))
        kept: list[Tensor] = []
        hook = self.last_keys.register_forward_hook(lambda *given: kept.append(given[-1]))
        try:
            self.model(pixel_values=((pixels - mean) / spread).to(self.model.device), interpolate_pos_encoding=True)
        finally:
            hook.remove()
        keys = normalize(kept[0][0].float(), dim=-1)
        return keys @ keys.T

    def distance(self, picture: np.ndarray, other: np.ndarray) -> float:
        """Mean squared difference of both self-similarities, from 0; of pictures of one size."""
        return float((self.self_similarity(picture) - self.self_similarity(other)).square().mean())


def _size(height: int, width: int) -> tuple[int, int]:
    """The shorter side at SHORT, or less where the longer one would be more than LONG."""
    short, long = min(height, width), max(height, width)
    shorter, longer = SHORT, int(SHORT * long / short)
    if longer > LONG:
        shorter, longer = int(LONG * shorter / longer), LONG
    return (shorter, longer) if height <= width else (longer, shorter)
