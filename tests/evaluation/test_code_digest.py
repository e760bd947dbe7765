"""A key changes with the code that computes a figure, and with nothing else."""

import pytest

from vireo.evaluation import code_digest as module


@pytest.fixture
def digest(tmp_path, monkeypatch):
    package = tmp_path / "vireo"
    package.mkdir()
    monkeypatch.setattr(module, "_PACKAGE", package)
    (package / "top.py").write_text("from vireo.low import f\n\ndef g():\n    from vireo import lazy\n    return f()\n")
    (package / "low.py").write_text("def f():\n    return 1\n")
    (package / "lazy.py").write_text("x = 1\n")
    (package / "other.py").write_text("y = 1\n")

    def written(name=None, text=None):
        if name:
            (package / name).write_text(text)
        module.code_digest.cache_clear()
        return module.code_digest("vireo.top")

    yield written
    module.code_digest.cache_clear()


def test_what_changes_a_digest(digest):
    first = digest()
    assert digest("other.py", "y = 2\n") == first, "not imported"
    assert digest("low.py", '"""Words."""\ndef f():\n    """More."""\n    return 1  # one\n') == first
    assert digest("low.py", "def f():\n    return 2\n") != first
    digest("low.py", "def f():\n    return 1\n")
    assert digest() == first
    assert digest("lazy.py", "x = 2\n") != first, "imported inside a function"
