"""How objects lie to each other and move, over time: from their tracks alone, so the same for every maker of a twin.

A relation is measured at each frame as log odds: 0 where it begins to hold, in units of a softness that says how fast
one becomes sure. What holds for a moment only, and barely, is taken for noise. A frame in which one of the two is not
seen, or in which a depth that matters is unknown, has no relation rather than a guess.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from vireo.reasoning.contact import touch_margins
from vireo.reasoning.kinematics import Kinematics
from vireo.reasoning.twin import DigitalTwin, Relation, RelationKind, Span
from vireo.world.visibility import SIDE_GAP

DEPTH_RATIO = 1.04
"""Least ratio of two distances from the camera for "behind": the studio's own 0.25 metres, seen from 6."""

LARGER = 1.15
"""Least ratio of two sizes for "larger than": people tell sizes a few per cent apart when things lie side by side, but
what they call larger is so at a glance, from any side."""

LARGER_WITHOUT_DEPTH = 1.6
"""The same of apparent sizes where depth is unknown: more than perspective makes of equal things in one scene."""

MOVING = 0.045
"""Least speed of something that moves, in picture heights a second: half a pixel a frame in the studio's clips, above
what masks jitter and below what eyes take for rest."""

AIM = 0.8
"""Least cosine between the way that something moves and the direction in which the other lies: 37 degrees."""

MISS = 1.0
"""Widest miss of something that moves towards another if it went straight on, in sums of their radii."""

INSIDE = 1.1
"""Furthest that something inside reaches, in radii of what it is in."""

LEANING = 0.6
"""How far off the middle of what carries it something may rest, in radii of the carrier."""

CLEAR = 2.0
"""Log odds (a confidence of 0.88) from which a single moment is believed."""

_SOFT_SIDE, _SOFT_DEPTH, _SOFT_SIZE, _SOFT_SPEED, _SOFT_AIM = SIDE_GAP / 3, 0.012, 0.06, MOVING / 3, 0.07
_SOFT_RADII = 0.15

Margins = NDArray[np.float64]
"""Log odds (N, N, T) of a relation of the first to the second; NaN where it cannot be told."""


def relations(twin: DigitalTwin, kinematics: Kinematics, gaps: np.ndarray) -> tuple[Relation, ...]:
    """All relations between the objects of a twin, by kinds and then by objects, whatever it says of relations itself.
    kinematics, gaps: what `measure` and `mask_gaps` say of it."""
    ids = [entry.id for entry in twin.objects]
    found = []
    for kind, margins in relation_margins(kinematics, gaps).items():
        moves = kind in ("moving towards", "following")
        trust = twin.camera.motion.confidence if moves else 1.0
        chances = odds_to_chance(margins)
        for a, b in np.argwhere((margins > 0).any(-1)).tolist():
            if kind == "touching" and a > b:
                continue  # the other way round it has been found already
            spans = clean_spans(margins[a, b], kinematics.step)
            if moves:
                spans = _under_way(spans, kinematics.step, bool(kinematics.seen[[a, b], 0].all()))
            if spans:
                confidence = trust * span_confidence(chances[a, b], spans)
                found.append(Relation(kind=kind, subject=ids[a], object=ids[b], spans=spans, confidence=confidence))
    return tuple(found)


def _under_way(spans: tuple[Span, ...], step: int, from_start: bool) -> tuple[Span, ...]:
    """Spans of a motion: how it goes on at the start of a clip is how it was under way before, as far as both are seen
    there; elsewhere what lasts a moment is a turn on the way to something else."""
    if spans and spans[0][0] == step and from_start:
        spans = ((0, spans[0][1]), *spans[1:])
    return tuple((start, end) for start, end in spans if end - start > step)


def relation_margins(kinematics: Kinematics, gaps: np.ndarray) -> dict[RelationKind, Margins]:
    """The log odds of every kind of relation."""
    touching = touch_margins(kinematics, gaps)
    towards, following = _chases(kinematics)
    return {
        "left of": _left_of(kinematics),
        "behind": _behind(kinematics),
        "on": _on(kinematics, touching),
        "inside": _inside(kinematics),
        "touching": touching,
        "larger than": _larger(kinematics),
        "moving towards": np.minimum(towards, -touching),  # what has arrived is on its way no more
        "following": following,
    }


def clean_spans(margins: np.ndarray, step: int) -> tuple[Span, ...]:
    """Spans in which log odds (T,) are above 0. Stretches of up to `step` frames that are not clear, one way or the
    other, follow the frames around them; so do frames that cannot be told, between frames that hold."""
    odds = margins.tolist()  # clips are short: plain numbers are faster than arrays
    states = [-1 if value != value else int(value > 0) for value in odds]
    for start, end in _runs(states):
        around = {states[at] for at in (start - 1, end) if 0 <= at < len(states)} - {-1}
        unknown = states[start] == -1
        settled = not unknown and max(map(abs, odds[start:end])) >= CLEAR
        enclosed = start > 0 and end < len(states)
        if end - start <= step and not settled and len(around) == 1 and (enclosed or not unknown):
            states[start:end] = [around.pop()] * (end - start)
    return tuple((start, end) for start, end in _runs(states) if states[start] == 1)


