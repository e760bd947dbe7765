"""What happens in a clip: from the tracks of its objects alone, so the same for every maker of a twin.

An event's frame is the first one that shows it: where something is seen for the first time, or no more; where it has
first moved from its place, or has come to its place of rest; where two things have met when they collide; where
something is first covered.
"""

from collections.abc import Iterable, Iterator
from itertools import islice, pairwise, product
from typing import NamedTuple

import numpy as np

from vireo.reasoning.contact import TOUCH_GAP, mask_gaps, touch_margins
from vireo.reasoning.kinematics import Kinematics, measure
from vireo.reasoning.relations import (
    AIM,
    CLEAR,
    MOVING,
    clean_spans,
    grounded_odds,
    moving_odds,
    odds_to_chance,
    relations,
)
from vireo.reasoning.twin import DigitalTwin, Event, Span

COVERED = 0.75
"""Share of the most that was seen of an object, below which it is occluded: a quarter is gone."""

BORDER = 0.02
"""What is nearer to the border than this, in picture heights, may go out of the picture or come in."""

IMPULSE = 0.4
"""Least share of the speed at which two objects near each other that a collision takes away. Friction takes less in a
moment of a clip."""

PUSH = 0.03
"""Least speed, in picture heights a second, at which one of the two moves away after a collision, beyond what it did
before: friction may stop a thing, but never pushes it."""

STOPPED = 0.75
"""Least share of the speed that is lost at once where neither is pushed: what runs into a heavy thing stops dead. It
must have been fast, since friction stops what is slow within a moment, too."""

FAST = 2 * MOVING
"""Least speed, in picture heights a second, at which something is stopped dead rather than by friction."""

_SOFT_SPEED, _SOFT_SHARE, _SOFT_PUSH, _SOFT_COVER, _SOFT_DEPTH = MOVING / 3, 0.1, 0.01, 0.06, 0.012
_AT_BORDER, _IN_SIGHT = 0.97, 0.7
"""Confidence that something has come or gone, at the border of the picture, and in plain sight: there a track may have
been lost."""

_LATE = 3
"""Steps after which contact has become what it seems to be: things that stand behind each other meet in the picture
before they meet in the room."""

_PROOF = 1.0
"""Log odds by which a push makes contact likelier: depths are less sure than what is seen to happen."""

_GAP = 2
"""Steps for which it may be unknown whether something moves, where it has begun or ceased to: then half-way."""

_FLAT_COVER = 0.4
"""Log odds that one thing covers another which it meets, where depths are unknown."""


def complete(twin: DigitalTwin) -> DigitalTwin:
    """The twin with its relations and events, computed anew from its objects and camera."""
    now = measure(twin)
    gaps = mask_gaps(twin, now)
    parts = {name: getattr(twin, name) for name in DigitalTwin.model_fields}
    return DigitalTwin(**parts | {"relations": relations(twin, now, gaps), "events": events(twin, now, gaps)})


def events(twin: DigitalTwin, now: Kinematics, gaps: np.ndarray) -> tuple[Event, ...]:
    """All events of a twin in order of time, whatever it says of events itself. now, gaps: what `measure` and
    `mask_gaps` say of it."""
    found = [*_comings(twin, now, gaps), *_moves(twin, now), *_collisions(twin, now, gaps), *_covers(twin, now, gaps)]
    return tuple(sorted(found, key=lambda event: (event.frame, event.kind, event.subject, event.object or "")))


def _chance(odds: float) -> float:
    return float(odds_to_chance(np.array(odds)))


