"""Preferences that the exact truth gives: of two candidates of a pair, which is better. What a preference head learns
from in place of people's choices."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from vireo.errors import InputError
from vireo.evaluation.pair_clips import load_pair_clips
from vireo.evaluation.reward_lab.candidate_clips import candidate_clips
from vireo.evaluation.reward_lab.statistics import EXCHANGED
from vireo.judges.judge import Sample
from vireo.metrics.truth import EditScore
from vireo.pairs.format import read_pairs
from vireo.rewards.evidence import Evidence, Networks
from vireo.rewards.preference import preference_vectors
from vireo.training.preference import PreferenceVectors

MARGIN = 0.1
"""Of two candidates that both succeed or both fail, the `edit_error` of the better one is smaller by this."""

Preference = tuple[Sample, Sample]
"""The better edit of a pair, and the worse one."""


def prefers(first: EditScore, second: EditScore) -> bool:
    """Whether the first is better beyond doubt: it succeeds and the other does not, or its `edit_error` is smaller by
    MARGIN; and not the other way round in either."""
    if first.edit_error is None or second.edit_error is None or first.success < second.success:
        return False
    gain = second.edit_error - first.edit_error
    return gain >= MARGIN or (first.success > second.success and gain >= 0)


def draw_preferences(pairs_dir: Path, per_pair: int, rng: np.random.Generator) -> Iterator[list[Preference]]:
    """Of each pair of a set up to so many preferences between its candidates. Pairs whose target is their source give
    none. Raises InputError, and StudioError for hybrid pairs where the studio cannot render."""
    pairs = [pair for pair in read_pairs(pairs_dir) if pair.target != pair.source]
    if not pairs:
        raise InputError(
            f"{pairs_dir} has no pair whose target differs from its source", "make some with: vireo world make"
        )
    first = other = load_pair_clips(pairs_dir, pairs[0])
    for pair, following in zip(pairs, [*pairs[1:], None], strict=True):
        clips, other = other, first if following is None else load_pair_clips(pairs_dir, following)
        made = [clip for kind, _, clip in candidate_clips(pair, clips, other) if kind != EXCHANGED]
        scores = [clips.score(clip, pair.family) for clip in made]
        samples = [clips.sample(pair, clip) for clip in made]
        chosen = [(a, b) for a, b in itertools.permutations(range(len(made)), 2) if prefers(scores[a], scores[b])]
        rows = rng.permutation(len(chosen))[:per_pair]
        yield [(samples[chosen[row][0]], samples[chosen[row][1]]) for row in rows]


def preference_set(preferences: list[Preference], networks: Networks) -> PreferenceVectors:
    """Their vectors by the instructor; clips have one number of frames. Needs the instructor."""
    samples = list({id(sample): sample for both in preferences for sample in both}.values())
    frames, texts = {}, {}
    for sample, evidence in zip(samples, Evidence.of_batch(samples, networks), strict=True):
        frames[id(sample)], texts[id(sample)] = preference_vectors(evidence)
    better, worse = (np.stack([frames[id(both[k])] for both in preferences]) for k in (0, 1))
    return PreferenceVectors(better, worse, np.stack([texts[id(both[0])] for both in preferences]))
