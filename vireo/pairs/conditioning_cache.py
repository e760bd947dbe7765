"""Instructor states of many prompts, encoded once (VIVA Eq. 1; the instructor is frozen)."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from vireo.models.instructor.prompts import InstructorTemplate
from vireo.models.instructor.states import encode_instruction
from vireo.pairs.latent_cache import OnCount
from vireo.runtime import autocast, whole_file


@dataclass(frozen=True)
class Prompt:
    """text, and the pictures that the instructor sees: uint8 (H, W, 3) or None."""

    text: str
    frame: np.ndarray | None = None
    reference: np.ndarray | None = None


class ConditioningCache:
    """Valid states of prompt i are tokens[offsets[i] : offsets[i + 1]], float16 (n, D); pooled: (prompts, D)."""

    def __init__(self, folder: Path) -> None:
        self.offsets = np.load(folder / "offsets.npy")
        self.tokens = np.load(folder / "tokens.npy", mmap_mode="r")
        self.pooled = np.load(folder / "pooled.npy")

    def batch(self, rows: np.ndarray, device: torch.device, multiple: int = 16) -> tuple[Tensor, Tensor, Tensor]:
        """States (B, L, D), mask (B, L) and pooled (B, D); L is the longest, rounded up to `multiple` so that
        few shapes occur."""
        sizes = self.offsets[rows + 1] - self.offsets[rows]
        length = -(-int(sizes.max()) // multiple) * multiple
        states = np.zeros((len(rows), length, self.tokens.shape[1]), np.float16)
        for i, (row, size) in enumerate(zip(rows, sizes, strict=True)):
            states[i, :size] = self.tokens[self.offsets[row] : self.offsets[row] + size]
        mask = np.arange(length) < sizes[:, None]
        tensors = (torch.from_numpy(a).to(device) for a in (states, mask, self.pooled[rows]))
        states, mask, pooled = tensors
        return states.float(), mask, pooled.float()


def cache_conditioning(
    instructor: Any,
    processor: Any,
    template: InstructorTemplate,
    prompts: Sequence[Prompt] | Iterator[Prompt],
    count: int,
    folder: Path,
    on_progress: OnCount | None = None,
    batch: int = 64,
) -> ConditioningCache:
    """Encodes `count` prompts in order; does nothing where that is done."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "offsets.npy").exists():
        width = instructor.config.text_config.hidden_size
        sizes, pooled, prompts = [], [], iter(prompts)
        with tempfile.TemporaryFile(dir=folder) as raw:  # the total is known only at the end
            for start in range(0, count, batch):
                group = [next(prompts) for _ in range(min(batch, count - start))]
                with autocast(instructor.device):
                    states = _encode(instructor, processor, template, group)
                mask = states.mask.cpu()
                raw.write(states.states.half().cpu()[mask].numpy().tobytes())
                sizes += mask.sum(1).tolist()
                pooled.append(states.pooled.half().cpu().numpy())
                if on_progress:
                    on_progress(start, count)
            raw.flush()
            with whole_file(folder / "tokens.npy") as path:
                np.save(path, np.memmap(raw, np.float16, "r", shape=(sum(sizes), width)))
        for name, values in (("pooled", np.concatenate(pooled)), ("offsets", np.cumsum([0, *sizes]))):
            with whole_file(folder / f"{name}.npy") as path:
                np.save(path, values)
    return ConditioningCache(folder)


def _encode(instructor: Any, processor: Any, template: InstructorTemplate, group: list[Prompt]) -> Any:
    texts = [prompt.text for prompt in group]
    if group[0].frame is None:
        return encode_instruction(instructor, processor, texts, template=template)
    frames, references = [prompt.frame for prompt in group], [prompt.reference for prompt in group]
    return encode_instruction(instructor, processor, texts, frames, references, template)
