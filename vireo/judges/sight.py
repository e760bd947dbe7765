"""Pictures as vectors: the mean of what the instructor's vision tower sees in the patches."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from transformers import LlavaForConditionalGeneration, LlavaProcessor

from vireo.models.instructor import pixel_values


@torch.no_grad()
def picture_vectors(
    instructor: LlavaForConditionalGeneration, processor: LlavaProcessor, pictures: Sequence[np.ndarray]
) -> np.ndarray:
    """float32 (B, D) of uint8 pictures (H, W, 3) of any size. Centred on nothing: cosines are high throughout."""
    pixels = pixel_values(processor, pictures).to(instructor.device, instructor.dtype)
    tower = instructor.model.vision_tower
    return tower(pixel_values=pixels).last_hidden_state[:, 1:].mean(1).float().cpu().numpy()
