"""What is evaluated, and how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from vireo.evaluation.editors import EditOptions
from vireo.judges.judge import Judge


@dataclass(frozen=True, kw_only=True)
class EvaluationConfig:
    """One of `model` and `videos` is given.

    model: a preset, a folder or a hub id. videos: folder of finished clips, ID.mkv or ID.mp4.
    options: how the model edits. limit: only the first so many pairs or items.
    judge: scores every edit, too (`vireo.judges`). backbones: of `vireo.evaluation.measures`, beyond what needs none.

    Of pair sets alone: paraphrases: each pair once more with one of its paraphrases, chosen by the pair's place in the
    set. keep: also writes the edited clips, out/clips/ID.mkv, as `videos` takes them. workers: processes that share the
    work, each with its own copy of the models and its share of the cores.
    """

    model: str | None = None
    videos: Path | None = None
    options: EditOptions = field(default_factory=EditOptions)
    limit: int | None = None
    judge: Judge | None = None
    backbones: Mapping[str, str] = field(default_factory=dict)
    paraphrases: bool = False
    keep: bool = False
    workers: int = 1
