"""A model and the processor that goes with it, saved into one folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from transformers import PreTrainedModel, ProcessorMixin


@dataclass(frozen=True)
class Bundle:
    model: PreTrainedModel
    processor: ProcessorMixin

    def save_pretrained(self, folder: str | Path) -> None:
        """Writes both in the standard layout; `AutoProcessor` and the model's class load them from there."""
        self.model.save_pretrained(folder)
        self.processor.save_pretrained(folder)
