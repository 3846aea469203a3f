"""Session affinity: the cookie that keeps a client on one version while a release goes on."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from canary.config.base import DnsName, Flag, Model, Whole, problem

SAME_SITE = ("lax", "strict", "none")


def _token(name: str) -> str:
    if re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^`|~_-]{1,100}", name) is None:
        raise problem(
            "must be a cookie's name: letters, digits, and none of spaces ; , = and quotes"
        )
    return name


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def _cookie_path(path: str) -> str:
    if re.fullmatch(r"/[^;\x00-\x20\x7f]*", path) is None:
        raise problem("must be a path such as /shop")
    return path


CookieName = Annotated[str, AfterValidator(_token)]
CookiePath = Annotated[
    str, AfterValidator(_cookie_path), WithJsonSchema({"type": "string", "pattern": "^/"})
]
SameSite = Annotated[
    Literal["lax", "strict", "none"],
    BeforeValidator(_lower),
    WithJsonSchema({"type": "string", "enum": [*SAME_SITE, "Lax", "Strict", "None"]}),
]


class SessionAffinity(Model):
    """Which version a client met first is the one that it meets for the rest of the run.

    There is one list for all methods then, so the shield is off unless the app is safeToRepeat, and
    the weight is that of clients without a cookie. Until each replica of Traefik has taken the
    first weight (0.2 s as a rule), one that has not answers with the old version.
    """

    cookie_name: CookieName
    """The cookie that names the version; Traefik sets it while two versions have traffic."""
    max_age: Annotated[Whole, Field(ge=1)] = 86400
    """Seconds until the client forgets it."""
    secure: Flag = False
    """Sent over HTTPS alone."""
    http_only: Flag = False
    """Hidden from scripts in the page."""
    same_site: SameSite | None = None
    """lax, strict, or none, which needs secure."""
    domain: DnsName | None = None
    """The host and all below it; the app's host alone unless said."""
    path: CookiePath = "/"
    """Only for requests below it."""
