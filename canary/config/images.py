"""Image references: `[host[:port]/]path[:tag][@digest]`, by the registries' own grammar."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

from canary.config.base import problem, quoted

_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_DOMAIN_PART = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_DOMAIN = rf"(?:{_DOMAIN_PART}(?:\.{_DOMAIN_PART})*(?::[0-9]+)?/)?"
_REFERENCE = re.compile(
    rf"(?P<name>{_DOMAIN}{_PART}(?:/{_PART})*)"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?"
    r"(?:@(?P<digest>[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[0-9a-fA-F]{32,}))?",
    re.ASCII,
)
_MOST_CHARACTERS = 512


def _image(value: object) -> str:
    if not isinstance(value, str):
        raise problem("must be an image such as ghcr.io/owner/app:1.2.3")
    if len(value) > _MOST_CHARACTERS or _REFERENCE.fullmatch(value) is None:
        # What looks like credentials in front of a host is not repeated.
        shown = "this text" if "@" in value or "://" in value else quoted(value)
        raise problem(f"{shown} is not an image reference such as ghcr.io/owner/app:1.2.3")
    return value


def mutable_tag(image: str) -> str:
    """Why the same reference may name another image tomorrow; "" if it cannot be told."""
    match = _REFERENCE.fullmatch(image)
    if match is None or match["digest"]:
        return ""
    if match["tag"] is None:
        return "it has no tag, which means latest"
    return "its tag is latest" if match["tag"] == "latest" else ""


Image = Annotated[
    str,
    BeforeValidator(_image),
    WithJsonSchema({"type": "string", "examples": ["ghcr.io/stefanprodan/podinfo:6.9.2"]}),
]
