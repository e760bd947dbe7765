"""Chat models that run here: any vision-language model that transformers can load and that has a chat template."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Self, TypeVar

import torch
from PIL import Image
from transformers import AutoModelForImageTextToText, AutoProcessor

from vireo.errors import ModelError
from vireo.judges.chat_model import Answer, ChatJudge, Groups, user_message
from vireo.judges.judge import JudgeKind, Usage
from vireo.judges.rubric import UnusableReply
from vireo.models.weights import foreign_weights

T = TypeVar("T")

LONGEST_REPLY = 400
"""Most new tokens of a reply."""


class LocalChat:
    """model, processor: as transformers' chat models for pictures. name: for reports.

    Replies are the likeliest ones; one that cannot be read is a failure, since asking again would give the same.
    """

    workers = 1

    def __init__(self, model: Any, processor: Any, *, name: str = "") -> None:
        self.model, self.processor, self.name = model, processor, name

    @classmethod
    def from_pretrained(cls, folder: Path) -> Self:
        """Raises ModelError where the folder holds no such model."""
        with foreign_weights(folder):
            processor = AutoProcessor.from_pretrained(folder)
            model = AutoModelForImageTextToText.from_pretrained(folder, dtype="auto").eval()
        if not getattr(processor, "chat_template", None):
            raise ModelError(f"the processor in {folder} has no chat template", "name a chat model for pictures")
        return cls(model, processor, name=str(folder))

    @torch.no_grad()
    def ask(self, text: str, groups: Groups, read: Callable[[str], T]) -> Answer[T]:
        inputs = self.processor.apply_chat_template(
            [user_message(text, groups, lambda picture: {"type": "image", "image": Image.fromarray(picture)})],
            add_generation_prompt=True,
            tokenize=True,
            return_dict=True,
            return_tensors="pt",
        ).to(self.model.device)
        length = inputs["input_ids"].shape[1]
        tokens = self.model.generate(**inputs, max_new_tokens=LONGEST_REPLY, do_sample=False)[0, length:]
        usage = Usage(1, False, length, len(tokens))
        try:
            return Answer(read(self.processor.decode(tokens, skip_special_tokens=True)), usage=usage)
        except UnusableReply as error:
            return Answer(None, str(error), usage)


CHAT_FOLDER = JudgeKind(
    matches=lambda address: (Path(address) / "config.json").is_file(),
    open=lambda address, rubric, options: ChatJudge(LocalChat.from_pretrained(Path(address)), rubric),
)
"""Addresses are folders of chat models of transformers."""
