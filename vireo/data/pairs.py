"""The pair set: paired edits with exact truth, as a folder (contract "Pair set").

    DIR/pairs.jsonl      one `EditPair` a line
    DIR/videos/*.mkv     FFV1, lossless RGB; a source shared by several edits is stored once
    DIR/images/*.png     reference images
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from vireo.errors import InputError

FAMILIES = (
    "recolor",
    "material",
    "remove",
    "add",
    "replace",
    "resize",
    "background",
    "light",
    "style",
    "watermark",
    "reference",
    "hybrid",
    "absent",
)
"""Kinds of literal edits, in the order of every table."""

TEST_SEED = 1_000_000
"""Scenes of the training split have seeds below, of the test split at or above."""


class EditPair(BaseModel):
    """One edit with its exact result. Paths are relative to the folder of the pair set.

    instances: gray video of the *source*; the value of a pixel is 1 + the index of the object seen
        there in `scene`, 0 where none is.
    concerned: indices of the objects of `scene` that the edit concerns (empty for global edits).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    family: str
    seed: int
    split: Literal["train", "test"]
    source: str
    target: str
    mask: str
    instruction: str
    paraphrases: list[str]
    source_caption: str
    target_caption: str
    reference: str | None = None
    reasoning: dict[str, Any] | None = None
    task: Literal["edit", "generate"] = "edit"
    scene: dict[str, Any]
    target_scene: dict[str, Any]
    instances: str | None = None
    concerned: list[int] = []


def read_pairs(folder: Path) -> Iterator[EditPair]:
    """Yields the pairs of a folder in the order of its file.

    Raises InputError where the folder has no pairs.jsonl or a line is not a pair.
    """
    path = Path(folder) / "pairs.jsonl"
    if not path.is_file():
        raise InputError(f"{folder} is no pair set: it has no pairs.jsonl", "make one with: vireo world make DIR")
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                yield EditPair.model_validate(json.loads(line))
            except (ValidationError, json.JSONDecodeError) as error:
                first = str(error).splitlines()[0]
                raise InputError(f"{path}, line {number} is no pair: {first}", "make the set again") from None
