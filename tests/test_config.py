import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import pytest

from vireo.config import as_json, overridden, read_assignments, read_recipe
from vireo.errors import InputError


@dataclass(frozen=True)
class Optimizer:
    lr: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.99)
    kind: Literal["adamw", "muon"] = "adamw"


@dataclass(frozen=True)
class Training:
    steps: int = 100
    ema: bool = True
    limit: int | None = None
    name: str = "run"
    optimizer: Optimizer = field(default_factory=Optimizer)
    shares: Mapping[str, float] = field(default_factory=lambda: {"edit": 1.0})


def test_strings_are_read_by_the_type_of_the_field():
    texts = [
        "steps=7",
        "ema=false",
        "limit=none",
        "name=12",
        "optimizer.lr=3e-4",
        "optimizer.betas=[0.5, 0.6]",
    ]
    result = overridden(Training(limit=3), read_assignments(texts))
    assert result == Training(7, False, None, "12", Optimizer(3e-4, (0.5, 0.6)))
    assert overridden(Training(), {"limit": "5"}).limit == 5
    assert overridden(Training(), {"optimizer.kind": "muon"}).optimizer.kind == "muon"


def test_entries_of_a_mapping_are_replaced_or_added(tmp_path):
    (tmp_path / "recipe.toml").write_text('[shares]\n"seen change" = 2\n')
    given = overridden(Training(), read_recipe(tmp_path / "recipe.toml"))
    assert given.shares == {"edit": 1.0, "seen change": 2.0}
    assert overridden(given, {"shares.edit": "0.5", "shares.a.b": "1"}).shares["edit"] == 0.5
    assert overridden(given, {"shares": '{"only": 3}'}).shares == {"only": 3.0}
    assert Training().shares == {"edit": 1.0}, "defaults stay as they are"
    with pytest.raises(InputError, match="does not fit 'shares"):
        overridden(given, {"shares.edit": "much"})


def test_recipe_lies_under_the_assignments(tmp_path):
    recipe = tmp_path / "fast.toml"
    recipe.write_text("steps = 3\n[optimizer]\nlr = 0.5\nbetas = [0.1, 0.2]\n")
    values = {**read_recipe(recipe), **read_assignments(["optimizer.lr=0.25"])}
    assert overridden(Training(), values) == Training(steps=3, optimizer=Optimizer(0.25, (0.1, 0.2)))


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("step=1", "steps"),
        ("optimizer.learning=1", "lr"),
        ("optimizer=1", "optimizer.lr"),
        ("steps.more=1", "single value"),
        ("steps=many", "int"),
        ("optimizer.kind=sgd", "adamw"),
        ("optimizer.betas=[1", "list"),
        ("steps", "NAME=VALUE"),
        ("=3", "NAME=VALUE"),
    ],
)
def test_wrong_settings_say_what_would_be_right(setting, says):
    with pytest.raises(InputError, match=says.replace("[", r"\[")):
        overridden(Training(), read_assignments([setting]))


def test_unreadable_recipes(tmp_path):
    with pytest.raises(InputError, match="cannot read"):
        read_recipe(tmp_path / "none.toml")
    broken = tmp_path / "broken.toml"
    broken.write_text("steps = \n")
    with pytest.raises(InputError, match="no TOML"):
        read_recipe(broken)


def test_resolved_configuration_as_json():
    assert json.loads(as_json(Training())) == {
        "steps": 100,
        "ema": True,
        "limit": None,
        "name": "run",
        "optimizer": {"lr": 0.001, "betas": [0.9, 0.99], "kind": "adamw"},
        "shares": {"edit": 1.0},
    }
