"""Problems of a configuration in words: where, what, and what may have been meant.

No value is repeated here except numbers; messages that quote more are made where the value's kind
is known (`canary.config.base.problem`).
"""

from __future__ import annotations

import difflib
import re
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from canary.config.base import OWN_PROBLEM
from canary.config.refusals import REFUSED
from canary.config.stack import StackConfig

Path: TypeAlias = tuple[str | int, ...]
NAMESPACE = "canary"
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_LONGEST_KEY = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing to put right. `involved` lists every field that it was concluded from."""

    path: Path
    text: str
    involved: tuple[Path, ...] = ()

    def __str__(self) -> str:
        return f"{path_text(self.path)}: {self.text}"


def path_text(path: Path) -> str:
    """A path as `pulumi config set --path` takes it: `canary:apps.podinfo.args[0]`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif _PLAIN_KEY.fullmatch(part):
            text += f".{_shown(part)}"
        else:
            text += f'["{_shown(part)}"]'
    return f"{NAMESPACE}:{text.removeprefix('.')}"


def _shown(key: str) -> str:
    """A key in a path; `NAME=VALUE` written in one piece gives away no value."""
    name, equals, _value = key.partition("=")
    if len(name) > _LONGEST_KEY or not name.isprintable():
        return "…"
    return f"{name}=…" if equals else name


def problems_of(error: ValidationError) -> list[Problem]:
    """Every problem that pydantic found, in the configuration's order."""
    details = error.errors(include_url=False, include_context=True, include_input=True)
    return [Problem(path=place(detail), text=_text(detail)) for detail in details]


def place(detail: ErrorDetails) -> Path:
    """Where in the configuration; pydantic's own marks are left out."""
    path = tuple(part for part in detail["loc"] if part != "[key]")
    if len(path) == 3 and path[0] == "apps" and path[2] == "name":
        return path[:2]  # the key is the name
    return path


def _text(detail: ErrorDetails) -> str:
    context = detail.get("ctx") or {}
    if detail["type"] == OWN_PROBLEM:
        return str(context["text"])
    if detail["type"] == "extra_forbidden":
        return _unknown_key(detail["loc"])
    return _PHRASES.get(detail["type"], _fallback)(context) + _number(detail.get("input"))


def _fallback(_context: Mapping[str, Any]) -> str:
    return "is not valid"


def _constant(text: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda _context: text


_PHRASES: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "missing": _constant("is required"),
    "int_type": _constant("must be a whole number"),
    "int_from_float": _constant("must be a whole number"),
    "int_parsing": _constant("must be a whole number"),
    "float_type": _constant("must be a number"),
    "finite_number": _constant("must be a finite number"),
    "string_type": _constant("must be a text"),
    "bool_type": _constant("must be true or false"),
    "dict_type": _constant("must be a mapping"),
    "model_type": _constant("must be a mapping"),
    "tuple_type": _constant("must be a list"),
    "string_too_short": _constant("must not be empty"),
    "string_too_long": lambda c: f"must have at most {c['max_length']} characters",
    "string_pattern_mismatch": lambda c: f"must match {c['pattern']}",
    "literal_error": lambda c: f"must be {c['expected']}".replace("'", ""),
    "greater_than": lambda c: f"must be over {c['gt']:g}",
    "greater_than_equal": lambda c: f"must be at least {c['ge']:g}",
    "less_than_equal": lambda c: f"must be at most {c['le']:g}",
}


def _number(value: object) -> str:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return f", not {value}" if is_number else ""


def _unknown_key(loc: Sequence[str | int]) -> str:
    key = str(loc[-1])
    model = model_at(StackConfig, tuple(loc[:-1]))
    if model is None:
        return "is unknown"
    refusal = REFUSED.get(model, {}).get(key)
    if refusal:
        return str(refusal)
    names = [field.alias or name for name, field in model.model_fields.items()]
    close = difflib.get_close_matches(_folded(key), [_folded(n) for n in names], n=1, cutoff=0.6)
    if close:
        meant = next(name for name in names if _folded(name) == close[0])
        return f"is unknown; did you mean {meant}?"
    return f"is unknown; known here: {', '.join(sorted(names))}"


def _folded(key: str) -> str:
    return key.replace("_", "").replace("-", "").lower()


def model_at(model: type[BaseModel], path: Path) -> type[BaseModel] | None:
    """The model that a path leads to, None where it ends at a plain value."""
    here: Any = model
    for part in path:
        here = _inside(here, part)
    return here if _is_model(here) else None


def _inside(here: Any, part: str | int) -> Any:
    if _is_model(here):
        fields = here.model_fields.items()
        found = (field.annotation for name, field in fields if part in {name, field.alias})
        return _bare(next(found, None))
    arguments = typing.get_args(here)
    if not arguments:
        return None
    return _bare(arguments[1] if typing.get_origin(here) is dict else arguments[0])


def _bare(annotation: Any) -> Any:
    """Without Annotated and `| None`."""
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        return _bare(typing.get_args(annotation)[0])
    if origin in {typing.Union, types.UnionType}:
        some = [a for a in typing.get_args(annotation) if a is not type(None)]
        return _bare(some[0])
    return annotation


def _is_model(thing: Any) -> bool:
    return isinstance(thing, type) and issubclass(thing, BaseModel)
