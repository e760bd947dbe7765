"""All clips of a pair that the reward lab compares: its exact target, that made worse, and its untouched source."""

from collections.abc import Iterator

import numpy as np

from vireo.evaluation.pair_clips import PairClips
from vireo.evaluation.reward_lab.corruptions import CORRUPTIONS, OF_REMOVALS, STRENGTHS, mixed
from vireo.evaluation.reward_lab.partial_edits import half_done
from vireo.evaluation.reward_lab.statistics import EXCHANGED, TARGET
from vireo.types import EditPair

HALF_DONE = "half_done"
"""Corruption of hybrid pairs alone: the target faded to a clip with half of the parts left out."""


def candidate_clips(pair: EditPair, clips: PairClips, other: PairClips) -> Iterator[tuple[str, float, np.ndarray]]:
    """Kind, strength and clip of each candidate; the last is the source, to be shown as the edit of the target.

    other: of another pair. Raises StudioError for hybrid pairs where the studio cannot render.
    """
    yield TARGET, 0.0, clips.target
    for name, corrupt in CORRUPTIONS.items():
        if name in OF_REMOVALS and pair.family != "remove":
            continue
        for strength in STRENGTHS:
            clip = corrupt(clips, other, strength)
            if clip is not None and (clip != clips.target).any():
                yield name, strength, clip
    half = half_done(pair)
    if half is not None:
        for strength in STRENGTHS:
            yield HALF_DONE, strength, mixed(clips.target, half, strength)
    yield EXCHANGED, 1.0, clips.source
