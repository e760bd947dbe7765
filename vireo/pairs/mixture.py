"""Which samples a training step sees: images and videos, families, phrases, references, dropped conditions."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from vireo.types import PairFiles
from vireo.world.families import FAMILY_NAMES

PHRASES = 2
"""Phrases of a pair whose states are cached: the instruction and one paraphrase; the empty instruction follows."""


@dataclass(frozen=True)
class MixtureConfig:
    """image: share of steps on single-frame pairs (VIVA: p(image) = 0.6, p(video) = 0.4).

    dropout: share of samples with the empty instruction, for guidance.
    reference: share of steps with a reference latent: on pairs of the family `reference` its picture, on all
        others the target's last frame: an edited key frame (see docs/decisions/0009).
    footage: share of steps on footage, its families evenly: light and style are to work on any picture.
    reference_plain: whether pairs of the family `reference` come among the others, without their latent.
    image_only: families that image steps alone may show, as if there were no videos of them.
    image_batch: batch of image steps as a multiple of the video batch; their samples are cheaper.
    weights: relative frequency of the families, 1 where not named. What is learned last comes more often.
    """

    image: float = 0.6
    dropout: float = 0.1
    reference: float = 0.12
    footage: float = 0.12
    reference_plain: bool = False
    image_only: tuple[str, ...] = ()
    image_batch: float = 2.0
    weights: dict[str, float] = field(
        default_factory=lambda: {
            "recolor": 1.3,
            "material": 3.0,
            "remove": 0.8,
            "add": 1.5,
            "replace": 6.0,
            "resize": 2.5,
            "background": 0.7,
            "light": 0.4,
            "style": 0.6,
            "watermark": 0.8,
            "absent": 1.0,
        }
    )


def family_weights(sets: Sequence[Sequence[PairFiles]], weights: Mapping[str, float]) -> list[dict[str, float]]:
    """Weights of the families within each set; their sums are the weights of the sets.

    So the families come as often as `weights` says, and every pair of a family as often as the others, whichever
    set it is in. References, which come in steps of their own, are left out.
    """
    counts = [Counter(pair.family for pair in pairs if pair.family != "reference") for pairs in sets]
    total = sum(counts, Counter())
    return [{f: weights.get(f, 1.0) * n / total[f] for f, n in count.items()} for count in counts]


@dataclass(frozen=True)
class Draw:
    """rows: indices of pairs. phrases: of their phrases, PHRASES for the empty one. reference: what the extra
    latent frame shows."""

    rows: np.ndarray
    phrases: np.ndarray
    image: bool
    reference: Literal["picture", "keyframe"] | None


class EditMixture:
    """Draws from one pair set.

    weights: relative frequency of the families there, 1 where not named.
    """

    def __init__(
        self, pairs: Sequence[PairFiles], config: MixtureConfig, batch_size: int, weights: Mapping[str, float]
    ) -> None:
        self.config, self.batch_size = config, batch_size
        families = dict.fromkeys([*FAMILY_NAMES, *(pair.family for pair in pairs)])
        self.rows = {f: np.array([i for i, p in enumerate(pairs) if p.family == f]) for f in families}
        self.plain = [f for f in families if len(self.rows[f]) and (f != "reference" or config.reference_plain)]
        drawn = np.array([weights.get(f, 1.0) for f in self.plain])
        self.shares = drawn / drawn.sum()
        moving = drawn * [f not in config.image_only for f in self.plain]
        self.moving_shares = moving / moving.sum()

    def draw(self, rng: np.random.Generator) -> Draw:
        config = self.config
        image = rng.random() < config.image
        reference = None
        if rng.random() < config.reference:
            has_pictures = len(self.rows["reference"]) > 0
            reference = "picture" if has_pictures and rng.random() < 0.7 else "keyframe"
        count = round(self.batch_size * (config.image_batch if image else 1))
        if reference == "picture":
            rows = rng.choice(self.rows["reference"], count)
        else:
            families = rng.choice(len(self.plain), count, p=self.shares if image else self.moving_shares)
            rows = np.array([rng.choice(self.rows[self.plain[f]]) for f in families])
        phrases = rng.integers(0, PHRASES, count)
        phrases[rng.random(count) < config.dropout] = PHRASES
        return Draw(rows, phrases, bool(image), reference)
