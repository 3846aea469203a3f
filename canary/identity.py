"""Who owns the objects of a stack: an id made once, kept in state and written on the objects.

A stack may be renamed and a project moved; the id stays. The module's path is part of the state of
every stack: moving it needs a re-export here.
"""

from __future__ import annotations

import uuid
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, Resource, ResourceProvider


class IdentityProvider(ResourceProvider):
    """Makes an id once. Free of attributes, so that state holds only a reference to this class."""

    serialize_as_secret_always = False

    def create(self, _props: dict[str, Any]) -> CreateResult:
        """Make up an id: 32 hex digits."""
        owner = uuid.uuid4().hex
        return CreateResult(id_=owner, outs={"owner": owner})

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Nothing ever changes an id."""
        return DiffResult(changes=False)


class Identity(Resource, module="canary", name="Identity"):
    """The stack's identity; `owner` is 32 hex digits."""

    owner: pulumi.Output[str]

    def __init__(self, name: str, *, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(IdentityProvider(), name, {"owner": None}, opts)
