"""Follows objects by SAM 2 (Ravi et al., 2024): a box in, a mask in every picture from there on.

Pictures are given one at a time. SAM 2 remembers an object's first picture and a few of the last, so that what comes
back is known again, and memory does not grow with the clip. Backwards is the same with the pictures turned round.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from PIL import Image
from transformers import Sam2VideoModel
from transformers.models.sam2_video.modeling_sam2_video import Sam2VideoInferenceSession

from vireo.reasoning.perception.hub.loading import load_model
from vireo.reasoning.perception.hub.parts import Follower
from vireo.reasoning.twin import Box

_MEAN = np.array((0.485, 0.456, 0.406), np.float32)
_SPREAD = np.array((0.229, 0.224, 0.225), np.float32)
"""ImageNet's, as SAM 2's own processor has them, which needs torchvision."""

_CORNERS = (2, 3)
"""Labels of points that are the left upper and the right lower corner of a box."""


class Sam2Segmenter:
    """Implements `Segmenter`. model: as loaded."""

    def __init__(self, model: Any) -> None:
        self.model = model

    @classmethod
    def from_pretrained(cls, folder: Path, device: str | torch.device = "cpu") -> Self:
        """Raises ModelError where the folder holds no SAM 2 for video."""
        return cls(load_model(Sam2VideoModel, folder, ["sam2_video"], "segmenter of videos").to(device))

    def start(self) -> Follower:
        return _Sam2Follower(self.model)


class _Sam2Follower:
    """See `Follower`. The session is transformers'; what it no longer looks at is taken out of it after each
    picture."""

    def __init__(self, model: Any) -> None:
        self.model, self.number = model, -1
        self.session: Any = Sam2VideoInferenceSession(
            inference_device=model.device,
            inference_state_device=model.device,
            video_storage_device=model.device,
            dtype=model.dtype,
        )
        sides = model.image_size
        self.height, self.width = (sides, sides) if isinstance(sides, int) else sides

    def advance(self, picture: np.ndarray) -> list[np.ndarray]:
        self.number += 1
        self.picture = picture
        image = Image.fromarray(picture).resize((self.width, self.height), Image.Resampling.BILINEAR)
        pixels = (np.asarray(image, np.float32) / 255 - _MEAN) / _SPREAD
        self.pixels = torch.from_numpy(pixels).permute(2, 0, 1).contiguous()
        return self._masks() if self.session.get_obj_num() else []

    def add(self, boxes: Sequence[Box]) -> list[np.ndarray]:
        if not boxes:
            return []
        height, width = self.picture.shape[:2]
        scale = torch.tensor([self.width / width, self.height / height])
        first = self.session.get_obj_num()
        names = list(range(first, first + len(boxes)))
        for name, box in zip(names, boxes, strict=True):
            points = {
                "point_coords": (torch.tensor(box).reshape(1, 1, 2, 2) * scale).float(),
                "point_labels": torch.tensor(_CORNERS, dtype=torch.int32).reshape(1, 1, 2),
            }
            self.session.add_point_inputs(self.session.obj_id_to_idx(name), self.number, points)
        self.session.obj_with_new_inputs = names
        return self._masks()[first:]

    @torch.no_grad()
    def _masks(self) -> list[np.ndarray]:
        told = self.model(self.session, frame=self.pixels, frame_idx=self.number)
        self._forget()
        size = self.picture.shape[:2]
        logits = torch.nn.functional.interpolate(told.pred_masks.float(), size, mode="bilinear", align_corners=False)
        return list((logits[:, 0] > 0).cpu().numpy())

    def _forget(self) -> None:
        config, session = self.model.config, self.session
        kept = self.number - max(config.num_maskmem, config.max_object_pointers_in_encoder)
        for frame in [frame for frame in session.processed_frames or {} if frame < self.number]:
            del session.processed_frames[frame]
        for entry in session.output_dict_per_obj.values():
            outputs = entry["non_cond_frame_outputs"]
            for frame in [frame for frame in outputs if frame < kept]:
                del outputs[frame]
