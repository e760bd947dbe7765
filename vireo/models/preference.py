"""A PickScore-class scorer of edits: a small network on vectors of frames and of the text that they shall fit.

PickScore (Kirstain et al. 2023) fine-tunes a whole CLIP on people's choices. Here both vectors come from a frozen
instructor, or any other frozen encoder, and the network alone learns. None ships; `examples/preference_head.py` trains
one.
"""

from pathlib import Path
from typing import Self

import torch
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from torch import Tensor, nn

from vireo.models.weights import check_complete, check_weights, foreign_weights


class PreferenceHead(ModelMixin, ConfigMixin):
    """Two layers on the standardised vectors of a frame and of a text, side by side; the score of a clip is the mean
    over its frames. Only differences of scores mean something: by how many logits one clip is preferred to another.

    frame_width, text_width: D and E of the vectors. hidden: width of the layer between.
    """

    frame_mean: Tensor
    frame_scale: Tensor
    text_mean: Tensor
    text_scale: Tensor

    @register_to_config
    def __init__(self, frame_width: int, text_width: int, hidden: int = 64) -> None:
        super().__init__()
        for name, width in (("frame", frame_width), ("text", text_width)):
            self.register_buffer(f"{name}_mean", torch.zeros(width))
            self.register_buffer(f"{name}_scale", torch.ones(width))
        self.layers = nn.Sequential(nn.Linear(frame_width + text_width, hidden), nn.GELU(), nn.Linear(hidden, 1))

    def standardise(self, frames: Tensor, texts: Tensor) -> None:
        """Takes means and deviations of vectors, (..., D) and (..., E), from training ones."""
        for name, vectors in (("frame", frames.flatten(0, -2)), ("text", texts.flatten(0, -2))):
            getattr(self, f"{name}_mean").copy_(vectors.mean(0))
            getattr(self, f"{name}_scale").copy_(vectors.std(0, correction=0) + 1e-6)

    def forward(self, frames: Tensor, texts: Tensor) -> Tensor:
        """Scores (B,) of the vectors of clips' frames (B, T, D) and of their texts (B, E)."""
        frames = (frames - self.frame_mean) / self.frame_scale
        texts = ((texts - self.text_mean) / self.text_scale)[:, None].expand(-1, frames.shape[1], -1)
        return self.layers(torch.cat([frames, texts], -1))[..., 0].mean(1)

    @classmethod
    def open(cls, folder: Path) -> Self:
        """From a folder that `save_pretrained` wrote. Raises ModelError for weights of another model."""
        check_weights(folder)
        with foreign_weights(folder):
            head = cls.from_pretrained(folder)
        check_complete(head, folder)
        return head.eval()
