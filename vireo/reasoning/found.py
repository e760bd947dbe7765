"""Answers to questions about a twin: objects or moments, how sure they are, and what they rest on."""

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median

from vireo.reasoning.plan import Reason, TimeSpan
from vireo.reasoning.twin import DigitalTwin, Span

LIKELY = 0.5
"""Confidence from which an object counts as meant."""

NONE_MEANT = 0.2
"""Odds that what is asked for is no object of the twin, before it is looked for: people speak of what they see, and
perception overlooks little."""

_NEARLY = 0.99
"""Highest confidence from which odds are made."""

_MOST_CITED = 100
"""As many objects and times as a reason of a plan holds."""


@dataclass(frozen=True)
class Found:
    """Objects that answer a question.

    objects: ids and the confidence (0..1) that each is one of them, the likeliest first. cited: further objects that
    the answer rests on. spans: the frames that it rests on; empty where it holds at any time.
    """

    objects: tuple[tuple[str, float], ...]
    cited: tuple[str, ...] = ()
    spans: tuple[Span, ...] = ()

    @property
    def ids(self) -> tuple[str, ...]:
        """All that may be meant."""
        return tuple(name for name, _ in self.objects)

    @property
    def likely(self) -> tuple[str, ...]:
        """Those that more likely are than not."""
        return tuple(name for name, confidence in self.objects if confidence >= LIKELY)

    @property
    def confidences(self) -> dict[str, float]:
        return dict(self.objects)

    @property
    def meant(self) -> dict[str, float]:
        """Of each object the probability that it is the one that is meant, where one is: that it is an answer and the
        others are none, against the same of the others and `NONE_MEANT`."""
        odds = {name: chance / (1 - min(chance, _NEARLY)) for name, chance in self.objects}
        total = sum(odds.values()) + NONE_MEANT
        return {name: value / total for name, value in odds.items()}


@dataclass(frozen=True)
class When:
    """Moments of a clip. spans: frames, in order, without overlap; none where there is no such moment. confidence:
    0..1. cited: objects by which they were found."""

    spans: tuple[Span, ...]
    confidence: float = 1.0
    cited: tuple[str, ...] = ()


def found(confidences: Mapping[str, float], cited: tuple[str, ...] = (), spans: tuple[Span, ...] = ()) -> Found:
    """The answer of these confidences; those of 0 are none, equal ones keep their order."""
    kept = sorted(((name, chance) for name, chance in confidences.items() if chance > 0), key=lambda entry: -entry[1])
    return Found(tuple(kept), tuple(dict.fromkeys(cited)), union(spans))


def without(a: Found, b: Found) -> Found:
    """What is in the first answer and not in the second: "the other ones"."""
    other = b.confidences
    left = {name: chance * (1 - other.get(name, 0.0)) for name, chance in a.objects}
    return found(left, a.cited + b.cited + b.likely, a.spans + b.spans)


def union(spans: tuple[Span, ...]) -> tuple[Span, ...]:
    """The same frames as spans in order that neither overlap nor meet."""
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((start, end))
    return tuple(joined)


def overlap(a: tuple[Span, ...], b: tuple[Span, ...]) -> tuple[Span, ...]:
    """The frames that are in both, as spans in order."""
    shared = [(max(s, t), min(e, f)) for s, e in a for t, f in b]
    return union(tuple((start, end) for start, end in shared if start < end))


def seconds(twin: DigitalTwin, spans: tuple[Span, ...]) -> tuple[TimeSpan, ...]:
    """Spans of frames as times of a plan. The last frame is shown as long as those before it; a single one, a
    second."""
    gaps = [after - before for before, after in zip(twin.times, twin.times[1:], strict=False)]
    times = (*twin.times, twin.times[-1] + (median(gaps) if gaps else 1.0))
    return tuple((times[start], times[end]) for start, end in spans)


def reason(twin: DigitalTwin, text: str, answer: Found | When) -> Reason:
    """A hop of a plan's reasoning that cites what an answer found and what it rests on."""
    likely = (answer.likely or answer.ids) if isinstance(answer, Found) else ()
    cited = tuple(dict.fromkeys(likely + answer.cited))[:_MOST_CITED]
    return Reason(text=text, objects=cited, spans=seconds(twin, answer.spans)[:_MOST_CITED])
