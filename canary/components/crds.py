"""The ten custom resources of Traefik 3, as far as the API server must know them.

What stands in a `spec` is Traefik's to judge, so the schemas keep every field. Deleting a
definition deletes every object of its kind in the whole cluster, therefore Pulumi only ever forgets
these (`retain_on_delete`) and `canary.retention` removes them once nobody uses them any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import pulumi
import pulumi_kubernetes as k8s

from canary.render.names import MANAGER, MANAGER_LABEL
from canary.retention import CrdRetention

GROUP: Final = "traefik.io"
VERSION: Final = "v1alpha1"
API_VERSION: Final = f"{GROUP}/{VERSION}"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of object that Traefik reads."""

    kind: str
    plural: str

    @property
    def name(self) -> str:
        """The name of its definition."""
        return f"{self.plural}.{GROUP}"


KINDS: Final = (
    Kind("IngressRoute", "ingressroutes"),
    Kind("IngressRouteTCP", "ingressroutetcps"),
    Kind("IngressRouteUDP", "ingressrouteudps"),
    Kind("Middleware", "middlewares"),
    Kind("MiddlewareTCP", "middlewaretcps"),
    Kind("ServersTransport", "serverstransports"),
    Kind("ServersTransportTCP", "serverstransporttcps"),
    Kind("TLSOption", "tlsoptions"),
    Kind("TLSStore", "tlsstores"),
    Kind("TraefikService", "traefikservices"),
)


class TraefikCrds(pulumi.ComponentResource):
    """Defines Traefik's kinds, and keeps them for whoever still uses them when this stack goes."""

    TYPE: Final = "canary:components:TraefikCrds"

    def __init__(self, name: str, *, access: dict[str, Any], opts: pulumi.ResourceOptions) -> None:
        """Declare them; `access` says how the retention reaches the cluster, without secrets."""
        super().__init__(self.TYPE, name, {}, opts)
        # Created first, so deleted last: when the apps' own objects are gone.
        retention = CrdRetention(
            f"{name}-retention",
            definitions=[kind.name for kind in KINDS],
            access=access,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.definitions = [self._define(kind, retention) for kind in KINDS]
        self.register_outputs({})

    def _define(self, kind: Kind, retention: pulumi.Resource) -> pulumi.Resource:
        definition: pulumi.Resource = k8s.apiextensions.v1.CustomResourceDefinition(
            kind.name,
            metadata={"name": kind.name, "labels": {MANAGER_LABEL: MANAGER}},
            spec=definition_spec(kind),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[retention], retain_on_delete=True),
        )
        return definition


def definition_spec(kind: Kind) -> dict[str, Any]:
    """Return the spec of a kind's definition."""
    return {
        "group": GROUP,
        "scope": "Namespaced",
        "names": {
            "kind": kind.kind,
            "listKind": f"{kind.kind}List",
            "plural": kind.plural,
            "singular": kind.kind.lower(),
        },
        "versions": [
            {"name": VERSION, "served": True, "storage": True, "schema": _schema(kind)},
        ],
    }


def _schema(kind: Kind) -> dict[str, Any]:
    return {
        "openAPIV3Schema": {
            "description": f"{kind.kind} as Traefik 3 reads it.",
            "type": "object",
            "required": ["metadata", "spec"],
            "properties": {
                "apiVersion": {"type": "string"},
                "kind": {"type": "string"},
                "metadata": {"type": "object"},
                "spec": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
            },
        },
    }
