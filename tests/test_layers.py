"""Rules of the package's structure: which room imports which, where a library may stand, whose numbers stand where."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import vireo.errors

PACKAGE = Path(vireo.errors.__file__).parent
ORDER = (
    *("cli", "evaluation", "training", "pipeline", "reasoning", "rewards", "judges", "instruction_tuning", "pairs"),
    *("receipt", "world", "metrics", "models", "video", "flow", "config", "monitor", "runtime", "code_digest"),
    *("types", "errors"),
)
MAY_IMPORT = {
    "av": ("video/io/",),
    "mujoco": ("world/",),
    "typer": ("cli/",),
    "jinja2": ("evaluation/", "reasoning/pictures/"),
    "httpx": ("judges/",),
    "diffusers": ("models/", "training/", "evaluation/ablation/"),
    "pycocotools": ("reasoning/",),
    "transformers": ("models/", "judges/", "instruction_tuning/", "training/", "pairs/", "rewards/", "reasoning/"),
    "scipy": (
        "world/",
        "metrics/",
        "video/",
        "pipeline/",
        "rewards/",
        "instruction_tuning/",
        "evaluation/",
        "reasoning/",
    ),
}
"""Libraries, and the only places under vireo/ that import them."""

MINI_SIZES = (96, 9)
"""Pixels of a side and frames of mini's windows: facts of that model, which its files and its configuration state."""

OTHER_MEANING = {
    "models/backbones/lpips.py": "a layer of AlexNet or VGG",
    "video/color_transform.py": "elements of a 3x3 matrix",
    "video/io/colour.py": "BT.2020 in ISO/IEC 23091-2",
    "world/canvases.py": "a random range",
    "world/sampling.py": "a random range",
    "world/scene.py": "the studio's clips",
    "world/textures.py": "octaves of noise",
}
"""Files with a 96 or a 9 that is not mini's."""

FILES = {str(path.relative_to(PACKAGE)): path for path in sorted(PACKAGE.rglob("*.py"))}
TREES = {place: ast.parse(path.read_text(encoding="utf-8")) for place, path in FILES.items()}


def imported(place: str) -> set[str]:
    """Dotted names of all modules that a file imports, those inside of functions too."""
    names = set()
    for node in ast.walk(TREES[place]):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{place}: relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("place", FILES)
def test_imports_go_downwards(place):
    room = place.removesuffix(".py").split("/")[0]
    if room in ("__init__", "__main__"):  # the public names come from anywhere
        return
    for name in imported(place):
        if name.split(".")[0] == "vireo":
            other = name.split(".")[1] if "." in name else "the public names"
            assert other in ORDER, f"{place} imports {name}"
            assert ORDER.index(other) >= ORDER.index(room), f"{place} imports {name}, which lies above it"


@pytest.mark.parametrize("library", MAY_IMPORT)
def test_libraries_are_imported_where_they_belong(library):
    users = [place for place in FILES if any(name.split(".")[0] == library for name in imported(place))]
    assert not [place for place in users if not place.startswith(MAY_IMPORT[library])]


@pytest.mark.parametrize("place", [place for place in FILES if place.startswith("flow/")])
def test_flow_imports_torch_alone(place):
    for name in imported(place):
        top = name.split(".")[0]
        assert top in ("torch", *sys.stdlib_module_names) or name.startswith("vireo.flow."), f"{place} imports {name}"


@pytest.mark.parametrize("place", [place for place in FILES if place.startswith("receipt/")])
def test_receipts_import_nothing_that_makes_edits(place):
    allowed = ("vireo.receipt.", "vireo.video.io.", "vireo.runtime.", "vireo.errors.")
    for name in imported(place):
        top = name.split(".")[0]
        fits = top in ("numpy", "pydantic", *sys.stdlib_module_names) or name.startswith(allowed)
        assert fits, f"{place} imports {name}"


@pytest.mark.parametrize(
    ("module", "but"),
    [
        *((name, ()) for name in ("vireo", "vireo.cli", "vireo.config", "vireo.types")),
        *((name, ()) for name in ("vireo.pairs.format", "vireo.models.presets", "vireo.world.families")),
        ("vireo.receipt", ("av",)),
        ("vireo.pipeline.edit", ("av", "vireo.pipeline")),
    ],
)
def test_light_modules_load_without_heavy_ones(module, but):
    heavy = {"torch", "diffusers", "transformers", "mujoco", "av", "scipy", "vireo.pipeline"} - set(but)
    code = f"import sys, {module}; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_numbers_of_mini_stand_with_mini():
    found = {
        place
        for place, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and type(node.value) is int and node.value in MINI_SIZES
    }
    found -= {place for place in found if place.startswith("models/editors/mini")}
    assert not found - OTHER_MEANING.keys(), "these state a number of mini's"
    assert not OTHER_MEANING.keys() - found, "these are clean, take them off the list"
