"""Finds what nouns name: Grounding DINO (Liu et al., 2023) or OWLv2 (Minderer et al., 2023)."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from PIL import Image
from transformers import AutoModelForZeroShotObjectDetection, AutoProcessor

from vireo.errors import InputError
from vireo.reasoning.perception.hub.boxes import distinct
from vireo.reasoning.perception.hub.loading import load_model, load_processor
from vireo.reasoning.perception.hub.nouns import NOUNS, read_nouns
from vireo.reasoning.perception.hub.parts import Found

LEAST_SCORES = {"grounding-dino": 0.3, "mm-grounding-dino": 0.3, "owlv2": 0.2}
"""Scores, by the kind of model, without which nothing has been found: between what transformers and the model cards
propose. They are the models' own, and no calibrated probabilities."""

_OWL_PROMPT = "a photo of a {}"
_LEAST_SIDE = 2.0
"""Pixels; narrower boxes are none."""


class HubDetector:
    """Implements `Detector`. model, processor: of one of the kinds in `LEAST_SCORES`, as loaded."""

    def __init__(self, model: Any, processor: Any, nouns: Sequence[str] = NOUNS) -> None:
        """Raises InputError for nouns that cannot be looked for."""
        self.model, self.processor, self.nouns = model, processor, read_nouns(nouns)
        self.kind: str = model.config.model_type
        self.least = LEAST_SCORES[self.kind]
        if self.kind != "owlv2":
            self._ends = set(processor.tokenizer.convert_tokens_to_ids([".", "[SEP]"]))
            self._parts = list(self._chunks())

    @classmethod
    def from_pretrained(cls, folder: Path, nouns: Sequence[str] = NOUNS, device: str | torch.device = "cpu") -> Self:
        """Raises ModelError where the folder holds no such detector, InputError for nouns that it cannot look for."""
        kinds = list(LEAST_SCORES)
        model = load_model(AutoModelForZeroShotObjectDetection, folder, kinds, "detector of what nouns name")
        return cls(model.to(device), load_processor(AutoProcessor, folder), nouns)

    @torch.no_grad()
    def find(self, picture: np.ndarray) -> list[Found]:
        height, width = picture.shape[:2]
        image = Image.fromarray(picture)
        if self.kind == "owlv2":
            boxes, scores = self._owl(image)
            boxes = boxes * max(height, width)  # OWLv2 is shown a square, the picture in its upper left corner
        else:
            boxes, scores = self._grounded(image)
            boxes = boxes * np.array([width, height, width, height])
        boxes = np.clip(boxes, 0, [width, height, width, height])
        wide = (boxes[:, 2:] - boxes[:, :2]).min(1) >= _LEAST_SIDE
        return distinct(boxes[wide], scores[wide], self.least)

    def _owl(self, image: Image.Image) -> tuple[np.ndarray, np.ndarray]:
        texts = [_OWL_PROMPT.format(noun) for noun in self.nouns]
        inputs = self.processor(text=[texts], images=image, return_tensors="pt").to(self.model.device)
        told = self.model(**inputs)
        return _corners(told.pred_boxes[0]), told.logits[0].sigmoid().float().cpu().numpy()

    def _grounded(self, image: Image.Image) -> tuple[np.ndarray, np.ndarray]:
        boxes, scores = [], []
        for first, nouns in self._parts:
            text = ". ".join(nouns) + "."
            inputs = self.processor(images=image, text=text, return_tensors="pt").to(self.model.device)
            told = self.model(**inputs)
            words = self._places(inputs["input_ids"][0].tolist())
            assert len(words) == len(nouns), "a full stop ends each noun"
            chances = told.logits[0].sigmoid().float().cpu().numpy()
            found = np.zeros((len(chances), len(self.nouns)))
            for number, places in enumerate(words, first):
                found[:, number] = chances[:, places].max(1)
            boxes.append(_corners(told.pred_boxes[0]))
            scores.append(found)
        return np.concatenate(boxes), np.concatenate(scores)

    def _places(self, ids: list[int]) -> list[list[int]]:
        """Where the tokens of each noun are; the first one starts the text. Nouns end as the model itself tells them
        apart."""
        found: list[list[int]] = [[]]
        for place, token in enumerate(ids[1:], 1):
            if token not in self._ends:
                found[-1].append(place)
            elif found[-1]:
                found.append([])
        return found[:-1]

    def _chunks(self) -> Iterator[tuple[int, list[str]]]:
        """As many nouns as fit into the model's text at a time, and the number of the first. Raises InputError for a
        noun that alone is too long."""
        room = self.model.config.max_text_len - 2  # a token starts and one ends the text
        first, nouns, used = 0, [], 0
        for noun in self.nouns:
            need = len(self.processor.tokenizer(noun, add_special_tokens=False).input_ids) + 1
            if need > room:
                raise InputError(f"the noun {noun!r} is too long for the detector", "use a shorter one")
            if used + need > room:
                yield first, nouns
                first, nouns, used = first + len(nouns), [], 0
            nouns.append(noun)
            used += need
        yield first, nouns


def _corners(boxes: torch.Tensor) -> np.ndarray:
    """Left, top, right, bottom of boxes (n, 4) that are given by centre and size."""
    found = boxes.float().cpu().numpy()
    return np.concatenate([found[:, :2] - found[:, 2:] / 2, found[:, :2] + found[:, 2:] / 2], 1)
