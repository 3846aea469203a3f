"""Secrets by reference: where in the cluster one is kept, never what it is."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from canary.config.base import DnsLabel, DnsName, Model

SecretKey = Annotated[str, Field(min_length=1, max_length=253)]


class SecretRef(Model):
    """A key of a Secret of the cluster."""

    name: DnsName
    """The Secret."""
    namespace: DnsLabel | None = None
    """Where it is; the namespace of what it is for, unless said."""
    key: SecretKey
    """The key in it."""
