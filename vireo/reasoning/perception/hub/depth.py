"""Depths by Depth Anything (Yang et al., 2024), relative or metric."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from PIL import Image
from transformers import AutoImageProcessor, AutoModelForDepthEstimation

from vireo.reasoning.perception.hub.loading import load_model, load_processor


class HubDepth:
    """Implements `DepthEstimator`. model, processor: as loaded.

    A metric checkpoint gives metres. A relative one gives inverse depths of unknown scale and origin, which differ from
    picture to picture: they say what is nearer, and nothing of how much.
    """

    def __init__(self, model: Any, processor: Any) -> None:
        self.model, self.processor = model, processor
        self.ratios: bool = model.config.depth_estimation_type == "metric"

    @classmethod
    def from_pretrained(cls, folder: Path, device: str | torch.device = "cpu") -> Self:
        """Raises ModelError where the folder holds no Depth Anything."""
        model = load_model(AutoModelForDepthEstimation, folder, ["depth_anything"], "estimator of depth")
        return cls(model.to(device), load_processor(AutoImageProcessor, folder))

    @torch.no_grad()
    def estimate(self, pictures: Sequence[np.ndarray]) -> np.ndarray:
        images = [Image.fromarray(picture) for picture in pictures]
        inputs = self.processor(images=images, return_tensors="pt").to(self.model.device)
        told = self.model(**inputs).predicted_depth[:, None].float()
        size = pictures[0].shape[:2]
        found = torch.nn.functional.interpolate(told, size, mode="bilinear", align_corners=False)[:, 0].cpu().numpy()
        return found if self.ratios else -found
