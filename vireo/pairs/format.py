"""The pair set: paired edits with exact truth, as a folder (contract "Pair set").

DIR/pairs.jsonl      one `EditPair` a line
DIR/videos/*.mkv     FFV1, lossless RGB; a source shared by several edits is stored once
DIR/images/*.png     reference images
"""

from collections.abc import Container, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from vireo.errors import InputError
from vireo.types import EditPair, PairFiles

AnyPair = TypeVar("AnyPair", bound=PairFiles)


def read_pairs(folder: Path, kind: type[AnyPair] = EditPair, places: Container[int] | None = None) -> Iterator[AnyPair]:
    """Yields the pairs of a folder in the order of its file, with their scenes or, as `PairFiles`, without.

    places: only these pairs, by their place in the file, counted from 0; the others are not looked at.
    Raises InputError where the folder has no pairs.jsonl or a line is not a pair.
    """
    path = Path(folder) / "pairs.jsonl"
    if not path.is_file():
        what = f"{folder} is no pair set: it has no pairs.jsonl"
        raise InputError(what, "make one with: vireo world make DIR --count N")
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if places is not None and number - 1 not in places:
                continue
            try:
                yield kind.model_validate_json(line)
            except ValidationError as error:
                first = str(error).splitlines()[0]
                raise InputError(f"{path}, line {number} is no pair: {first}", "make the set again") from None


def one_a_source(pairs: Sequence[PairFiles]) -> list[int]:
    """Places of pairs with different sources: of the k-th source its k-th pair, counted round, for even families."""
    groups: dict[str, list[int]] = {}
    for place, pair in enumerate(pairs):
        groups.setdefault(pair.source, []).append(place)
    return sorted(group[number % len(group)] for number, group in enumerate(groups.values()))
