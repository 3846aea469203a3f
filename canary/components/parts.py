"""Parts that the installed components' manifests have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pulumi

from canary.config.workload import Resources
from canary.render.hardening import container_security
from canary.render.names import system_labels

SKIP_AWAIT: Final = {"pulumi.com/skipAwait": "true"}
TAKE_OVER: Final = {"pulumi.com/patchForce": "true"}  # fields that somebody else manages

Map = dict[str, Any]


def metadata(
    name: str, namespace: str, component: str, annotations: Mapping[str, str] | None = None
) -> Map:
    """Return the metadata of a namespaced object of an installed component."""
    labelled: Map = {"name": name, "namespace": namespace, "labels": system_labels(component)}
    return labelled | ({"annotations": dict(annotations)} if annotations else {})


def hardened(container: Map) -> Map:
    """Return the container without privileges and with a read-only image."""
    return {**container, "securityContext": container_security()}


def resources(default_requests: Mapping[str, str], configured: Resources) -> Map:
    """Return a container's resources: what is configured, merged over the default."""
    merged: Map = {"requests": {**default_requests, **configured.requests}}
    return merged | ({"limits": dict(configured.limits)} if configured.limits else {})


def child(parent: pulumi.Resource, *depends_on: pulumi.Resource) -> pulumi.ResourceOptions:
    """Return the options of a component's part."""
    return pulumi.ResourceOptions(parent=parent, depends_on=list(depends_on))
