"""Addresses of webhooks and servers: http or https, and never with credentials inside.

The text of a URL is never repeated in a complaint: its query may hold a token.
"""

from __future__ import annotations

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
