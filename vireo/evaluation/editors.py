"""Where edited clips come from: a model, or a folder of clips that something else has finished."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

import numpy as np

from vireo.errors import InputError
from vireo.evaluation.config import EvaluationConfig
from vireo.evaluation.pair_clips import PairClips, finished_clip
from vireo.evaluation.records import Condition
from vireo.models.editors.opening import open_editor
from vireo.models.editors.protocol import Editor
from vireo.models.presets import resolve
from vireo.pipeline.execute import execute_frames
from vireo.pipeline.planning import plan_clip
from vireo.pipeline.stream import edit_clips
from vireo.reasoning.opening import NamedPerception, named_planner, thinking_weights
from vireo.types import EditPair, EditRequest, EditSettings, Reason
from vireo.video.geometry import to_uint8
from vireo.video.io import read_clip


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


class ModelClips:
    """Edits by a model, exactly as `vireo edit` makes them, every pair with noise from the same seed.

    reason: as in `edit_video`; reasoner, perception: who plans and looks, by their names. settings: all that the clips
    depend on. batch: how many pairs `edit` likes at once.
    """

    def __init__(
        self,
        editor: Editor,
        edit: EditSettings,
        settings: Mapping[str, Any] = MappingProxyType({}),
        reason: Reason = "never",
        reasoner: str = "mini",
        perception: str = "mini",
    ) -> None:
        self._planner = named_planner(reasoner, editor.facts.vocabulary)
        self._perceive = NamedPerception(perception)
        self.editor, self.edit_settings, self.batch = editor, edit, editor.batch()
        self.reason: Reason = reason
        self.settings: dict[str, Any] = {**settings, "batch": self.batch}

    @classmethod
    def open(cls, config: EvaluationConfig) -> Self:
        """Raises ModelError, and InputError for a device that is not there."""
        editor, settings = open_model(config)
        return cls(editor, config.edit, settings, config.reason, config.reasoner, config.perception)

    def edit(self, jobs: list[Job], clips: list[PairClips]) -> list[Edited]:
        requests = [
            EditRequest(instruction=job.instruction, reference=pair.reference, settings=self.edit_settings)
            for job, pair in zip(jobs, clips, strict=True)
        ]
        executions = [
            plan_clip(self.editor, request, self.reason, pair.source, Fraction(pair.fps), self._planner, self._perceive)
            for request, pair in zip(requests, clips, strict=True)
        ]
        alone = [number for number, execution in enumerate(executions) if execution is None]
        edits = edit_clips(
            self.editor, [clips[number].source for number in alone], [requests[number] for number in alone], raw=True
        )
        found = {number: Edited(edit.edited, edit.raw, edit.region) for number, edit in zip(alone, edits, strict=True)}
        for number, execution in enumerate(executions):
            if execution is not None:
                made = execute_frames(execution, clips[number].source, Fraction(clips[number].fps), requests[number])
                found[number] = Edited(made.edited, None, made.region)
        return [found[number] for number in range(len(jobs))]

    def digest(self, name: str) -> None:
        """There is no clip yet."""

    def reconstruct(self, frames: np.ndarray) -> np.ndarray | None:
        """The autoencoder there and back, uint8 (T, H, W, 3), or None where there is none."""
        rebuilt = self.editor.reconstruct(frames)
        return None if rebuilt is None else to_uint8(rebuilt.frames)


class FinishedClips:
    """Reads clips named ID.mkv or ID.mp4. settings: where they lie; the `digest` of each tells what it is."""

    batch = 1

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise InputError(f"{folder} is no folder", "name the folder with the edited clips, ID.mkv or ID.mp4")
        self.folder = folder
        self.settings: dict[str, Any] = {"videos": str(folder)}

    def edit(self, jobs: list[Job], clips: list[PairClips]) -> list[Edited]:
        return [Edited(self.read(job.pair.id, pair.source.shape)) for job, pair in zip(jobs, clips, strict=True)]

    def need(self, name: str) -> Path:
        """Where the clip of a pair is; raises InputError where there is none."""
        path = finished_clip(self.folder, name)
        if path is None:
            raise InputError(f"{self.folder} has no clip of pair {name}", f"add {name}.mkv")
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
        path = finished_clip(self.folder, name)
        if path is None:
            return ""
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def reconstruct(self, frames: np.ndarray) -> None:
        """There is no autoencoder."""


def open_model(config: EvaluationConfig) -> tuple[Editor, dict[str, Any]]:
    """The model of an evaluation on its device, and the settings that its edits depend on."""
    assert config.model is not None, "else there are videos"
    editor = open_editor(config.model, device=config.device, dtype=config.dtype, adapter=config.adapter)
    weights = fingerprint(resolve(config.model))
    how = {**asdict(config.edit), "reason": config.reason}
    if config.reason != "never":
        how |= {"reasoner": config.reasoner, "perception": config.perception}
        how["thinking"] = [fingerprint(place) for place in thinking_weights(config.reasoner, config.perception)]
    return editor, {"model": config.model, "weights": weights, "dtype": config.dtype, **how}


def fingerprint(folder: Path) -> str:
    """Hash of all weights and configurations below a folder."""
    digest = hashlib.sha256()
    for path in sorted(p for p in Path(folder).rglob("*") if p.suffix in (".safetensors", ".json")):
        digest.update(path.relative_to(folder).as_posix().encode())
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:16]
