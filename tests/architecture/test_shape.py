"""The shape of the code base is a promise; these tests keep it."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

import pytest

from canary import errors, ports

ROOT = Path(__file__).parents[2]
SOURCES = sorted([*ROOT.glob("canary/**/*.py"), *ROOT.glob("tests/**/*.py"), ROOT / "__main__.py"])
BANNED_NAMES = {"utils.py", "helpers.py", "common.py", "misc.py"}


def _functions(path: Path) -> list[tuple[str, int]]:
    tree = ast.parse(path.read_text())
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [
        (f.name, f.end_lineno - f.lineno + 1)
        for f in ast.walk(tree)
        if isinstance(f, kinds) and f.end_lineno
    ]


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_files_and_functions_stay_small(path: Path) -> None:
    """A file fits in one sitting and a function on one screen."""
    assert len(path.read_text().splitlines()) <= 300
    assert [(name, n) for name, n in _functions(path) if n > 40] == []
    assert path.name not in BANNED_NAMES


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_nothing_is_left_for_later(path: Path) -> None:
    if path == Path(__file__):
        return
    found = re.findall(
        r"TODO|FIXME|NotImplementedError|except: *pass|mark\.skip|xfail", path.read_text()
    )
    assert found == []


def test_a_run_asks_one_clock_what_time_it_is() -> None:
    """The engine's is a port, so that tests may turn it; the core has none."""
    asking = [
        path.name
        for path in ROOT.glob("canary/adapters/**/*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Import) and "time" in [name.name for name in node.names]
    ]
    assert asking == ["clock.py"]


def test_the_program_fits_a_page() -> None:
    assert len((ROOT / "__main__.py").read_text().splitlines()) <= 40


def test_error_tree_in_docstring_is_complete() -> None:
    """The hierarchy printed at the top of `errors` names every error exactly once."""
    defined = {
        n for n, c in vars(errors).items() if inspect.isclass(c) and issubclass(c, Exception)
    }
    lines = (errors.__doc__ or "").splitlines()
    listed = [line.split()[1] for line in lines if re.match(r"\s*[*+-] ", line)]
    assert sorted(defined) == sorted(listed)


def test_every_error_of_the_package_lives_in_the_tree() -> None:
    for path in ROOT.glob("canary/**/*.py"):
        if path.name == "errors.py":
            continue
        classes = [n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.ClassDef)]
        bases = [ast.unparse(base) for c in classes for base in c.bases]
        assert not [b for b in bases if b.endswith(("Exception", "Error"))], path


def test_ports_are_narrow() -> None:
    for name, port in vars(ports).items():
        if getattr(port, "_is_protocol", False) and name != "Protocol":
            methods = [m for m in vars(port) if not m.startswith("_")]
            assert 1 <= len(methods) <= 4, name
