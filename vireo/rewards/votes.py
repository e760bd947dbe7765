"""People's votes as a reward: what a user study (`vireo study`) has written down, by pair and method.

Votes are of finished clips, not a function of frames: they join a panel's values as one more entry
(`vireo.training.reward_advantages`).
"""

import csv
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from vireo.errors import InputError

POINTS = {"win": 1.0, "tie": 0.5, "lose": 0.0}
"""Of the first clip of an answer, by its outcome; the second has the rest to 1."""


def read_answers(path: Path) -> list[dict[str, str]]:
    """The rows of a study's answers.csv: time, rater, item, criterion, first, second, outcome. A line that was cut off
    does not count. Raises InputError for a file that is none."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file)
            missing = {"item", "criterion", "first", "second", "outcome"} - set(rows.fieldnames or ())
            if missing:
                raise InputError(f"{path} is no file of answers", "name the answers.csv that vireo study writes")
            return [row for row in rows if row["outcome"] in POINTS]
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read {path}: {error}", "name the answers.csv that vireo study writes") from None


def mean_votes(answers: Sequence[Mapping[str, str]], criterion: str | None = None) -> dict[tuple[str, str], float]:
    """By (id of the pair, method): the mean, 0 to 1, of its points in all comparisons with other methods on that pair,
    by all raters; of one criterion, or of all. 0.5 is as good as what it was compared with."""
    points: dict[tuple[str, str], list[float]] = defaultdict(list)
    for row in answers:
        if criterion in (None, row["criterion"]):
            won = POINTS[row["outcome"]]
            points[row["item"], row["first"]].append(won)
            points[row["item"], row["second"]].append(1 - won)
    return {clip: float(np.mean(each)) for clip, each in points.items()}


def votes_of(clips: Sequence[tuple[str, str]], votes: Mapping[tuple[str, str], float]) -> np.ndarray:
    """float64 (N,) of N clips by (id of the pair, method): their votes, NaN where nobody has voted."""
    return np.array([votes.get(clip, np.nan) for clip in clips], np.float64)
