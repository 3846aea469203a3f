"""A plain Pulumi program with the resources of a stack of apps, for what the host itself costs.

What is declared lies ready in resources.json: nothing is configured, rendered, asked or planned
here, and its dynamic resources are idle.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
from pulumi.dynamic import Resource

from canary.identity import IdentityProvider

ROUTE = "kubernetes:traefik.io/v1alpha1:IngressRoute"
TYPES: Mapping[str, Callable[..., pulumi.Resource]] = {
    "kubernetes:apps/v1:Deployment": k8s.apps.v1.Deployment,
    "kubernetes:core/v1:Namespace": k8s.core.v1.Namespace,
    "kubernetes:core/v1:Service": k8s.core.v1.Service,
    ROUTE: partial(
        k8s.apiextensions.CustomResource, api_version="traefik.io/v1alpha1", kind="IngressRoute"
    ),
}


class Idle(Resource, name="Idle"):
    """A dynamic resource that does nothing but make up an id."""

    def __init__(self, name: str, opts: pulumi.ResourceOptions) -> None:
        super().__init__(IdentityProvider(), name, {"name": name}, opts)


class Component(pulumi.ComponentResource):
    """A component of any type."""

    def __init__(self, kind: str, name: str, opts: pulumi.ResourceOptions) -> None:
        super().__init__(kind, name, {}, opts)
        self.register_outputs({})


def main() -> None:
    """Declare what resources.json lists: each with its type, name, inputs and relations."""
    declared: dict[str, pulumi.Resource] = {}
    cluster = k8s.Provider("cluster", enable_server_side_apply=True, upsert_existing_objects=True)
    for each in json.loads(Path("resources.json").read_text()):
        options = pulumi.ResourceOptions(
            parent=declared.get(each["parent"]),
            depends_on=[declared[urn] for urn in each["dependsOn"] if urn in declared],
            providers=[cluster],
        )
        declared[each["urn"]] = _resource(each["type"], each["name"], each["inputs"], options)


def _resource(
    kind: str, name: str, inputs: Mapping[str, Any], opts: pulumi.ResourceOptions
) -> pulumi.Resource:
    if kind in TYPES:
        parts = {key: inputs[key] for key in ("metadata", "spec") if key in inputs}
        return TYPES[kind](name, **parts, opts=opts)
    if kind.startswith("pulumi-python:"):
        return Idle(name, opts)
    return Component(kind, name, opts)


main()
