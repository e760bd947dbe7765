"""Output: progress on stderr, results and JSON on stdout."""

import contextlib
import json
import shlex
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any, Protocol

from vireo.errors import InputError


class Advance(Protocol):
    """Reports progress; long work calls it as often as it likes. total: None where it is not known."""

    def __call__(self, done: float, total: float | None = None, label: str | None = None) -> None: ...


LOG_WIDTH = 120
"""Columns of a table where stdout is no terminal."""

LOG_SECONDS = 30
"""How often progress is logged where stderr is no terminal."""


@contextlib.contextmanager
def progress(title: str) -> Iterator[Advance]:
    """A progress bar on stderr, or a line every LOG_SECONDS where that is no terminal. Within the block, what is
    printed to stdout goes to stderr, too."""
    with contextlib.redirect_stdout(sys.stderr):
        if sys.stderr.isatty():
            with _bar(title) as advance:
                yield advance
        else:
            yield _log_lines(title)


@contextlib.contextmanager
def _bar(title: str) -> Iterator[Advance]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(title, total=None)

        def advance(done: float, total: float | None = None, label: str | None = None) -> None:
            bars.update(task, completed=done, total=total, description=label or title)

        yield advance


def _log_lines(title: str) -> Advance:
    began = last = time.monotonic()

    def advance(done: float, total: float | None = None, label: str | None = None) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= LOG_SECONDS:
            last = now
            share = f" {done:g}/{total:g}" if total else ""
            print(f"{label or title}{share}, {now - began:.0f} s", file=sys.stderr, flush=True)

    return advance


def print_json(value: Any) -> None:
    """One JSON object on stdout, of a dictionary or a dataclass."""
    plain = asdict(value) if is_dataclass(value) and not isinstance(value, type) else value
    print(json.dumps(plain, default=str, ensure_ascii=False))


def print_table(title: str, columns: list[str], rows: list[list[str]]) -> None:
    """A table on stdout: first column to the left, the others to the right."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    for index, column in enumerate(columns):
        table.add_column(column, justify="right" if index else "left", no_wrap=True)
    for row in rows:
        table.add_row(*map(escape, row))
    Console(width=None if sys.stdout.isatty() else LOG_WIDTH).print(table)


def print_facts(facts: dict[str, Any]) -> None:
    """Names and values on stdout, one a line."""
    width = max(map(len, facts), default=0)
    for name, value in facts.items():
        print(f"{name:<{width}}  {value}")


def command_line() -> str:
    """The command that runs, for reports."""
    return shlex.join(["vireo", *sys.argv[1:]])


def check_folder(path: Path) -> None:
    """Raises InputError where `path` is not, or cannot become, a folder that can be written to; creates nothing."""
    existing = next(place for place in (path, *path.absolute().parents) if place.exists())
    if not existing.is_dir():
        raise InputError(f"{existing} is a file", "name a folder")
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        raise InputError(f"nothing can be written into {existing}: {error.strerror}", "choose another folder") from None
