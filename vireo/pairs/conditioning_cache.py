"""Instructor states of many prompts, encoded once (VIVA Eq. 1; the instructor is frozen)."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from vireo.models.instructor.instructor import Instructor
from vireo.models.instructor.states import Conditioning, encode_instruction
from vireo.runtime import autocast, whole_file
from vireo.types import OnCount

_BATCH = 64


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
        padded = np.zeros((len(rows), length, self.tokens.shape[1]), np.float16)
        for i, (row, size) in enumerate(zip(rows, sizes, strict=True)):
            padded[i, :size] = self.tokens[self.offsets[row] : self.offsets[row] + size]
        mask = np.arange(length) < sizes[:, None]
        states, valid, pooled = (torch.from_numpy(a).to(device) for a in (padded, mask, self.pooled[rows]))
        return states.float(), valid, pooled.float()


def cache_conditioning(
    instructor: Instructor,
    prompts: Iterator[Prompt],
    count: int,
    folder: Path,
    on_progress: OnCount,
    dtype: torch.dtype,
) -> ConditioningCache:
    """Encodes `count` prompts in order, with products in `dtype`; does nothing where that is done.

    Either all prompts have a frame or none has.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "offsets.npy").exists():
        sizes: list[int] = []
        pooled: list[np.ndarray] = []
        with tempfile.TemporaryFile(dir=folder) as raw:  # the total is known only at the end
            while group := list(islice(prompts, _BATCH)):
                encoded = _encode(instructor, group, dtype)
                mask = encoded.mask.cpu()
                raw.write(encoded.states.half().cpu()[mask].numpy().tobytes())
                on_progress(len(sizes), count)
                sizes += mask.sum(1).tolist()
                pooled.append(encoded.pooled.half().cpu().numpy())
            assert len(sizes) == count
            raw.flush()
            with whole_file(folder / "tokens.npy") as path:
                np.save(path, np.memmap(raw, np.float16, "r", shape=(sum(sizes), pooled[0].shape[1])))
        for name, values in (("pooled", np.concatenate(pooled)), ("offsets", np.cumsum([0, *sizes]))):
            with whole_file(folder / f"{name}.npy") as path:
                np.save(path, values)
    return ConditioningCache(folder)


def _encode(instructor: Instructor, prompts: list[Prompt], dtype: torch.dtype) -> Conditioning:
    texts, frames = [prompt.text for prompt in prompts], [p.frame for p in prompts if p.frame is not None]
    references = [prompt.reference for prompt in prompts] if frames else None
    with autocast(instructor.model.device, dtype):
        return encode_instruction(instructor, texts, frames or None, references)
