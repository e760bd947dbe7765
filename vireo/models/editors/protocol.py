"""What the rest of the package needs of a model that edits windows of a video, and no more.

`Editor` is the protocol, `EditorFacts` the data that a model declares about itself, `Window` and `Sampling` what it is
given, `PipelineEditor` a base for editors that hold a pipeline of diffusers. Whether a clip shows what an instruction
names is not the editor's business: see `models.instructor.presence`.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, PositiveFloat, PositiveInt, ValidationError

from vireo.errors import ModelError
from vireo.models.instructor.presence import Gate
from vireo.models.instructor.vocabulary import Vocabulary
from vireo.models.weights import weights_digest
from vireo.monitor import Monitor

FACTS_FILE = "editor.json"
"""A file of this name beside the weights overrides single facts that the model's class declares."""


class EditorFacts(BaseModel):
    """What a model declares about itself.

    name: for messages and reports.
    frame_size: (height, width) in pixels whose product is the area at which the model edits.
    size_multiple: of which both sides have to be multiples, at any aspect; None for a model of the one size
        `frame_size`, into which every clip is squeezed.
    window_frames: most frames at once. temporal_stride: windows have a multiple of it plus one frame; 1 allows any
        number.
    pads_short_clips: whether a clip that is shorter than a window is filled up to `window_frames` (a single picture
        never is); else only up to the next number of frames that `temporal_stride` allows.
    overlap: frames that neighbouring windows share, over which one fades into the next.
    language: whether the text is an instruction, or the caption of the wanted result (Wan, VACE).
    vocabulary: what the model has learned to carry out and the words for it; what is not in it is left alone, with a
        note. None for a model that takes any words.
    takes_reference: whether a reference picture reaches the model.
    steps, guidance: denoising steps and guidance scale where a request names none.
    trained_steps, trained_guidance: (least, most) for which the weights are known to work; others are carried out with
        a warning. None: unknown.
    weights: precision in which the weights are held.
    batch: windows that are computed together on an accelerator. On the CPU each is computed by itself, so that its
        result depends, to the last bit, on nothing but the window.
    slow_motion: whether fast motion is shown to the model in slow motion (`pipeline.slow_motion`).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    frame_size: tuple[PositiveInt, PositiveInt]
    size_multiple: PositiveInt | None
    window_frames: PositiveInt
    temporal_stride: PositiveInt = 1
    pads_short_clips: bool = False
    overlap: int = 0
    language: Literal["instruction", "caption"] = "instruction"
    vocabulary: Vocabulary | None = None
    takes_reference: bool = False
    steps: PositiveInt
    guidance: PositiveFloat
    trained_steps: tuple[int, int] | None = None
    trained_guidance: tuple[float, float] | None = None
    weights: Literal["float32", "bfloat16", "float16"] = "float32"
    batch: PositiveInt = 1
    slow_motion: bool = False


def declared_facts(facts: EditorFacts, folder: Path) -> EditorFacts:
    """A class's facts, with what the file beside the weights says otherwise. Raises ModelError."""
    path, fix = folder / FACTS_FILE, "write fields of EditorFacts into it, or delete it"
    if not path.is_file():
        return facts
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return EditorFacts.model_validate({**facts.model_dump(), **found})
    except ValidationError as error:
        wrong = error.errors()[0]
        raise ModelError(f"{path}: {'.'.join(map(str, wrong['loc']))}: {wrong['msg']}", fix) from None
    except (ValueError, TypeError):
        raise ModelError(f"{path} is no JSON object", fix) from None


@dataclass(frozen=True)
class Reconstruction:
    """A clip through the model's autoencoder and back.

    frames: float32 (T, h, w, 3) in 0..1. latent: the model's own encoding of the clip, opaque to others; given back
    with the window, it need not be computed twice.
    """

    frames: np.ndarray
    latent: Any


@dataclass(frozen=True, kw_only=True)
class Window:
    """One window to edit.

    frames: uint8 (T, h, w, 3) of a size and length that the facts allow. text: instruction, or caption of the result.
    reference: uint8 (H, W, 3) or None. reconstruction: of `frames`, where `Editor.reconstruct` was called before.
    """

    frames: np.ndarray
    text: str
    reference: np.ndarray | None = None
    reconstruction: Reconstruction | None = None


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """seed: of the noise, the same for every window. steps, guidance: see `EditorFacts`."""

    seed: int
    steps: int
    guidance: float


class Editor(Protocol):
    """A model that edits windows; implementations are opened by `open_editor` and hold no state of a request."""

    @property
    def facts(self) -> EditorFacts: ...

    def edit(self, windows: Sequence[Window], sampling: Sampling, monitor: Monitor) -> list[np.ndarray]:
        """The edited windows, float32 (T, h, w, 3) in 0..1 each, of the shapes of the given ones.

        monitor: is told of every denoising step, raises where the request was cancelled, and times the stages
        "encode", "denoise" and "decode".
        """
        ...

    def reconstruct(self, frames: np.ndarray) -> Reconstruction | None:
        """A clip, uint8 (T, h, w, 3), through the autoencoder and back; None for a model without one."""
        ...

    def batch(self) -> int:
        """How many windows are computed together on the device where the model is; see `EditorFacts.batch`."""
        ...

    def digest(self) -> str:
        """SHA-256 of all weights, hexadecimal; computed once."""
        ...

    def to(self, device: torch.device) -> None:
        """Moves the weights to a device."""
        ...

    def gate(self) -> Gate | None:
        """The check whether a clip shows what an instruction names that comes with the model; None without one."""
        ...


class PipelineEditor:
    """What editors share that hold a pipeline of diffusers, whose base class declares no call (hence Any)."""

    def __init__(self, pipe: Any, facts: EditorFacts) -> None:
        self.pipe, self.facts = pipe, facts

    def to(self, device: torch.device) -> None:
        self.pipe.to(device)

    def digest(self) -> str:
        return self._digest

    @cached_property
    def _digest(self) -> str:
        return weights_digest(self.pipe.components)
