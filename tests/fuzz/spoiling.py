"""Inputs that were right once, and how they are spoilt."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from canary.errors import CanaryError

MARK = "S3cr3tM4rk"
SECRET = f"{MARK}-{'x' * 20}"
INPUTS = int(os.environ.get("CANARY_FUZZ", "50"))  # for each test
fuzzed = settings(max_examples=INPUTS, derandomize=INPUTS <= 50, database=None)

DEEP = "[" * 100_000
ODD_TEXT = (
    "",
    "\x00",
    "\ud800",
    "2001-99-99",
    "%",
    "http://[",
    "://",
    "1e999",
    "9" * 5000,
    "*a",
    DEEP,
)
ODD: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    10**400,
    float("inf"),
    float("nan"),
    [],
    {},
    [[]],
    {"": ""},
    *ODD_TEXT,
)


def _unmarked(text: str) -> bool:
    """Hypothesis draws what it finds in the source, too; a mark by itself is no leak."""
    return MARK not in text


prose = st.text(max_size=150).filter(_unmarked)
raw = st.binary(max_size=200).filter(lambda body: MARK.encode() not in body)
texts = st.text(max_size=40).filter(_unmarked) | st.sampled_from(ODD_TEXT)
leaves = st.sampled_from(ODD) | st.integers() | st.floats() | st.booleans() | texts
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=8,
)

# How a credential is found in running text; what surrounds it is separated from it by a space.
TELLING = (
    f"Authorization: Bearer {SECRET}",
    f"https://me:{SECRET}@example.com/x",
    f"https://example.com/x?key={SECRET}",
    f"password={SECRET}",
    f'"token": "{SECRET}"',
)
told = st.lists(prose | st.sampled_from(TELLING), max_size=4).map(" \n ".join)


@st.composite
def spoilt(draw: st.DrawFn, right: Any, values: st.SearchStrategy[Any] = values) -> Any:
    """`right` with up to three of its values replaced, removed, wrapped or renamed."""
    wrong = copy.deepcopy(right)
    for _ in range(draw(st.integers(1, 3))):
        places = list(_places(wrong))
        if not places:
            break
        holder, key = draw(st.sampled_from(places))
        ways = ["replace", "remove", "list", "map", "rename"]
        _spoil(holder, key, draw(st.sampled_from(ways)), copy.deepcopy(draw(values)))
    return wrong


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in items if isinstance(value, (dict, list)) else ():
        yield value, key
        yield from _places(inner) if isinstance(inner, (dict, list)) else ()


def _spoil(holder: Any, key: Any, way: str, junk: Any) -> None:
    match way:
        case "remove":
            del holder[key]
        case "list":
            holder[key] = [holder[key]]
        case "map":
            holder[key] = {"value": holder[key]}
        case "rename" if isinstance(holder, dict):
            holder[f"{key}s"] = holder.pop(key)
        case _:
            holder[key] = junk


def said(action: Callable[[], object]) -> str:
    """What an input leads to: what it came to, or one of the project's own errors; no other."""
    try:
        text = str(action())
    except CanaryError as error:
        text = " ".join((str(error), *getattr(error, "__notes__", ())))
        assert text, "an error without words"
    return text
