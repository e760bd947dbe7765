"""One edit of a published set, and what can be wrong with its entry."""

import csv
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from vireo.errors import InputError


@dataclass(frozen=True)
class Item:
    """An edit to make or to learn from.

    id: unique in its set, fit for a file name. kind: the set's own name for the kind of edit. source, target: a video,
    a picture or a folder of frames. mask: folder of pictures of the edited object, white where it is.
    questions: FiVE's about the edited clip: a choice, one with the answer yes, and one with no (or none).
    generates: whether what comes next is asked for, and nothing of the source has to stay (ReViSE's ICVG).
    """

    id: str
    kind: str
    instruction: str
    source: Path
    target: Path | None = None
    reference: Path | None = None
    mask: Path | None = None
    source_caption: str = ""
    target_caption: str = ""
    questions: tuple[str, str, str] | None = None
    generates: bool = False


@dataclass(frozen=True)
class Listing:
    """problems: where (file and entry) and what is wrong with the entries that are left out."""

    items: list[Item]
    problems: list[dict[str, str]]


class Malformed(Exception):
    """What is wrong with an entry, in words."""


Maker = Callable[[Any, str], Item]
"""Makes an item of an entry and its key, or raises Malformed."""

Entry = tuple[str, Callable[[], Item]]
"""Where an entry stands, and what makes an item of it or raises Malformed."""


@dataclass(frozen=True)
class Layout:
    """How a set lies on disk. entries: all entries below a folder. expects: what has to lie there, in words."""

    entries: Callable[[Path], Iterable[Entry]]
    expects: str


def read_layout(layout: Layout, folder: Path, limit: int | None = None) -> Listing:
    """The items of a folder in this layout, with unique ids, and what is wrong with the rest on the way to `limit`.

    Raises InputError where there is no such folder, or nothing in it looks like the layout.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder", "name the folder into which the set was unpacked")
    items: dict[str, Item] = {}
    problems = []
    for where, make in layout.entries(folder):
        if len(items) == limit:
            break
        try:
            item = make()
            if item.id in items:
                raise Malformed(f"the id {item.id} comes a second time")
            items[item.id] = item
        except Malformed as error:
            problems.append({"where": where, "what": str(error)})
    if not items and not problems:
        raise InputError(f"{folder} holds nothing of this set", f"expected there: {layout.expects}")
    return Listing(list(items.values()), problems)


def text(entry: Any, *names: str, missing: str | None = None) -> str:
    """The first of the named fields that holds words; `missing` where there is none, else Malformed."""
    if isinstance(entry, Malformed):
        raise entry
    if not isinstance(entry, dict):
        raise Malformed(f"no object but {type(entry).__name__}")
    for name in names:
        value = entry.get(name)
        if isinstance(value, str) and value.strip():
            return " ".join(value.split())
    if missing is None:
        raise Malformed(f"no {' or '.join(names)}")
    return missing


def file(value: str, *roots: Path) -> Path:
    """A file below the first of some folders that has it (an absolute path is itself); Malformed where none has."""
    try:
        for path in (root / value for root in roots):
            if path.is_file():
                return path
    except OSError as error:  # names that no file can have
        raise Malformed(f"{value[:60]!r} is no path: {error.strerror}") from None
    raise Malformed(f"{value[:200]} is missing")


def named_file(entry: Any, names: tuple[str, ...], *roots: Path) -> Path:
    """The file that the first of the named fields names."""
    return file(text(entry, *names), *roots)


def optional_file(entry: Any, names: tuple[str, ...], *roots: Path) -> Path | None:
    """The same, None where no field names one; a file that is named has to be there."""
    given = text(entry, *names, missing="")
    return file(given, *roots) if given else None


def identity(*parts: object) -> str:
    """Words joined to a name that files may have; what had to be changed for that is told apart by a hash."""
    joined = "-".join(str(part) for part in parts if str(part))
    plain = "".join(mark if mark.isascii() and (mark.isalnum() or mark in "-_.") else "_" for mark in joined)
    plain = plain.strip(".")[:120]
    return plain if plain == joined else f"{plain}-{hashlib.sha256(joined.encode()).hexdigest()[:8]}"


def json_entries(path: Path, make: Maker) -> Iterator[Entry]:
    """Entries of a JSON list (lists in it are read as their entries), a JSON object by its keys, or JSON lines."""
    for where, key, entry in raw_entries(path):
        yield where, partial(make, entry, key)


def raw_entries(path: Path) -> Iterator[tuple[str, str, Any]]:
    """Where an entry stands, its key, and what it is; what cannot be read is a Malformed."""
    try:
        content = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        yield path.name, "", Malformed(f"cannot be read: {error}")
        return
    if path.suffix == ".jsonl":
        for number, line in enumerate(content.split("\n"), 1):
            if line.strip():
                yield f"{path.name}:{number}", str(number), _parsed(line)
        return
    found = _parsed(content)
    entries = found.items() if isinstance(found, dict) else enumerate(_flat(found))
    for key, entry in entries:
        yield f"{path.name}[{key}]", str(key), entry


def table_entries(path: Path, make: Maker) -> Iterator[Entry]:
    """Entries of a CSV file whose first line names the columns."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            for number, row in enumerate(csv.DictReader(lines), 2):
                yield f"{path.name}:{number}", partial(make, row, str(number))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        yield path.name, partial(make, Malformed(f"cannot be read: {error}"), "")


def _parsed(content: str) -> Any:
    try:
        return json.loads(content)
    except ValueError as error:
        return Malformed(f"is no JSON: {error}")


def _flat(found: Any) -> Iterator[Any]:
    for entry in found if isinstance(found, list) else [found]:
        yield from _flat(entry) if isinstance(entry, list) else [entry]
