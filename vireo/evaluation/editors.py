"""Where edited clips come from: a model, or a folder of clips that something else has finished."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch

from vireo.errors import InputError
from vireo.evaluation.pair_clips import PairClips
from vireo.evaluation.records import Condition
from vireo.models.editors.viva import VireoPipeline
from vireo.models.presets import resolve
from vireo.pipeline.crops import ABSENT
from vireo.pipeline.slow_motion import joined, takes
from vireo.pipeline.stream import FramesEdit, edit_frames
from vireo.types import EditPair
from vireo.video.change import certainty, settled
from vireo.video.io import read_clip
from vireo.video.region import Preserve, composite, predict_region, to_uint8


@dataclass(frozen=True)
class EditOptions:
    """How a model edits; as in `edit_video`. steps, guidance: None for the model's own."""

    preserve: Preserve = "strict"
    look: bool = True
    steps: int | None = None
    guidance: float | None = None
    seed: int = 0


@dataclass(frozen=True)
class Job:
    """One pair under one condition; `key` identifies it together with the settings."""

    pair: EditPair
    condition: Condition
    instruction: str
    key: str


@dataclass(frozen=True)
class Edited:
    """What is scored. composited, raw: uint8 (T, H, W, 3); region: bool (T, H, W), the predicted edit region.

    Finished clips have no raw result and no region.
    """

    composited: np.ndarray
    raw: np.ndarray | None = None
    region: np.ndarray | None = None


def check_source(model: str | None, videos: Path | None) -> None:
    """Raises InputError unless exactly one of a model and a folder of finished clips is given."""
    if (model is None) == (videos is None):
        raise InputError("what is to be scored is not clear", "give either a model or a folder of videos")


class Editor(Protocol):
    """`settings` name all that the results depend on, but for finished clips, whose `digest` tells them apart;
    `batch` is how many pairs `edit` likes at once; `reconstruct` is the VAE there and back, uint8 (T, H, W, 3), or None
    where there is no VAE."""

    settings: dict[str, Any]
    batch: int

    def edit(self, jobs: list[Job], truths: list[PairClips]) -> list[Edited]: ...

    def digest(self, name: str) -> str | None: ...

    def reconstruct(self, frames: np.ndarray) -> np.ndarray | None: ...


COMPOSITION = 9
"""Counts the ways in which result and source have been put together; scores of another way are not reused."""


