"""Addresses of webhooks and servers, and headers: http or https, never with credentials inside.

The text of a URL is never repeated in a complaint: its query may hold a token.
"""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BeforeValidator, WithJsonSchema

from canary.config.base import problem


def _url(value: object) -> str:
    if not isinstance(value, str):
        raise problem("must be a URL such as http://host:8080/path")
    try:
        parts = urlsplit(value)
        host, _port = parts.hostname, parts.port  # reading the port checks it
    except ValueError:
        raise problem("is not a URL such as http://host:8080/path") from None
    if "@" in parts.netloc:
        raise problem("must not contain credentials: a URL is shown in states and logs")
    if parts.scheme not in {"http", "https"}:
        raise problem("must start with http:// or https://")
    if not host or not value.isprintable() or " " in value:
        raise problem("is not a URL such as http://host:8080/path")
    return value


Url = Annotated[
    str,
    BeforeValidator(_url),
    WithJsonSchema({"type": "string", "pattern": "^https?://[^@/]+(/.*)?$"}),
]


def _path(value: object) -> str:
    if not isinstance(value, str) or re.fullmatch(r"(/[A-Za-z0-9._~-]+)*/?", value) is None:
        raise problem("must be a path such as /prometheus")
    return value.rstrip("/")


UrlPath = Annotated[
    str, BeforeValidator(_path), WithJsonSchema({"type": "string", "pattern": "^(/[^/?#]+)*/?$"})
]


def _header_name(value: object) -> str:
    if not isinstance(value, str) or re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", value) is None:
        raise problem("must be the name of a header such as X-Scope-OrgID")
    return value


def _query_name(value: object) -> str:
    if not isinstance(value, str) or re.fullmatch(r"[A-Za-z0-9._~\[\]-]{1,100}", value) is None:
        raise problem("must be the name of a query's parameter such as token")
    return value


def is_header_text(text: str) -> bool:
    """Whether a header can have this value."""
    return bool(text) and text.isascii() and text.isprintable()


def _header_text(value: object) -> str:
    if not isinstance(value, str) or not is_header_text(value):
        raise problem("must be a text of printable ASCII characters")
    return value


HeaderName = Annotated[str, BeforeValidator(_header_name), WithJsonSchema({"type": "string"})]
QueryName = Annotated[str, BeforeValidator(_query_name), WithJsonSchema({"type": "string"})]
HeaderText = Annotated[str, BeforeValidator(_header_text), WithJsonSchema({"type": "string"})]
