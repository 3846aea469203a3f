"""Removes Traefik's resource definitions when the stack goes and nobody uses them any more.

Deleting a definition deletes every object of its kind in the cluster, whoever made it. So Pulumi
itself never deletes one; this resource does, as the last of the stack, and only if no object of any
of the kinds is left: by then the stack's own objects are gone, so whatever is left is foreign. The
module's path is part of the state of every stack: moving it needs a re-export here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Protocol

import pulumi
from pulumi.dynamic import (
    ConfigureRequest,
    CreateResult,
    DiffResult,
    Resource,
    ResourceProvider,
    UpdateResult,
)

from canary.adapters.cluster.kubernetes import Cluster
from canary.render.names import MANAGER, MANAGER_LABEL

DEFINITIONS: Final = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


class Definitions(Protocol):
    """What of the API server is needed; every method raises ClusterError."""

    def find(self, path: str) -> dict[str, Any] | None:
        """One object, None when there is none."""

    def list_(self, path: str) -> list[dict[str, Any]]:
        """The items of a collection, of all namespaces."""

    def delete(self, path: str) -> None:
        """Delete one object; absent is fine."""


class RetentionProvider(ResourceProvider):
    """Does nothing until it is deleted. What it is pickled with is a reference to this class."""

    serialize_as_secret_always = False

    def configure(self, req: ConfigureRequest) -> None:
        """Remember a kubeconfig that is kept as a secret: it may not become an input."""
        self._kubeconfig = str(req.config.get("canary:kubeconfig") or "")

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        """Whether the way to the cluster or the list of definitions is another one."""
        keys = ("definitions", "access")
        return DiffResult(changes=any(olds.get(key) != news.get(key) for key in keys))

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Only remember."""
        return CreateResult(id_="traefik.io", outs=_echo(props))

    def update(self, _id: str, _olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        """Only remember."""
        return UpdateResult(outs=_echo(news))

    def delete(self, _id: str, props: dict[str, Any]) -> None:
        """Remove the definitions unless they are somebody else's or in use."""
        access = props.get("access") or {}
        cluster = Cluster.connect(
            context=str(access.get("context") or ""),
            kubeconfig_path=str(access.get("kubeconfig") or ""),
            kubeconfig_text=self._kubeconfig,
        )
        try:
            remove_unused(cluster, [str(name) for name in props["definitions"]])
        finally:
            cluster.close()


class CrdRetention(Resource, module="canary", name="CrdRetention"):
    """Stands for the definitions' end of life. Declare the definitions as depending on it."""

    def __init__(
        self,
        name: str,
        *,
        definitions: Sequence[str],
        access: dict[str, Any],
        opts: pulumi.ResourceOptions,
    ) -> None:
        props = {"definitions": list(definitions), "access": access}
        super().__init__(RetentionProvider(), name, props, opts)


def remove_unused(cluster: Definitions, names: Sequence[str]) -> bool:
    """Delete the named definitions if they are ours and no object uses any; tell whether.

    All or none: a Traefik needs every one of its kinds to start.

    Raises:
        ClusterError: the API server refused or did not answer.
    """
    found = [definition for name in names if (definition := cluster.find(f"{DEFINITIONS}/{name}"))]
    ours = all(_is_ours(definition) for definition in found)
    if not ours or any(_in_use(cluster, definition) for definition in found):
        return False
    for definition in found:
        cluster.delete(f"{DEFINITIONS}/{definition['metadata']['name']}")
    return True


def _echo(props: dict[str, Any]) -> dict[str, Any]:
    return {"definitions": props["definitions"], "access": props["access"]}


def _is_ours(definition: dict[str, Any]) -> bool:
    labels = definition["metadata"].get("labels") or {}
    return bool(labels.get(MANAGER_LABEL) == MANAGER)


def _in_use(cluster: Definitions, definition: dict[str, Any]) -> bool:
    spec = definition["spec"]
    group, plural = spec["group"], spec["names"]["plural"]
    return any(
        bool(cluster.list_(f"/apis/{group}/{version['name']}/{plural}"))
        for version in spec["versions"]
        if version.get("served")
    )
