"""What an evaluation has measured, one JSON line a pair, so that a broken run goes on where it stopped."""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self, TypeVar

from pydantic import BaseModel, ValidationError

from vireo.judges.judge import Judgement
from vireo.metrics.truth import EditScore
from vireo.runtime import whole_file

Condition = Literal["plain", "paraphrase"]


class KeyedRecord(BaseModel, frozen=True):
    """key: of what was scored and of all that the result depends on; see `key_of`."""

    key: str


AnyRecord = TypeVar("AnyRecord", bound=KeyedRecord)


class Ceiling(BaseModel, frozen=True):
    """The target through the VAE and back. psnr_inside: inside the dilated mask, None where that is empty."""

    score: EditScore
    psnr: float
    psnr_inside: float | None
    ssim: float


class JudgementRecord(BaseModel, frozen=True):
    """A judge's scores by criterion, or why there are none, and what they cost; see `vireo.judges.judge`."""

    scores: dict[str, float] | None
    reason: str
    failure: str | None
    calls: int
    cached: bool
    prompt_tokens: int
    completion_tokens: int
    cost: float | None

    @classmethod
    def of(cls, judgement: Judgement) -> Self:
        usage = judgement.usage
        return cls(
            scores=judgement.scores,
            reason=judgement.reason,
            failure=judgement.failure,
            calls=usage.calls,
            cached=usage.cached,
            prompt_tokens=usage.prompt_tokens,
            completion_tokens=usage.completion_tokens,
            cost=usage.cost,
        )


class Record(KeyedRecord, frozen=True):
    """All that was measured of one pair under one condition.

    composited: the edit as users get it (for finished clips: the clip). raw: straight from the pipeline.
    region_recall, region_excess: of local edits. judged: the composited clip, where a judge was asked. subsets: of
    `vireo.world.studiobench`.
    measures: of the composited clip, without its target; see `vireo.evaluation.measures`.
    """

    id: str
    family: str
    condition: Condition
    instruction: str
    composited: EditScore
    raw: EditScore | None
    do_nothing: EditScore
    oracle_vae: Ceiling | None
    target_itself: EditScore
    region_recall: float | None
    region_excess: float | None
    seconds: float
    judged: JudgementRecord | None = None
    subsets: list[str] = []
    measures: dict[str, float] = {}

    @property
    def unjudged(self) -> bool:
        """Whether a judge was asked and failed."""
        return self.judged is not None and self.judged.failure is not None


class ItemRecord(KeyedRecord, frozen=True):
    """One item of a published benchmark: what was measured of its edit, or in `failure` why there is none.

    family: the set's kind of edit. answered: how the judge answered the set's questions, if it has any.
    """

    id: str
    family: str
    instruction: str
    condition: str = "plain"
    measures: dict[str, float] = {}
    judged: JudgementRecord | None = None
    answered: JudgementRecord | None = None
    seconds: float = 0.0
    failure: str | None = None

    @property
    def failed(self) -> bool:
        asked = [each for each in (self.judged, self.answered) if each is not None]
        return self.failure is not None or any(each.failure is not None for each in asked)


def key_of(content: Any) -> str:
    """The same for what is the same in JSON only."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:24]


def read_records(path: Path, kind: type[AnyRecord]) -> dict[str, AnyRecord]:
    """Finished records by key; a line that a killed run left half written does not count."""
    records = {}
    if path.is_file():
        for line in path.read_text(encoding="utf-8", errors="replace").split("\n"):
            try:
                record = kind.model_validate_json(line)
            except ValidationError:
                continue
            records[record.key] = record
    return records


def append_records(path: Path, *records: BaseModel) -> None:
    """Those of one call are on disk together before it returns."""
    append_lines(path, "".join(record.model_dump_json() + "\n" for record in records))


def append_lines(path: Path, lines: str) -> None:
    """Adds whole lines to a file, on disk before this returns, below what a killed run left half written."""
    with path.open("a+b") as file:
        if file.tell():
            file.seek(-1, os.SEEK_END)
            torn = file.read() != b"\n"
            lines = "\n" + lines if torn else lines
        file.write(lines.encode())
        file.flush()
        os.fsync(file.fileno())


def write_texts(folder: Path, texts: Mapping[str, str]) -> None:
    """Files by name, each of which appears whole."""
    for name, text in texts.items():
        with whole_file(folder / name) as temporary:
            temporary.write_text(text, encoding="utf-8")
