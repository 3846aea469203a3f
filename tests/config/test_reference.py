"""The pages that explain the configuration to people say what the models say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from canary.config.reference import TARGET, main, text
from canary.config.schema import stack_schema

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"\| `([^`]+)` \| [^|]+ \| ([^|]*) \|")


def keys_in_readme() -> list[tuple[str, str]]:
    """The rows of the README's table: a key's path, and its default."""
    section = (ROOT / "README.md").read_text(encoding="utf-8").split("## Configuration")[1]
    return [(found[1], found[2].strip()) for found in ROW.finditer(section.split("\n## ")[0])]


def test_the_committed_page_is_current() -> None:
    """If this fails: make docs."""
    assert (ROOT / TARGET).read_text(encoding="utf-8") == text()


def test_the_page_is_written_where_it_is_asked_for(tmp_path: Path) -> None:
    assert main([str(tmp_path / "page.md")]) == 0
    assert (tmp_path / "page.md").read_text(encoding="utf-8") == text()


def test_every_key_of_every_model_has_a_row() -> None:
    page = text()
    schema = stack_schema()
    for name, body in schema["$defs"].items():
        section = page.split(f"\n## {name}\n")[1].split("\n## ")[0]
        assert [row[1] for row in ROW.finditer(section)] == list(body["properties"])
    assert all(f"| `{key}` |" in page for key in schema["properties"]["config"]["properties"])


@pytest.mark.parametrize(("path", "default"), keys_in_readme(), ids=lambda value: value)
def test_the_readme_names_keys_that_exist_with_their_defaults(path: str, default: str) -> None:
    schema = stack_schema()
    node = schema["properties"]["config"]
    for key in path.split("."):
        step = node["properties"]["canary:apps" if key == "canary:apps" else key]
        name = next(iter(re.findall(r"#/\$defs/(\w+)", str(step))), "")
        node = schema["$defs"][name] if name else step
    if default.startswith("`"):
        shown = str(step.get("default")).lower()
        assert default == f"`{shown}`"
    required = path.rsplit(".", 1)[-1] in schema["$defs"]["AppConfig"]["required"]
    assert (default == "required") == required
