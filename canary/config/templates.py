"""Queries with variables in double braces, as the peer's metric templates have them.

Absent on purpose: everything else that Go's templates can do; whatever stands in double braces and
is no variable is an error, never passed on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

NAMES = ("name", "namespace", "target", "service", "ingress", "interval")
OWN = "variables."
_ANY = re.compile(r"\{\{\s*(.*?)\s*\}\}", re.DOTALL)
_OWN = re.compile(r"variables\.([A-Za-z_][A-Za-z0-9_]*)")
_QUOTABLE = 40


def own_variables(query: str) -> tuple[str, ...]:
    """The names after `variables.`, each once, as first used."""
    used = (_OWN.fullmatch(inside) for inside in _ANY.findall(query))
    return tuple(dict.fromkeys(match[1] for match in used if match))


def complaints(query: str) -> Iterator[str]:
    """What is wrong with a query, whoever uses it."""
    if not query.strip():
        yield "must not be empty"
    for inside in dict.fromkeys(_ANY.findall(query)):
        if inside not in NAMES and not _OWN.fullmatch(inside):
            shown = f"“{inside}”" if len(inside) <= _QUOTABLE and inside.isprintable() else "this"
            known = ", ".join((*NAMES, f"{OWN}<name>"))
            yield f"{shown} is no variable of a template; there are {known}"
    rest = _ANY.sub("", query)
    if "{{" in rest or "}}" in rest:
        yield "has double braces without their counterpart"


def rendered(query: str, values: Mapping[str, str]) -> str:
    """The query with every variable's value in its place; `complaints` must have found none."""
    return _ANY.sub(lambda match: values[match[1]], query)
