"""Alerts and where they go, with the peer's field names.

Deliberately absent from a provider: its address. Whoever knows an incoming webhook's URL can write
to it, so it is kept as a secret of the stack, or in a Secret of the cluster, and never an input.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, SecretStr, WithJsonSchema

from canary.config.base import LABEL, DnsLabel, Model, problem
from canary.config.secrets import SecretKey, SecretRef

ProviderType = Literal["slack", "msteams", "discord", "rocket", "gchat", "webhook"]


def is_address(text: str) -> bool:
    """Whether a message could be posted there."""
    try:
        parts = urlsplit(text)
        host, _port = parts.hostname, parts.port  # reading the port checks it
    except ValueError:
        return False
    spelt = text.isprintable() and " " not in text
    return spelt and parts.scheme in {"http", "https"} and bool(host)


def _address(value: object) -> object:
    if not isinstance(value, str) or not is_address(value):
        raise problem("must be a URL that starts with https:// or http://")
    return value


def _by_name(value: object) -> object:
    """Refuse what is no mapping from names; a key may be an address by mistake, so none is told."""
    if not isinstance(value, Mapping):
        raise problem("must be a mapping from the names of alertProviders to URLs")
    if not all(isinstance(key, str) and re.fullmatch(LABEL, key) for key in value):
        raise problem("has a key that cannot be the name of one of alertProviders")
    return value


class AddressRef(SecretRef):
    """A Secret of the cluster that holds an address."""

    namespace: DnsLabel | None = None
    """Where it is; the app's namespace unless said."""
    key: SecretKey = "address"
    """The key in it."""


class AlertProvider(Model):
    """Where alerts go. Its address is at canary:alertAddresses under the same name, or a Secret."""

    type: ProviderType
    """What its messages look like; msteams is a workflow, webhook gets plain JSON."""
    channel: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    """Of slack and rocket, if it is not the webhook's own."""
    username: Annotated[str, Field(min_length=1, max_length=80)] | None = None
    """Of slack, rocket and discord: the sender's name, if it is not the webhook's own."""
    secret_ref: AddressRef | None = None
    """The Secret that holds the address; read when a run begins to tell."""


class ProviderRef(Model):
    """Names one of canary:alertProviders."""

    name: DnsLabel
    """Its name there."""


class Alert(Model):
    """Tells one provider what a run does."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    """What the preview and the terminal call it."""
    severity: Literal["info", "warn", "error"] = "info"
    """The least that is told. info: every step; warn: what holds a run; error: a rollback."""
    provider_ref: ProviderRef
    """Where it goes."""


Addresses = Annotated[
    dict[
        str,
        Annotated[SecretStr, BeforeValidator(_address), WithJsonSchema({"type": "string"})],
    ],
    BeforeValidator(_by_name),
]
