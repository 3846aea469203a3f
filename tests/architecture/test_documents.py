"""What the documents point to exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
NAMED = re.compile(r"`((?:canary|tests|stacks|docs)/[\w./-]+?)/?(?:::(\w+))?`")
LINK = re.compile(r"\]\((?!https?://)([^)#]*)(?:#[^)]*)?\)")


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_paths_and_tests_that_a_document_names_exist(document: Path) -> None:
    for path, test in NAMED.findall(document.read_text(encoding="utf-8")):
        assert (ROOT / path).exists(), path
        assert not test or f"def {test}(" in (ROOT / path).read_text(encoding="utf-8"), test


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_links_lead_somewhere(document: Path) -> None:
    for target in LINK.findall(document.read_text(encoding="utf-8")):
        assert (document.parent / target).exists(), target


def test_the_code_map_has_every_part_of_the_package() -> None:
    page = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    packages = {f"canary/{path.parent.name}/" for path in ROOT.glob("canary/*/__init__.py")}
    modules = {name(path) for path in ROOT.glob("canary/*.py") if path.stem != "__init__"}
    assert not [part for part in sorted(packages | modules) if f"| `{part}` |" not in page]


def test_make_targets_that_documents_name_exist() -> None:
    targets = set(re.findall(r"(?m)^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8")))
    for document in DOCUMENTS:
        named = set(re.findall(r"`make ([a-z-]+)`", document.read_text(encoding="utf-8")))
        assert named <= targets, document
