"""The receipt of an edit as a JSON file."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vireo.errors import InputError

Settings = dict[str, bool | int | float | str | None]
Digest = str
"""Lower-case hexadecimal SHA-256."""

Share = Annotated[float, Field(ge=0, le=255, allow_inf_nan=False)]
"""An error in 1/255."""


def _is_empty(value: list) -> bool:
    return not value


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FileFacts(_Strict):
    """A file by its name, without the folder, its size in bytes and its hash."""

    name: str
    size: int
    sha256: Digest

    @classmethod
    def of(cls, path: Path) -> Self:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return cls(name=path.name, size=path.stat().st_size, sha256=digest)


class ModelFacts(_Strict):
    """sha256: of the names and values of all weights."""

    name: str
    sha256: Digest


class FrameFacts(_Strict):
    """One frame of the output.

    time: presentation time in seconds, as an exact fraction. region: run lengths (see `runs`) of the pixels that the
    edit may change. changed: count of pixels that differ from the source before encoding. untouched: SHA-256 of the
    RGB bytes outside the region, row by row. steps: of a plan, the run lengths of the pixels that each of its steps may
    change; together they are the region. Not stored where there is no plan.
    """

    time: str
    region: list[int]
    changed: int
    untouched: Digest
    steps: list[list[int]] = Field(default=[], exclude_if=_is_empty)


class StepFacts(_Strict):
    """One step of a plan that was carried out. instruction: as the editor was given it. executor: "model" or "exact".
    passed: whether its result passed a check; None where there was none."""

    operation: str
    instruction: str
    executor: str
    passed: bool | None


@dataclass(frozen=True, kw_only=True)
class EditDescription:
    """What `ReceiptWriter.finish` needs to know of a finished edit: its files, its model and its arguments.

    settings: further arguments that shaped the result. model: None where none took part. steps: of a plan, else empty.
    """

    source: Path
    output: Path
    reference: Path | None = None
    mask: Path | None = None
    model: ModelFacts | None
    instruction: str
    seed: int
    settings: Settings
    steps: Sequence[StepFacts] = ()


class Encoding(_Strict):
    """How the video was encoded, and the error of that. lossless: decoding returns every pixel as it was written.

    mean, worst: mean absolute errors outside the regions in 1/255, measured on the finished file; the largest of a
    frame, and of the part outside of a 16x16 square. Both are 0 where lossless.
    """

    codec: str
    pix_fmt: str
    lossless: bool
    mean: Share
    worst: Share


class Receipt(_Strict):
    """All facts about one edit. model: None where none took part. settings: what shaped the result, its executor with
    it. steps: of the plan, in the order of `FrameFacts.steps`; not stored where there is none."""

    format: Literal["vireo-receipt/1"] = "vireo-receipt/1"
    vireo: str
    source: FileFacts
    reference: FileFacts | None
    mask: FileFacts | None
    model: ModelFacts | None
    instruction: str
    seed: int
    settings: Settings
    width: int = Field(gt=0)
    height: int = Field(gt=0)
    steps: list[StepFacts] = Field(default=[], exclude_if=_is_empty)
    frames: list[FrameFacts]
    encoding: Encoding
    output: FileFacts


def read_receipt(path: str | Path) -> Receipt:
    """Raises InputError where the file is missing or no receipt."""
    try:
        return Receipt.model_validate_json(Path(path).read_bytes())
    except OSError as error:
        raise InputError(
            f"{path} cannot be read: {(error.strerror or str(error)).lower()}", "name the receipt of the edit"
        ) from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise InputError(
            f"{path} is no receipt: {where + ': ' if where else ''}{first['msg']}",
            "name the file that vireo edit --receipt wrote",
        ) from None
