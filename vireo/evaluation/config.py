"""What is evaluated, and how."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from vireo.errors import InputError
from vireo.judges.judge import Judge
from vireo.types import EditSettings, Reason


@dataclass(frozen=True, kw_only=True)
class EvaluationConfig:
    """One of `model` and `videos` is given; else InputError.

    model: a preset, a folder or a hub id. videos: folder of finished clips, ID.mkv or ID.mp4.
    edit: how the model edits. device, dtype, adapter: how it is opened, see `open_editor`.
    reason: as in `edit_video`; reasoner, perception: who plans and who looks, by their names. Of a clip that a plan was
    carried out on there is no raw result.
    limit: only the first so many pairs or items.
    judge: scores every edit, too (`vireo.judges`). backbones: of `vireo.evaluation.measures`, beyond what needs none.

    Of pair sets alone: paraphrases: each pair once more with one of its paraphrases, chosen by the pair's place in the
    set. keep: also writes the edited clips, out/clips/ID.mkv, as `videos` takes them. workers: processes that share the
    work, each with its own copy of the models and its share of the cores.
    """

    model: str | None = None
    videos: Path | None = None
    edit: EditSettings = field(default_factory=EditSettings)
    reason: Reason = "never"
    reasoner: str = "mini"
    perception: str = "mini"
    device: str = "auto"
    dtype: str | None = None
    adapter: str | None = None
    limit: int | None = None
    judge: Judge | None = None
    backbones: Mapping[str, str] = field(default_factory=dict)
    paraphrases: bool = False
    keep: bool = False
    workers: int = 1

    def __post_init__(self) -> None:
        if (self.model is None) == (self.videos is None):
            raise InputError("what is to be scored is not clear", "give either a model or a folder of videos")
