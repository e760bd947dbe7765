"""What the documentation points at exists."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_path_named_exists(page):
    text = page.read_text(encoding="utf-8")
    named = re.findall(r"`((?:vireo|tests|docs|recipes|reports|examples)/[\w./-]+)`", text)
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link]
    missing = [path for path in named if not (ROOT / path).exists()]
    missing += [link for link in links if not (page.parent / link).exists()]
    assert not missing
    assert page.parts[-1] != "papers.md" or len(named) > 20


def test_every_name_in_the_table_of_papers_exists():
    for line in (ROOT / "docs" / "papers.md").read_text(encoding="utf-8").splitlines():
        for path, names in re.findall(r"`(vireo/[\w/]+\.py)` \(([^)]*)\)", line):
            source = (ROOT / path).read_text(encoding="utf-8")
            for name in re.findall(r"`(\w+)`", names):
                assert re.search(rf"\b(def|class) {name}\b", source), f"{path} has no {name}"
