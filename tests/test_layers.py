"""Imports flow one way: every room imports only from itself and from rooms to its right."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import vireo.errors

PACKAGE = Path(vireo.errors.__file__).parent
ORDER = (
    *("cli", "evaluation", "training", "pipeline", "rewards", "judges", "instruction_tuning", "pairs"),
    *("receipt", "world", "metrics", "models", "video", "flow", "config", "runtime", "code_digest", "types", "errors"),
)
ONLY_IN = {"av": "video/io", "mujoco": "world", "typer": "cli", "jinja2": "evaluation"}
FILES = {str(path.relative_to(PACKAGE)): path for path in sorted(PACKAGE.rglob("*.py"))}


def imported(path: Path) -> set[str]:
    """Dotted names of all modules that a file imports, at any depth of its functions."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("place", FILES)
def test_imports_go_downwards(place):
    room = place.removesuffix(".py").split("/")[0]
    names = imported(FILES[place])
    for library, home in ONLY_IN.items():
        outside = not place.startswith(home) and any(name.split(".")[0] == library for name in names)
        assert not outside, f"{place} imports {library}, which belongs to {home}"
    if room == "__init__":  # the public names may come from anywhere
        return
    for name in names:
        if name.split(".")[0] == "vireo":
            other = name.split(".")[1] if "." in name else "the public names"
            assert other in ORDER, f"{place} imports {name}"
            assert ORDER.index(other) >= ORDER.index(room), f"{place} imports {name}, which lies above it"


@pytest.mark.parametrize(
    "module",
    ["vireo", "vireo.cli", "vireo.config", "vireo.types", "vireo.pairs.format", "vireo.models.presets"],
)
def test_light_modules_load_without_torch(module):
    heavy = ("torch", "diffusers", "transformers", "mujoco", "av", "scipy")
    code = f"import sys, {module}; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