def _runs(states: Sequence[int]) -> list[Span]:
    changes = (at for at in range(1, len(states)) if states[at] != states[at - 1])
    return list(pairwise([0, *changes, len(states)]))


def span_confidence(chances: np.ndarray, spans: tuple[Span, ...]) -> float:
    """Mean of probabilities (T,), NaN where one is not known, over the frames of spans, at least 0.5: they have been
    found to hold."""
    inside = np.concatenate([chances[start:end] for start, end in spans])
    return max(0.5, float(inside[~np.isnan(inside)].mean()))


def odds_to_chance(margins: np.ndarray) -> np.ndarray:
    """The logistic function."""
    return 1 / (1 + np.exp(np.minimum(np.maximum(-margins, -30), 30)))


def moving_odds(now: Kinematics) -> np.ndarray:
    """Log odds (N, T) that an object moves; NaN where its speed is not known."""
    return (now.speeds - MOVING) / _SOFT_SPEED


def grounded_odds(now: Kinematics) -> np.ndarray:
    """Log odds (N, T) that something does not fall or fly: seen from above the ground, at less than 45 degrees, what
    goes down in the picture without coming nearer, or up without going away, does so through the air, towards nothing
    that stands. True of what goes sideways, and where depth is unknown."""
    if len(now.times) < 2:
        return np.full(now.speeds.shape, np.nan)
    nearing = np.abs(np.gradient(now.depths, now.times, axis=1))
    scale = now.depths * now.height / now.focal
    across, down = np.abs(now.velocities[..., 0]) * scale, np.abs(now.velocities[..., 1]) * scale
    odds = (across / 2 + nearing - down) / np.maximum(now.speeds * scale, 1e-9) / _SOFT_RADII
    return np.where(np.isnan(odds), CLEAR, odds)


def _left_of(now: Kinematics) -> Margins:
    column = now.centroids[..., 0]
    return ((column[None] - column[:, None]) / now.width - SIDE_GAP) / _SOFT_SIDE


def _behind(now: Kinematics) -> Margins:
    depth = np.log(now.depths)
    return (depth[:, None] - depth[None] - np.log(DEPTH_RATIO)) / _SOFT_DEPTH


def _larger(now: Kinematics) -> Margins:
    """Sizes are those of the whole clip: an object does not grow, it is only seen from another side."""
    with_depth, flat = _log_ratio(now.sizes), _log_ratio(now.radii)
    known, unknown = with_depth - np.log(LARGER), flat - np.log(LARGER_WITHOUT_DEPTH)
    margins = np.where(np.isnan(known), unknown, known)[..., None] / _SOFT_SIZE
    both = now.seen[:, None] & now.seen[None]
    return np.where(both, margins, np.nan)


def _log_ratio(sizes: np.ndarray) -> np.ndarray:
    """(N, N) of the medians of sizes (N, T)."""
    known = ~np.isnan(sizes).all(1)
    middle = np.full(len(sizes), np.nan)
    middle[known] = np.nanmedian(sizes[known], axis=1)
    return np.log(middle[:, None] / middle[None])


def _on(now: Kinematics, touching: Margins) -> Margins:
    """The subject touches the object, lies rather above than behind it, and over it: without depth that is a guess."""
    place, size = now.positions, now.sizes
    gap = place[:, None] - place[None]
    across, up, away = np.abs(gap[..., 0]), -gap[..., 1], np.abs(gap[..., 2])
    above = (up - away) / (size[:, None] + size[None])
    over = LEANING - across / size[None]
    return np.minimum(touching, np.minimum(above, over) / _SOFT_RADII)


def _inside(now: Kinematics) -> Margins:
    """As if both were balls: the subject's ends within the object's."""
    place, size = now.positions, now.sizes
    far = np.linalg.norm(place[:, None] - place[None], axis=-1) + size[:, None]
    margins = (INSIDE - far / size[None]) / _SOFT_RADII
    margins[np.arange(len(size)), np.arange(len(size))] = np.nan
    return margins


def _chases(now: Kinematics) -> tuple[Margins, Margins]:
    """Moving towards, and following: the same towards something that moves the same way itself."""
    speed = now.speeds
    with np.errstate(invalid="ignore", divide="ignore"):
        heading = now.velocities / speed[..., None]
        gap = now.places[None] - now.places[:, None]
        distance = np.linalg.norm(gap, axis=-1)
        ahead = (gap * heading[:, None]).sum(-1) / distance
        alike = (heading[:, None] * heading[None]).sum(-1)
    others = np.nan_to_num(now.velocities)[None]  # of what is just being covered by the one that comes
    closing = -(gap * (others - now.velocities[:, None])).sum(-1) / np.maximum(distance, 1e-9)
    miss = distance * np.sqrt(np.clip(1 - ahead**2, 0, 1)) / (now.radii[:, None] + now.radii[None])
    moves = moving_odds(now)
    aimed = np.minimum((ahead - AIM) / _SOFT_AIM, (MISS - miss) / _SOFT_RADII)
    aimed = np.minimum(aimed, np.minimum(moves, grounded_odds(now))[:, None])
    towards = np.minimum(aimed, (closing - MOVING / 2) / _SOFT_SPEED)
    following = np.minimum(np.minimum(aimed, moves[None]), (alike - AIM) / _SOFT_AIM)
    return towards, following
