"""A stream that can be begun again for as long as somebody may want to."""

from collections.abc import Iterable, Iterator
from typing import Any, Generic, TypeVar

Item = TypeVar("Item")
_END: Any = object()


class Replay(Generic[Item]):
    """Keeps what was taken of a stream until `forget`; then each item is let go once it is read.

    Only the reader that was begun last goes on.
    """

    def __init__(self, items: Iterable[Item]) -> None:
        self._items, self._seen, self._keeps = iter(items), list[Item](), True

    def __iter__(self) -> Iterator[Item]:
        """The stream from its beginning."""
        place = 0
        while True:
            if place < len(self._seen):
                item = self._seen[place]
                place += 1
                if place == len(self._seen) and not self._keeps:
                    self._seen, place = [], 0
            elif (item := next(self._items, _END)) is _END:
                return
            elif self._keeps:
                self._seen.append(item)
                place += 1
            yield item

    def forget(self) -> None:
        """Nobody begins again."""
        self._keeps = False
