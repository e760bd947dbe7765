"""One way to set a value: class defaults are the vetted setting, a sparse TOML recipe lies over them,
`--set a.b=c` over that; the resolved configuration is saved as JSON with whatever it made.

A configuration is a frozen dataclass whose fields are plain values, mappings of names to plain values, or further
frozen dataclasses. Of a mapping the named entries are replaced, or added; a whole one is given as JSON.
"""

import dataclasses
import difflib
import json
import tomllib
import typing
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from vireo.errors import InputError

Config = TypeVar("Config")


def read_recipe(path: Path) -> dict[str, Any]:
    """A TOML recipe as dotted keys: `[optimizer]` with `lr = 1e-4` gives {"optimizer.lr": 1e-4}."""
    try:
        with Path(path).open("rb") as file:
            tables = tomllib.load(file)
    except OSError as error:
        raise InputError(f"cannot read the recipe {path}: {error.strerror}", "name a TOML file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is no TOML: {error}", "write lines such as: steps = 100") from None
    return dict(dotted(tables))


def dotted(tables: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The values of nested dictionaries with dotted keys."""
    for key, value in tables.items():
        if isinstance(value, dict):
            yield from dotted(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def read_assignments(assignments: Iterable[str]) -> dict[str, str]:
    """The values of `--set`: "a.b=c" gives {"a.b": "c"}."""
    values = {}
    for text in assignments:
        key, equals, value = text.partition("=")
        if not (key.strip() and equals):
            raise InputError(f"cannot read the setting {text!r}", "write --set NAME=VALUE, as in --set steps=2")
        values[key.strip()] = value.strip()
    return values


def overridden(config: Config, values: Mapping[str, Any]) -> Config:
    """The configuration with the dotted keys of `values` replaced.

    Strings are parsed by the type of the field: numbers and booleans as usual, tuples as JSON lists, "none"
    for None. Raises InputError for an unknown key (with the closest ones) and for a value of another type.
    """
    for key, value in values.items():
        config = _replaced(config, key.split("."), value, key)
    return config


def _replaced(config: Any, path: list[str], value: Any, key: str) -> Any:
    types = typing.get_type_hints(type(config))
    name, deeper = path[0], path[1:]
    if name not in types:
        near = difflib.get_close_matches(name, types, n=3)
        hint = f"did you mean {', '.join(near)}?" if near else f"choose from {', '.join(sorted(types))}"
        raise InputError(f"there is no setting {key!r}", hint)
    current = getattr(config, name)
    if dataclasses.is_dataclass(current):
        if not deeper:
            inner = ", ".join(f"{key}.{field.name}" for field in dataclasses.fields(current))
            raise InputError(f"{key!r} is a group of settings", f"set one of {inner}")
        return dataclasses.replace(config, **{name: _replaced(current, deeper, value, key)})
    if deeper and isinstance(current, Mapping):
        entries = _parsed(types[name], {**current, ".".join(deeper): value}, key)
        return dataclasses.replace(config, **{name: entries})
    if deeper:
        raise InputError(f"there is no setting {key!r}", f"{name} is a single value")
    return dataclasses.replace(config, **{name: _parsed(types[name], value, key)})


def _parsed(kind: Any, value: Any, key: str) -> Any:
    from pydantic import TypeAdapter, ValidationError

    if isinstance(value, str):
        if value.lower() == "none" and type(None) in typing.get_args(kind):
            return None
        if value[:1] in "[{":
            try:
                value = json.loads(value)
            except json.JSONDecodeError:
                raise InputError(f"cannot read {value!r} for {key!r}", "write a list as [1, 2]") from None
    try:
        return TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        wanted = getattr(kind, "__name__", None) if isinstance(kind, type) else None
        raise InputError(
            f"{value!r} does not fit {key!r}: {error.errors()[0]['msg']}",
            f"give a value of type {wanted or str(kind).replace('typing.', '')}",
        ) from None


def as_json(config: Any) -> str:
    """The resolved configuration as JSON text."""
    return json.dumps(dataclasses.asdict(config), indent=2, default=str)
