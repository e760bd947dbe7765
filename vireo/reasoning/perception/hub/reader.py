"""Answers closed questions about pictures by any vision-language chat model of transformers."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from PIL import Image
from transformers import AutoModelForImageTextToText, AutoProcessor

from vireo.errors import ModelError
from vireo.reasoning.perception.hub.loading import load_model, load_processor
from vireo.reasoning.perception.hub.parts import Question

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

_NONE = "none of these, or it cannot be told"
_ORDER = "Answer with one letter."
_BATCH = 4


class HubReader:
    """Implements `Reader`. model, processor: as loaded, the processor with a chat template.

    Options bear letters, and the probability of an option is that of its letter as the reply's first token, with or
    without a space before it. What goes to other tokens is no answer.
    """

    def __init__(self, model: Any, processor: Any) -> None:
        """Raises ModelError for a processor without a chat template, or without tokens for letters."""
        if not getattr(processor, "chat_template", None):
            raise ModelError("the reader of attributes has no chat template", "name a chat model for pictures")
        self.model, self.processor = model, processor
        tokenizer = processor.tokenizer
        tokenizer.padding_side = "left"  # so that every reply starts at the end
        if getattr(processor.image_processor, "do_image_splitting", False):
            processor.image_processor.do_image_splitting = False  # a crop needs no close-ups, which are most tokens
        self._tokens = []
        for letter in LETTERS:
            texts = (tokenizer.encode(text, add_special_tokens=False) for text in (letter, f" {letter}"))
            self._tokens.append(sorted({ids[0] for ids in texts if len(ids) == 1 and ids[0] != tokenizer.unk_token_id}))
        if not all(self._tokens):
            raise ModelError("the reader of attributes has no tokens for single letters", "name another chat model")

    @classmethod
    def from_pretrained(cls, folder: Path, device: str | torch.device = "cpu") -> Self:
        """Raises ModelError where the folder holds no chat model for pictures."""
        model = load_model(AutoModelForImageTextToText, folder, [], "chat model for pictures")
        return cls(model.to(device), load_processor(AutoProcessor, folder))

    def answer(self, asked: Sequence[tuple[np.ndarray, Question]]) -> list[np.ndarray]:
        found: list[np.ndarray] = []
        for start in range(0, len(asked), _BATCH):
            found += self._batch(asked[start : start + _BATCH])
        return found

    @torch.no_grad()
    def _batch(self, asked: Sequence[tuple[np.ndarray, Question]]) -> list[np.ndarray]:
        inputs = self.processor.apply_chat_template(
            [[_message(picture, question)] for picture, question in asked],
            add_generation_prompt=True,
            tokenize=True,
            return_dict=True,
            return_tensors="pt",
            processor_kwargs={"padding": True},
        ).to(self.model.device)
        told = self.model.generate(
            **inputs, max_new_tokens=1, do_sample=False, output_logits=True, return_dict_in_generate=True
        )
        chances = told.logits[0].float().softmax(-1).cpu().numpy()
        return [
            np.array([float(row[tokens].sum()) for tokens in self._tokens[: len(question.options)]])
            for row, (_, question) in zip(chances, asked, strict=True)
        ]


def _message(picture: np.ndarray, question: Question) -> dict[str, Any]:
    assert len(question.options) < len(LETTERS), "one letter is for none of them"
    options = [f"{letter}. {option}" for letter, option in zip(LETTERS, (*question.options, _NONE), strict=False)]
    text = "\n".join([question.text, *options, _ORDER])
    return {
        "role": "user",
        "content": [{"type": "image", "image": Image.fromarray(picture)}, {"type": "text", "text": text}],
    }
