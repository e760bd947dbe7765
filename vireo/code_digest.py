"""Which code makes something: a hash for the keys of caches and records, so that nothing of other code is reused.

It follows from the source and is kept by nobody: of a module and of all modules of the package that it imports, at any
depth, the syntax tree without docstrings. Comments, layout and what no imported module holds do not change it.
"""

import ast
import hashlib
from functools import cache
from pathlib import Path

import vireo.errors

_PACKAGE = Path(vireo.errors.__file__).parent


@cache
def code_digest(*modules: str) -> str:
    """16 hexadecimal digits; the same for the same code on the same version of Python.

    modules: dotted names, e.g. "vireo.evaluation.workers".
    """
    digest, waiting = hashlib.sha256(), list(modules)
    seen: set[Path] = set()
    trees: dict[str, str] = {}
    while waiting:
        name = waiting.pop()
        path = _file(name)
        if path is None or path in seen:
            continue
        seen.add(path)
        tree = ast.parse(path.read_text(encoding="utf-8"))
        waiting += _imports(tree)
        trees[path.relative_to(_PACKAGE).as_posix()] = ast.dump(_without_docstrings(tree))
    for name, tree in sorted(trees.items()):
        digest.update(f"{name}\0{tree}\0".encode())
    return digest.hexdigest()[:16]


def _file(name: str) -> Path | None:
    """The file of a module of the package; None for anything else, e.g. a name that a module defines."""
    place = _PACKAGE.parent.joinpath(*name.split("."))
    return next((path for path in (place.with_suffix(".py"), place / "__init__.py") if path.is_file()), None)


def _imports(tree: ast.AST) -> list[str]:
    """Dotted names that a module imports anywhere in its source; of names from a module both readings."""
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return [name for name in names if name.split(".")[0] == "vireo"]


def _without_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = [
                statement
                for statement in node.body
                if not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant))
            ]
    return tree
