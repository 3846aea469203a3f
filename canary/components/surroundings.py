"""What an app's release needs of the rest of its stack."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pulumi

from canary.components.namespaces import Namespaces


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Handed to every app of a stack.

    Attributes:
        stack: the stack's name.
        owner: the id that marks this stack's objects.
        access: how the provider reaches the cluster and what is in it; no secrets.
        namespaces: those that this stack declares.
        ready: what must be there before traffic can be moved and judged.
        others: the apps that must have been released before a pod of this one's version runs.
    """

    stack: str
    owner: pulumi.Input[str]
    access: Mapping[str, Any]
    namespaces: Namespaces
    ready: tuple[pulumi.Resource, ...]
    others: tuple[pulumi.Resource, ...] = ()

    def after(self, *others: pulumi.Resource) -> Surroundings:
        """The same for an app that is released only after these."""
        return replace(self, others=others)
