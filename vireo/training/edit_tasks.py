"""What an editor is post-trained on: clips and instructions of pair sets, without their exact results."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Protocol

import numpy as np

from vireo.errors import InputError
from vireo.metrics.truth import dilated
from vireo.types import PairFiles
from vireo.video.io import read_clip


@dataclass(frozen=True, kw_only=True)
class EditTask:
    """One clip and what is to be done to it. frames: uint8 (T, H, W, 3). paraphrases: other wordings of the
    instruction. source_caption, target_caption: of the clip, and of what the edit shall look like (VIVA C.2). region:
    bool (T, H, W), outside of which nothing may change, as the data say (VIVA's mask); None where they do not."""

    frames: np.ndarray
    fps: Fraction
    instruction: str
    paraphrases: tuple[str, ...] = ()
    source_caption: str = ""
    target_caption: str = ""
    region: np.ndarray | None = None


class EditTasks(Protocol):
    """Where tasks come from. It gives the same task for a generator in the same state."""

    def __call__(self, rng: np.random.Generator) -> EditTask: ...


class SetTasks:
    """Tasks of pair sets, hybrids and single edits mixed.

    pairs: with paths relative to `folder`. hybrid: share of tasks that ask for several edits at once, 0..1.

    Pairs with a reference picture are left out: a batch has one for all of its clips or for none. Raises InputError
    where the share asks for a kind of which there is none.
    """

    def __init__(self, folder: Path, pairs: Sequence[PairFiles], hybrid: float) -> None:
        usable = [pair for pair in pairs if pair.reference is None]
        self.folder, self.hybrid = folder, hybrid
        self.hybrids = [pair for pair in usable if pair.family == "hybrid"]
        self.singles = [pair for pair in usable if pair.family != "hybrid"]
        for share, found, kind in ((hybrid, self.hybrids, "hybrid"), (1 - hybrid, self.singles, "single")):
            if share > 0 and not found:
                raise InputError(
                    f"there are no {kind} edits to learn from", "give some, or change the share of hybrids"
                )

    def __call__(self, rng: np.random.Generator) -> EditTask:
        kind = self.hybrids if rng.random() < self.hybrid else self.singles
        return task_of(self.folder, kind[int(rng.integers(len(kind)))])


def task_of(folder: Path, pair: PairFiles) -> EditTask:
    """The task of a pair of the set in a folder. Where the words leave a choice, its region is that of all results
    together, and no caption says what the edit shall look like."""
    clip = read_clip(folder / pair.source, trusted=True)
    masks = [read_clip(folder / mask, trusted=True).frames[..., 0] > 127 for _, mask in pair.results if mask]
    return EditTask(
        frames=clip.frames,
        fps=clip.fps,
        instruction=pair.instruction,
        paraphrases=tuple(pair.paraphrases),
        source_caption=pair.source_caption,
        target_caption="" if pair.alternatives else pair.target_caption,
        region=dilated(np.any(masks, 0)) if masks else None,
    )
