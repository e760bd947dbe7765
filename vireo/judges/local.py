"""Judges that run here: any vision-language model that transformers can load and that has a chat template."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from PIL import Image
from transformers import AutoModelForImageTextToText, AutoProcessor

from vireo.errors import ModelError
from vireo.judges.judge import Judgement, Sample, Usage, pictured
from vireo.judges.rubric import RubricName, UnusableReply, read_reply
from vireo.models.weights import foreign_weights

LONGEST_REPLY = 400
"""Most new tokens of a reply."""


class LocalJudge:
    """model, processor: as transformers' chat models for pictures. frames: how many are shown of each clip.

    Replies are the likeliest ones; one that holds no scores is a failure, since asking again would give the same.
    """

    def __init__(self, model: Any, processor: Any, rubric: RubricName, *, name: str = "", frames: int = 3) -> None:
        self.model, self.processor, self.rubric, self.frames = model, processor, rubric, frames
        self.settings: dict[str, Any] = {"judge": name, "rubric": rubric, "shown": frames}

    @classmethod
    def from_pretrained(cls, folder: Path, rubric: RubricName) -> LocalJudge:
        """Raises ModelError where the folder holds no such model."""
        with foreign_weights(folder):
            processor = AutoProcessor.from_pretrained(folder)
            model = AutoModelForImageTextToText.from_pretrained(folder, dtype="auto").eval()
        if not getattr(processor, "chat_template", None):
            raise ModelError(f"the processor in {folder} has no chat template", "name a chat model for pictures")
        return cls(model, processor, rubric, name=str(folder))

    def judge(self, samples: list[Sample]) -> list[Judgement]:
        return [self._judge(sample) for sample in samples]

    @torch.no_grad()
    def _judge(self, sample: Sample) -> Judgement:
        content: list[dict[str, Any]] = [{"type": "text", "text": sample.prompt(self.rubric)}]
        for title, pictures in pictured(sample, self.frames):
            content.append({"type": "text", "text": title})
            content += [{"type": "image", "image": Image.fromarray(picture)} for picture in pictures]
        inputs = self.processor.apply_chat_template(
            [{"role": "user", "content": content}],
            add_generation_prompt=True,
            tokenize=True,
            return_dict=True,
            return_tensors="pt",
        ).to(self.model.device)
        length = inputs["input_ids"].shape[1]
        tokens = self.model.generate(**inputs, max_new_tokens=LONGEST_REPLY, do_sample=False)[0, length:]
        usage = Usage(1, False, length, len(tokens))
        try:
            reply = self.processor.decode(tokens, skip_special_tokens=True)
            scores, reason = read_reply(reply, sample.criteria(self.rubric))
        except UnusableReply as error:
            return Judgement(None, failure=str(error), usage=usage)
        return Judgement(scores, reason, usage=usage)
