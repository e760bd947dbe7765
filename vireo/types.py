"""Typed carriers that cross room borders."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from pydantic import BaseModel, ConfigDict

from vireo.errors import InputError

OnCount = Callable[[int, int], None]
"""Called by long work with what is done and the total; may end the work by raising."""


Preserve = Literal["strict", "soft", "off"]
"""What becomes of the picture outside the edit region: every pixel kept | blended softly | taken as made."""

Executor = Literal["auto", "model", "exact"]
"""Who carries an edit out: a model, or the exact function of the pixels that an instruction asks for (see
`vireo.video.operations`; an error where it asks for none); auto: the function where there is one, else the model."""


Reason = Literal["auto", "always", "never"]
"""Whether an instruction becomes a plan first: where it asks for more than one thing, or the editor does not understand
it | in any case | never, the editor is given it as it is."""


@dataclass(frozen=True, kw_only=True)
class EditSettings:
    """How an edit is made, whatever the clip and the instruction.

    steps, guidance: denoising steps and guidance scale; None for those that the editor's weights declare.
    seed: of the noise; every window of a clip starts from the same noise.
    preserve: see `Preserve`. gate: whether it is checked first that the model knows the words of the instruction and
        that the clip shows what they name; where not, the clip stays as it is.
    executor: see `Executor`. The default is what measures a model; what users call (`edit_video`) has "auto".
    """

    steps: int | None = None
    guidance: float | None = None
    seed: int = 0
    preserve: Preserve = "strict"
    gate: bool = True
    executor: Executor = "model"


@dataclass(frozen=True, kw_only=True)
class EditRequest:
    """One edit of one clip. reference: uint8 (h, w, 3), a picture that the instruction speaks of."""

    instruction: str
    reference: np.ndarray | None = None
    settings: EditSettings = EditSettings()

    def check(self) -> None:
        """Raises InputError for what no clip can be edited by."""
        if not self.instruction.strip():
            raise InputError("the instruction is empty", 'say what to change, e.g. "make the red ball blue"')
        for name, kinds in (("preserve", Preserve), ("executor", Executor)):
            value = getattr(self.settings, name)
            if value not in get_args(kinds):
                raise InputError(f"{name} is {value!r}", f"choose one of {', '.join(get_args(kinds))}")


@dataclass(frozen=True)
class Composite:
    """A finished frame. pixels: uint8 (H, W, 3). region: bool (H, W), the edit region. touched: bool (H, W), pixels
    that may differ from the source; elsewhere they are bit-equal to it. deep: the pixels before rounding to 8 bits, as
    in `TimedFrame`, where the edit itself was computed so finely; else None. by_step: of a plan, what each of its steps
    may have touched; together they are `touched`."""

    pixels: np.ndarray
    region: np.ndarray
    touched: np.ndarray
    deep: np.ndarray | None = None
    by_step: tuple[np.ndarray, ...] = ()


@dataclass(frozen=True, kw_only=True)
class StepResult:
    """What was done for one step of a plan.

    instruction, operation: of the step. executor, read_as, found, notes: as in `EditResult`.
    tries: in how many ways it was carried out before one passed its check, or none was left.
    passed: whether the result passed; None where there was nothing to check. changed_fraction: as in `EditResult`.
    """

    instruction: str
    operation: str
    executor: Literal["model", "exact"]
    read_as: str | None
    found: bool | None
    tries: int
    passed: bool | None
    changed_fraction: float
    notes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class EditResult:
    """What was done to a file; the keys of `vireo edit --json`.

    fps: average frames per second. seconds: spent in each stage, and in total.
    executor: who carried the edit out; of a plan the model, where one took part. operation: the exact function of the
        pixels that was; None of a model.
    model: None where none took part.
    changed_fraction: share of all pixels of the clip that lie inside the edit region.
    read_as: the instruction as it was carried out; None where the model does not understand it.
    found: whether the clip shows what the instruction names; None where that was not checked.
    notes: why the clip was left as it is, where it was; or that the model knows no clips of its kind.
    left_out: what of the source does not come along, in words.
    damaged: numbers (from 0) of the frames that could not, or not wholly, be decoded.
    warnings: what else a user should know, as of settings for which the weights were not trained.
    plan: what was done for each step, where a plan was carried out; else empty.
    """

    output: str
    executor: Literal["model", "exact"]
    operation: str | None
    model: str | None
    instruction: str
    seed: int
    steps: int
    frames: int
    width: int
    height: int
    fps: float
    seconds: dict[str, float]
    changed_fraction: float
    read_as: str | None
    found: bool | None
    notes: tuple[str, ...]
    left_out: tuple[str, ...]
    damaged: tuple[int, ...]
    warnings: tuple[str, ...]
    plan: tuple[StepResult, ...] = ()


Split = Literal["train", "test"]
TEST_SEED = 1_000_000
"""Scenes of the training split have seeds below, of the test split at or above."""


class Alternative(BaseModel):
    """A further exact result of an edit whose words leave a choice. Paths are relative to the pair set's folder."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    target: str
    mask: str
    target_caption: str
    target_scene: dict[str, Any]


class PairFiles(BaseModel):
    """The files and words of one edit with its exact result. Paths are relative to the folder of the pair set.

    What an editor learns from: read from the lines of `EditPair` in a fraction of their time and memory.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: str
    family: str
    source: str
    target: str
    mask: str
    instruction: str
    paraphrases: list[str]
    source_caption: str
    target_caption: str
    reference: str | None = None
    alternatives: list[Alternative] = []

    @property
    def results(self) -> list[tuple[str, str]]:
        """Target and mask of every exact result."""
        return [(self.target, self.mask), *((other.target, other.mask) for other in self.alternatives)]


class EditPair(PairFiles):
    """One edit with its exact result, and the scenes that it was made from.

    instances: gray video of the *source*; the value of a pixel is 1 + the index of the object seen
        there in `scene`, 0 where none is.
    concerned: indices of the objects of `scene` that the edit concerns (empty for global edits).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    seed: int
    split: Split
    reasoning: dict[str, Any] | None = None
    task: Literal["edit", "generate"] = "edit"
    scene: dict[str, Any]
    target_scene: dict[str, Any]
    instances: str | None = None
    concerned: list[int] = []
