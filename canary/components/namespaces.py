"""The namespaces of a stack, each declared once however many components share it."""

from __future__ import annotations

from typing import Final

import pulumi
import pulumi_kubernetes as k8s

from canary.render.names import MANAGER, MANAGER_LABEL


class Namespaces(pulumi.ComponentResource):
    """Declares the namespaces that are asked for with `create`; others are expected to exist."""

    TYPE: Final = "canary:components:Namespaces"

    def __init__(
        self, name: str, *, create: frozenset[str], opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Declare one Namespace for each name in `create`."""
        super().__init__(self.TYPE, name, {}, opts)
        self._declared: dict[str, pulumi.Resource] = {
            namespace: k8s.core.v1.Namespace(
                namespace,
                metadata={"name": namespace, "labels": {MANAGER_LABEL: MANAGER}},
                opts=pulumi.ResourceOptions(parent=self),
            )
            for namespace in sorted(create)
        }
        self.register_outputs({})

    def of(self, name: str) -> list[pulumi.Resource]:
        """What an object in this namespace depends on: nothing if it existed before."""
        return [self._declared[name]] if name in self._declared else []