def stretches(flags: np.ndarray) -> list[Span]:
    """The spans in which flags (T,) are set."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(int)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def _comings(twin: DigitalTwin, now: Kinematics, gaps: np.ndarray) -> Iterator[Event]:
    """Appears and leaves. What is lost for a moment, or is behind something, has not left."""

    def hidden(row: int, gone: int) -> bool:
        return not _at_border(now, row, gone - 1) and _coverer(now, gaps, row, gone, gone - 1) is not None

    for row, entry in enumerate(twin.objects):
        shown = stretches(now.seen[row])
        if shown and shown[0][0] > 0:
            yield _coming("appears", entry.id, now, row, shown[0][0])
        for (_, gone), (back, _) in pairwise(shown):
            if back - gone > now.step and not hidden(row, gone):
                yield _coming("leaves", entry.id, now, row, gone)
                yield _coming("appears", entry.id, now, row, back)
        if shown and shown[-1][1] < twin.frames and not hidden(row, shown[-1][1]):
            yield _coming("leaves", entry.id, now, row, shown[-1][1])


def _coming(kind: str, name: str, now: Kinematics, row: int, frame: int) -> Event:
    seen_at = frame if kind == "appears" else frame - 1
    chance = _AT_BORDER if _at_border(now, row, seen_at) else _IN_SIGHT
    return Event.model_validate({"kind": kind, "subject": name, "frame": frame, "confidence": chance})


def _at_border(now: Kinematics, row: int, frame: int) -> bool:
    """Whether it may be crossing the border: it meets it, or would at its speed within a frame."""
    left, top, right, bottom = now.boxes[row, frame]
    slack = BORDER * now.height
    if frame > 0 and now.seen[row, frame - 1]:
        slack += float(np.abs(now.centroids[row, frame] - now.centroids[row, frame - 1]).max())
    elif frame + 1 < len(now.times) and now.seen[row, frame + 1]:
        slack += float(np.abs(now.centroids[row, frame + 1] - now.centroids[row, frame]).max())
    return bool(min(left, top) <= slack or right >= now.width - slack or bottom >= now.height - slack)


def in_motion(odds: np.ndarray, step: int) -> np.ndarray:
    """bool (T,): the frames up to which something has moved, by the log odds (T,) of that. A single moment of rest on
    the way, as at the top of a throw, is no stop."""
    moving = np.zeros(len(odds), bool)
    for start, end in clean_spans(odds, step):
        moving[start:end] = True
    for start, end in stretches(~moving & ~np.isnan(odds)):
        if start > 0 and end < len(odds) and moving[start - 1] and moving[end] and end - start <= step:
            moving[start:end] = True
    return moving


def _moves(twin: DigitalTwin, now: Kinematics) -> Iterator[Event]:
    """Starts and stops."""
    trust = twin.camera.motion.confidence
    for entry, odds in zip(twin.objects, moving_odds(now), strict=True):
        for start, end in stretches(in_motion(odds, now.step)):
            sure = min(float(np.nanmax(odds[start:end])), 2 * CLEAR)
            still = _known(odds, range(start - 1, -1, -1), now.step)
            if still is not None:
                chance = trust * _chance(min(sure, max(-float(odds[still]), 0.0)))
                yield Event(kind="starts", subject=entry.id, frame=(still + start + 1) // 2, confidence=chance)
            still = _known(odds, range(end, twin.frames), now.step)
            if still is not None:
                chance = trust * _chance(min(sure, max(-float(odds[still]), 0.0)))
                frame = (end + still + 1) // 2 - now.step
                yield Event(kind="stops", subject=entry.id, frame=frame, confidence=chance)


def _known(odds: np.ndarray, frames: Iterable[int], step: int) -> int | None:
    """The first of these frames whose odds are known, if it is near: what covers an object hides for a moment whether
    it moves."""
    return next((frame for frame in islice(frames, _GAP * step + 1) if not np.isnan(odds[frame])), None)


def _collisions(twin: DigitalTwin, now: Kinematics, gaps: np.ndarray) -> Iterator[Event]:
    """Contact begins, and what neared is pushed apart, which makes contact likelier. At 8 frames a second most
    contact falls between two frames: so contact is also what the objects would come to before the next one at their
    speed."""
    between = now.places[None] - now.places[:, None]
    with np.errstate(invalid="ignore", divide="ignore"):
        normal = between / np.linalg.norm(between, axis=-1, keepdims=True)
    closing = ((now.velocities[:, None] - now.velocities[None]) * normal).sum(-1)
    elapsed = np.gradient(now.times) if twin.frames > 1 else np.zeros(1)
    swept = np.maximum(np.nan_to_num(closing), 0) * elapsed * now.height
    odds, aloft = touch_margins(now, gaps, swept), grounded_odds(now) < 0
    near = odds > -_PROOF
    for a, b in np.argwhere(np.triu(near.any(-1), 1)).tolist():
        for start, end in stretches(near[a, b]):
            if start == 0:
                continue
            hit = _impact(now.velocities[[a, b]], aloft[[a, b]], normal[a, b, start], (start, end), now.step)
            if hit is None or hit.odds <= 0:
                continue
            chance = _chance(min(hit.odds, float(odds[a, b, start:end].max()) + _PROOF))
            met = hit.before + int(np.argmin(gaps[a, b, hit.before : hit.after + 1]))
            names = [twin.objects[row].id for row in ((b, a) if hit.second_came else (a, b))]
            yield Event(kind="collides", subject=names[0], object=names[1], frame=met, confidence=chance)


class _Impact(NamedTuple):
    """Log odds of an impact between two frames. second_came: whether the second object was the faster one."""

    odds: float
    second_came: bool
    before: int
    after: int


def _impact(velocities: np.ndarray, aloft: np.ndarray, normal: np.ndarray, span: Span, step: int) -> _Impact | None:
    """The clearest impact of two objects soon after contact may begin; None where they do not come nearer.

    velocities: (2, T, 2). aloft: bool (2, T), which fall or fly: the floor pushes them, too, so only what they meet
    head on counts. normal: from the first to the second. span: frames in which there may be contact; in the picture it
    often seems to begin before it does. The impact lies between two frames, whose speed is a mixture, so frames two
    steps apart are compared, too. One that is covered by the other is taken to go on as it did, or to have come as it
    goes on.
    """
    along = velocities @ normal
    along[1] *= -1  # speed towards the other one
    for speeds in along:
        known = np.maximum.accumulate(np.where(np.isnan(speeds), 0, np.arange(len(speeds))))
        speeds[:] = speeds[known]
        first = int(np.isnan(speeds).argmin())
        speeds[step:first] = speeds[first]  # before, nothing has a speed
    best = None
    for before, delay in product(range(span[0] - 1, min(span[1], span[0] + _LATE * step)), (step, 2 * step)):
        after = before + delay
        if after >= along.shape[1] or np.isnan(along[:, [before, after]]).any():
            continue
        closing, left = along[:, before].sum(), along[:, after].sum()
        faster = int(along[1, before] > along[0, before])
        head_on = along[faster, before] >= AIM * np.linalg.norm(velocities[faster, before])
        if closing <= MOVING or (aloft[faster, before] and not head_on):
            continue
        apart = np.maximum(-along[:, after] - np.maximum(-along[:, before], 0), 0)
        lost, pushed = 1 - left / closing, (apart.max() - PUSH) / _SOFT_PUSH
        stopped = min((lost - STOPPED) / _SOFT_SHARE, (closing - FAST) / _SOFT_SPEED)
        odds = min((lost - IMPULSE) / _SOFT_SHARE, max(pushed, stopped), (closing - MOVING) / _SOFT_SPEED)
        if best is None or odds > best.odds:
            best = _Impact(float(odds), bool(faster), before, after)
    return best


def _covers(twin: DigitalTwin, now: Kinematics, gaps: np.ndarray) -> Iterator[Event]:
    """Is occluded: less is seen of it than before, and what is nearer lies at its side, or where it was."""
    for row, entry in enumerate(twin.objects):
        most, hidden, seen_at = 0.0, False, -1
        for frame, share in enumerate(now.visibility[row].tolist()):
            seen_at = frame if share > 0 else seen_at
            if seen_at < 0:
                continue
            lost = COVERED * most - share
            cover = _coverer(now, gaps, row, frame, seen_at) if lost >= 0 and not hidden else None
            if cover is not None:
                other = twin.objects[cover[0]].id
                chance = _chance(min(cover[1], 0.5 + lost / _SOFT_COVER))
                yield Event(kind="is occluded", subject=entry.id, object=other, frame=frame, confidence=chance)
            hidden = lost >= 0 and (hidden or cover is not None)
            most = max(most, share)


def _coverer(now: Kinematics, gaps: np.ndarray, row: int, frame: int, seen_at: int) -> tuple[int, float] | None:
    """What most likely hides an object at `frame`, and the log odds that it does; None where nothing can. seen_at: the
    last frame in which the object was seen, so that what is out of sight is looked for where it was."""
    best, slack = None, now.radii[row, seen_at] if seen_at < frame else TOUCH_GAP * now.height + 1
    column, down = now.centroids[row, seen_at]
    for other in np.flatnonzero(now.seen[:, frame]).tolist():
        left, top, right, bottom = now.boxes[other, frame]
        if seen_at == frame:
            meets = gaps[row, other, frame] <= slack
        else:
            meets = left - slack <= column <= right + slack and top - slack <= down <= bottom + slack
        ratio = np.log(now.depths[row, seen_at] / now.depths[other, frame])
        odds = _FLAT_COVER if np.isnan(ratio) else float(ratio) / _SOFT_DEPTH
        if other != row and meets and odds > 0 and (best is None or odds > best[1]):
            best = other, odds
    return best