class ModelEditor:
    """Runs a pipeline as `vireo edit` does, every pair with noise from the same seed.

    Clips of the model's own size and length go through it in batches: on CPUs that is nearly twice as fast.
    """

    batch = 8

    def __init__(self, pipe: VireoPipeline, options: EditOptions) -> None:
        self.pipe, self.options = pipe, options
        self.settings: dict[str, Any] = {**asdict(options), "batch": self.batch, "composition": COMPOSITION}

    @classmethod
    def from_pretrained(cls, model: str, options: EditOptions) -> ModelEditor:
        """model: a preset, a folder or a hub id. Raises ModelError."""
        folder = resolve(model)
        pipe = VireoPipeline.from_pretrained(folder)
        pipe.set_progress_bar_config(disable=True)
        editor = cls(pipe, options)
        editor.settings = {"model": model, "weights": fingerprint(folder), **editor.settings}
        return editor

    def edit(self, jobs: list[Job], truths: list[PairClips]) -> list[Edited]:
        own = (self.pipe.window_frames, *self.pipe.frame_size, 3)
        if any(truth.source.shape != own for truth in truths):
            return [self._edit_any(job, truth) for job, truth in zip(jobs, truths, strict=True)]
        edited: dict[int, Edited] = {}
        for with_reference in (False, True):
            rows = [i for i, truth in enumerate(truths) if (truth.reference is not None) == with_reference]
            if rows:
                results = self._edit_batch([jobs[i] for i in rows], [truths[i] for i in rows])
                edited.update(zip(rows, results, strict=True))
        return [edited[i] for i in range(len(jobs))]

    def _edit_any(self, job: Job, truth: PairClips) -> Edited:
        def edit(**changed: Any) -> FramesEdit:
            options = asdict(self.options) | changed
            return edit_frames(self.pipe, truth.source, job.instruction, reference=truth.reference, **options)

        result = edit()
        raw = edit(look=False).raw if self.options.look else result.raw
        return Edited(result.edited, raw, result.support)

    def _edit_batch(self, jobs: list[Job], truths: list[PairClips]) -> list[Edited]:
        shown = [takes(truth.source, self.pipe) for truth in truths]
        clips = [
            (job.instruction, clip, truth.reference)
            for job, truth, own in zip(jobs, truths, shown, strict=True)
            for clip in own.clips
        ]
        parts = [clips[start : start + self.batch] for start in range(0, len(clips), self.batch)]
        results = iter([video for part in parts for video in self._run(part)])
        videos = [joined([next(results) for _ in own.clips]) for own in shown]
        absent = np.zeros(len(jobs))
        if self.options.look:
            absent = self.pipe.p_absent([job.instruction for job in jobs], [truth.source for truth in truths])
        edited = []
        for video, truth, own, missing in zip(videos, truths, shown, absent >= ABSENT, strict=True):
            if missing:
                untouched = np.zeros(truth.source.shape[:3], bool)
                edited.append(Edited(truth.source, to_uint8(video), untouched))
                continue
            region, kept = predict_region(truth.source, video, own.rebuilt), video
            if self.options.preserve != "off":
                kept = settled(truth.source, video, own.rebuilt, certainty(video, own.rebuilt, region.soft))
            composited = composite(truth.source, kept, region, self.options.preserve)
            edited.append(Edited(composited, to_uint8(video), region.support))
        return edited

    def _run(self, clips: Sequence[tuple[str, np.ndarray, np.ndarray | None]]) -> np.ndarray:
        """Results (B, T, H, W, 3) in 0..1 of instructions on clips, each with its reference picture."""
        instructions, sources, references = zip(*clips, strict=True)
        return self.pipe(
            prompt=list(instructions),
            video=list(sources),
            image=list(references),
            num_inference_steps=self.options.steps,
            guidance_scale=self.options.guidance,
            generator=[torch.Generator().manual_seed(self.options.seed) for _ in clips],
            output_type="np",
        ).frames

    def digest(self, name: str) -> None:
        """There is no clip yet."""

    def reconstruct(self, frames: np.ndarray) -> np.ndarray | None:
        return to_uint8(self.pipe.reconstruct(frames))


class FinishedClips:
    """Reads clips named ID.mkv or ID.mp4."""

    batch = 1

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise InputError(f"{folder} is no folder", "name the folder with the edited clips, ID.mkv or ID.mp4")
        self.folder = folder
        self.settings: dict[str, Any] = {"videos": str(folder)}

    def edit(self, jobs: list[Job], truths: list[PairClips]) -> list[Edited]:
        return [Edited(self.read(job.pair.id, truth.source.shape)) for job, truth in zip(jobs, truths, strict=True)]

    def path(self, name: str) -> Path | None:
        """Where the clip of a pair is, by its id; None where there is none."""
        return next((path for path in self._paths(name) if path.is_file()), None)

    def need(self, name: str) -> Path:
        """The same; raises InputError where there is none."""
        path = self.path(name)
        if path is None:
            raise InputError(f"{self.folder} has no clip of pair {name}", f"add {self._paths(name)[0].name}")
        return path

    def read(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        """The clip of a pair, uint8 of this shape (T, H, W, 3); raises InputError where there is none."""
        path = self.need(name)
        frames = read_clip(path).frames
        if frames.shape != shape:
            raise InputError(
                f"{path} is {frames.shape[:3]}, its source {shape[:3]} (frames, height, width)",
                "keep frame count and size",
            )
        return frames

    def digest(self, name: str) -> str:
        """Hash of the clip of a pair; empty where there is none."""
        path = self.path(name)
        if path is None:
            return ""
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def _paths(self, name: str) -> list[Path]:
        return [self.folder / f"{name}{suffix}" for suffix in (".mkv", ".mp4")]

    def reconstruct(self, frames: np.ndarray) -> np.ndarray | None:
        return None


def fingerprint(folder: Path) -> str:
    """Hash of all weights and configurations below a folder."""
    digest = hashlib.sha256()
    for path in sorted(p for p in Path(folder).rglob("*") if p.suffix in (".safetensors", ".json")):
        digest.update(path.relative_to(folder).as_posix().encode())
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:16]
