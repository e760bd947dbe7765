"""Encoders of pictures and texts as vectors, for metrics and rewards.

Mini's vision tower, or published checkpoints of transformers' classes, from a folder or by their hub id.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformers import AutoImageProcessor, AutoModel, AutoProcessor, CLIPModel

from vireo.errors import ModelError
from vireo.models.instructor.instructor import Instructor
from vireo.models.instructor.states import pixel_values
from vireo.models.weights import foreign_weights
from vireo.runtime import pick_device

BATCH = 16
"""Pictures that are encoded together."""

_GREY = np.full((64, 64, 3), 128, np.uint8)
"""A picture that a checkpoint has to encode when it is loaded."""


@torch.no_grad()
def picture_vectors(instructor: Instructor, pictures: Sequence[np.ndarray]) -> np.ndarray:
    """float32 (B, D) of uint8 pictures (H, W, 3) of any size: the mean of the patch features of the instructor's
    vision tower. They are not centred: cosines are high throughout."""
    tower = instructor.model.model.vision_tower
    pixels = pixel_values(instructor.processor, pictures).to(tower.device, tower.dtype)
    return tower(pixel_values=pixels).last_hidden_state[:, 1:].mean(1).float().cpu().numpy()


class InstructorVision:
    """The vision tower of mini's instructor, for measures of pictures alone; no checkpoint has to be fetched for it."""

    def __init__(self, instructor: Instructor) -> None:
        self.instructor = instructor

    def pictures(self, pictures: Sequence[np.ndarray]) -> np.ndarray:
        """Unit vectors (B, D) of uint8 pictures (H, W, 3)."""
        return units(torch.from_numpy(picture_vectors(self.instructor, pictures)))


class ClipBackbone:
    """A CLIP-class model: pictures and texts in one space. PickScore is one, too (yuvalkirstain/PickScore_v1)."""

    def __init__(self, name: str) -> None:
        """name: a folder or a hub id. Raises ModelError."""
        with foreign_weights(name):
            self.model, self.processor = loaded(CLIPModel, name), AutoProcessor.from_pretrained(name)
            self.pictures([_GREY])
            self.texts(["grey"])

    @property
    def scale(self) -> float:
        """What cosines are multiplied with before a softmax, and in PickScore."""
        return float(self.model.logit_scale.detach().exp())

    def pictures(self, pictures: Sequence[np.ndarray]) -> np.ndarray:
        """Unit vectors (B, D) of uint8 pictures (H, W, 3), in the space of texts."""
        return self._encoded(pictures, self.model.get_image_features)

    def unprojected(self, pictures: Sequence[np.ndarray]) -> np.ndarray:
        """Unit vectors (B, D) of the tower's features, before they are projected into the space of texts."""
        return self._encoded(pictures, self.model.vision_model)

    def _encoded(self, pictures: Sequence[np.ndarray], tower: Callable[..., Any]) -> np.ndarray:
        encode = lambda pixels: tower(pixel_values=pixels).pooler_output  # noqa: E731
        return _in_batches(pictures, self.processor.image_processor, self.model.device, encode)

    @torch.no_grad()
    def texts(self, texts: Sequence[str]) -> np.ndarray:
        """Unit vectors (B, D); texts longer than the model's table of positions are cut."""
        tokens = text_tokens(self.processor.tokenizer, texts, self.model.config.text_config.max_position_embeddings)
        return units(self.model.get_text_features(**tokens.to(self.model.device)).pooler_output)


class VisionBackbone:
    """Any vision transformer of transformers whose first state stands for the picture: facebook/dino-vitb16,
    facebook/dinov2-base. Pictures are squeezed or cropped as its processor does (VBench keeps their shape for DINO)."""

    def __init__(self, name: str) -> None:
        """name: a folder or a hub id. Raises ModelError."""
        with foreign_weights(name):
            self.model, self.processor = loaded(AutoModel, name), AutoImageProcessor.from_pretrained(name)
            self.pictures([_GREY])

    def pictures(self, pictures: Sequence[np.ndarray]) -> np.ndarray:
        """Unit vectors (B, D) of uint8 pictures (H, W, 3)."""
        encode = lambda pixels: self.model(pixel_values=pixels).last_hidden_state[:, 0]  # noqa: E731
        return _in_batches(pictures, self.processor, self.model.device, encode)


def loaded(kind: Any, name: str) -> Any:
    """A model of transformers on the device that is picked. Its loader fills what a checkpoint lacks with random
    numbers; here that is an error.

    Poolers alone may be missing, as in DINO's checkpoints: nothing reads them.
    """
    model, info = kind.from_pretrained(name, output_loading_info=True)
    missing = sorted(key for key in info["missing_keys"] if not key.startswith("pooler."))
    if missing:
        what = f"{name} is another model: it lacks {len(missing)} tensors, among them {missing[0]}"
        raise ModelError(what, "name a checkpoint of that kind")
    return model.eval().to(pick_device())


@torch.no_grad()
def _in_batches(
    pictures: Sequence[np.ndarray], processor: Any, device: torch.device, encode: Callable[[Tensor], Tensor]
) -> np.ndarray:
    found = []
    for start in range(0, len(pictures), BATCH):
        pixels = processor(images=list(pictures[start : start + BATCH]), return_tensors="pt").pixel_values
        found.append(units(encode(pixels.to(device))))
    return np.concatenate(found)


def text_tokens(tokenizer: Any, texts: Sequence[str], longest: int) -> Any:
    """Of texts, padded to the longest of them; what is over `longest` tokens is cut before the end mark."""
    return tokenizer(list(texts), padding=True, truncation=True, max_length=longest, return_tensors="pt")


def units(vectors: Tensor) -> np.ndarray:
    """The same vectors (B, D) with length 1, float32."""
    return torch.nn.functional.normalize(vectors.float(), dim=-1).cpu().numpy()
