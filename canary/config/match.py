"""Who reaches the canary of an A/B release: the peer's `match`, in the words of Istio's rules."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from canary.config.base import Model, Text, problem
from canary.config.goregex import why_not

_LONGEST = 500


def _token(name: str) -> str:
    if re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_|~-]{1,100}", name) is None:
        raise problem("must be a name: letters, digits and dashes")
    return name


def _header(name: str) -> str:
    if name.lower() == "host":
        raise problem("is matched by the app's host, not as a header")
    return _token(name)


def _value(text: str) -> str:
    """A value that can stand between the backticks of Traefik's rules."""
    if not text or len(text) > _LONGEST or not text.isprintable() or "`" in text:
        raise problem(f"must be 1 to {_LONGEST} printable characters, without a backtick")
    return text


def _regex(text: str) -> str:
    if why := why_not(_value(text)):
        raise problem(why)
    return text


def _network(value: object) -> str:
    try:
        network = ipaddress.ip_network(str(value), strict=False)
    except ValueError:
        network = None
    if network is None or "%" in str(network):  # a zone, which Traefik does not read
        raise problem("must be an address or a network such as 10.0.0.0/24")
    return str(network)


Value = Annotated[Text, AfterValidator(_value)]
Network = Annotated[
    str, BeforeValidator(_network), WithJsonSchema({"type": "string", "examples": ["10.0.0.0/24"]})
]


class Wanted(Model):
    """What a value must be: one of exact, prefix, suffix, regex."""

    exact: Value | None = None
    """This."""
    prefix: Value | None = None
    """It begins so."""
    suffix: Value | None = None
    """It ends so."""
    regex: Annotated[Text, AfterValidator(_regex)] | None = None
    """A regular expression of Go's for the whole value."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(value is not None for _, value in self) != 1:
            raise problem("needs exactly one of exact, prefix, suffix, regex")
        return self

    @property
    def text(self) -> str:
        """For people."""
        marks = {"exact": "=", "prefix": "=^", "suffix": "=$", "regex": "~"}
        return "".join(f"{marks[name]}{value}" for name, value in self if value is not None)


class Match(Model):
    """One kind of request: all that is said here holds for it."""

    headers: dict[Annotated[str, AfterValidator(_header)], Wanted] = Field(default_factory=dict)
    """Headers by name."""
    cookies: dict[Annotated[str, AfterValidator(_token)], Wanted] = Field(default_factory=dict)
    """Cookies by name."""
    query_params: dict[Annotated[str, AfterValidator(_value)], Wanted] = Field(default_factory=dict)
    """Parameters of the query by name."""
    client_ips: tuple[Network, ...] = Field(default=(), alias="clientIPs")
    """Addresses or networks, of which the client has one."""

    @model_validator(mode="after")
    def _some(self) -> Self:
        if not (self.headers or self.cookies or self.query_params or self.client_ips):
            raise problem("must name headers, cookies, queryParams or clientIPs")
        return self

    @property
    def text(self) -> str:
        """For people."""
        kinds = (("header", self.headers), ("cookie", self.cookies), ("query", self.query_params))
        texts = [f"{kind} {name}{w.text}" for kind, found in kinds for name, w in found.items()]
        texts += [f"client {' or '.join(self.client_ips)}"] if self.client_ips else []
        return " and ".join(texts)
