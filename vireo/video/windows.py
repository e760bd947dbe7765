"""Splits a stream of any length into overlapping windows of the model's length, and blends results back together."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Window(Generic[Item]):
    """Consecutive items of a stream, from index `start` on; those after the first `count` repeat the last one."""

    start: int
    items: list[Item]
    count: int


def split(items: Iterable[Item], size: int, overlap: int) -> Iterator[Window[Item]]:
    """Cuts a stream into windows of exactly `size` items, one starting every `size - overlap`.

    The last window is moved back so that it is full, and so may overlap more. A stream shorter than `size`
    is one window, padded with its last item. Holds fewer than 2 * `size` items at any time.
    """
    assert 0 <= overlap < size, (overlap, size)
    held: list[Item] = []
    total = fresh = 0
    for item in items:
        held.append(item)
        total, fresh = total + 1, fresh + 1
        if total == size or (total > size and fresh == size - overlap):
            held, fresh = held[-size:], 0
            yield Window(total - size, list(held), size)
    if fresh and total >= size:
        yield Window(total - size, held[-size:], size)
    elif fresh:
        yield Window(0, held + held[-1:] * (size - total), total)


def join(
    windows: Iterable[tuple[Window[Item], Sequence[Result]]],
) -> Iterator[tuple[Item, list[tuple[float, Result]]]]:
    """Yields every item of the stream once, in order, with its results and their blending weights.

    Each window comes with one result an item. Where windows overlap, an item has several results; their weights sum to
    1 and fall towards the ends of each window.
    """
    waiting: dict[int, tuple[Item, list[tuple[int, Result]]]] = {}
    following = 0
    for window, results in windows:
        assert len(results) == len(window.items), (len(results), len(window.items))
        while following < window.start:
            yield _with_weights(*waiting.pop(following))
            following += 1
        size = len(window.items)
        for place in range(window.count):
            entry = waiting.setdefault(window.start + place, (window.items[place], []))
            entry[1].append((min(place + 1, size - place), results[place]))
    for index in sorted(waiting):
        yield _with_weights(*waiting[index])


def _with_weights(item: Item, parts: list[tuple[int, Result]]) -> tuple[Item, list[tuple[float, Result]]]:
    total = sum(weight for weight, _ in parts)
    return item, [(weight / total, result) for weight, result in parts]
