"""One pair of a pair set as arrays, ready to be scored."""

from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Self

import numpy as np

from vireo.errors import InputError
from vireo.judges.judge import Sample
from vireo.metrics.truth import EditScore, best_match, dilated, score_edit
from vireo.types import EditPair
from vireo.video.io import read_clip


@dataclass(frozen=True)
class PairClips:
    """A pair's videos. source, target: uint8 (T, H, W, 3). mask: bool (T, H, W), not dilated.

    others, concerned: bool (T, H, W), the source's instances that the edit does not and does concern; None
    where the pair set has no instance masks. reference: uint8 (h, w, 3) or None. alternatives: target and mask of
    each further exact result, where the words leave a choice.
    """

    source: np.ndarray
    target: np.ndarray
    mask: np.ndarray
    others: np.ndarray | None
    concerned: np.ndarray | None
    reference: np.ndarray | None
    fps: Fraction = Fraction(8)
    alternatives: tuple[tuple[np.ndarray, np.ndarray], ...] = ()

    def matching(self, edited: np.ndarray) -> Self:
        """The same pair with one exact result, that to which this edit comes nearest."""
        target, mask = best_match(edited, self.source, [(self.target, self.mask), *self.alternatives])
        return replace(self, target=target, mask=mask, alternatives=())

    def sample(self, pair: EditPair, edited: np.ndarray, instruction: str | None = None) -> Sample:
        """An edit of this pair, uint8 (T, H, W, 3), for judges and scorers. instruction: the pair's own if None.

        Its region is the pair's mask, dilated: what a trainer on pairs knows (as VIVA's Eq. 3 does)."""
        return Sample(
            self.source,
            edited,
            pair.instruction if instruction is None else instruction,
            self.reference,
            pair.task == "generate",
            source_caption=pair.source_caption,
            target_caption=pair.target_caption,
            target=self.target,
            mask=self.mask,
            region=dilated(self.mask),
        )

    def score(self, edited: np.ndarray, family: str) -> EditScore:
        """An edit of this pair, uint8 (T, H, W, 3), against its exact result, or the best match of several."""
        one = self.matching(edited)
        masks = {"others": self.others, "concerned": self.concerned}
        return score_edit(edited, one.source, one.target, one.mask, family=family, **masks)


def refuse_without_masks(folder: Path) -> None:
    """Raises InputError for a pair set of `vireo import`: it has no masks, and so no exact results to score with."""
    if (folder / "import.json").is_file():
        raise InputError(f"{folder} is imported and has no masks", "score on a set of vireo world make")


def finished_clip(folder: Path, name: str) -> Path | None:
    """Where the clip of a pair, by its id, lies among finished ones, ID.mkv or ID.mp4; None where there is none."""
    return next((path for suffix in (".mkv", ".mp4") if (path := folder / f"{name}{suffix}").is_file()), None)


def load_pair_clips(folder: Path, pair: EditPair) -> PairClips:
    """Reads the videos of a pair; raises InputError where they do not fit together."""

    def frames(path: str) -> np.ndarray:
        return read_clip(folder / path, trusted=True).frames

    clip = read_clip(folder / pair.source, trusted=True)
    source, results = clip.frames, [(frames(target), frames(mask)[..., 0] > 127) for target, mask in pair.results]
    for target, mask in results:
        if not source.shape == target.shape == (*mask.shape, 3):
            sizes = ", ".join(str(video.shape[:3]) for video in (source, target, mask))
            raise InputError(f"pair {pair.id}: its videos differ in size: {sizes}", "make the set again")
    others = concerned = None
    if pair.instances is not None:
        instances = frames(pair.instances)[..., 0]
        concerned = np.isin(instances, [1 + index for index in pair.concerned])
        others = (instances > 0) & ~concerned
    reference = None if pair.reference is None else frames(pair.reference)[0]
    (target, mask), *alternatives = results
    return PairClips(source, target, mask, others, concerned, reference, clip.fps, tuple(alternatives))
