"""Pulumi's type tokens and the REST resources they stand for; custom ones by discovery."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.bed.plugin.api import Api
from tests.bed.plugin.errors import ClusterError, KindError

# apiVersion and kind -> plural; a plural after "/" is cluster-scoped.
_BUILT_IN = {
    "v1/ConfigMap": "configmaps",
    "v1/Namespace": "/namespaces",
    "v1/PersistentVolumeClaim": "persistentvolumeclaims",
    "v1/Secret": "secrets",
    "v1/Service": "services",
    "v1/ServiceAccount": "serviceaccounts",
    "apiextensions.k8s.io/v1/CustomResourceDefinition": "/customresourcedefinitions",
    "apps/v1/Deployment": "deployments",
    "autoscaling/v2/HorizontalPodAutoscaler": "horizontalpodautoscalers",
    "coordination.k8s.io/v1/Lease": "leases",
    "networking.k8s.io/v1/NetworkPolicy": "networkpolicies",
    "policy/v1/PodDisruptionBudget": "poddisruptionbudgets",
    "rbac.authorization.k8s.io/v1/ClusterRole": "/clusterroles",
    "rbac.authorization.k8s.io/v1/ClusterRoleBinding": "/clusterrolebindings",
    "rbac.authorization.k8s.io/v1/Role": "roles",
    "rbac.authorization.k8s.io/v1/RoleBinding": "rolebindings",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One REST resource."""

    api_version: str
    name: str
    plural: str
    namespaced: bool

    def collection(self, namespace: str | None) -> str:
        """The path of the collection."""
        root = "/api" if "/" not in self.api_version else "/apis"
        within = f"/namespaces/{namespace}" if self.namespaced and namespace else ""
        return f"{root}/{self.api_version}{within}/{self.plural}"

    def path(self, name: str, namespace: str | None) -> str:
        """The path of one object."""
        return f"{self.collection(namespace)}/{name}"

    def __str__(self) -> str:
        return f"{self.name} ({self.api_version})"


def identity(kind: Kind, manifest: Mapping[str, Any]) -> str:
    """The resource's id in Pulumi's state: NAMESPACE/NAME, or NAME alone."""
    metadata = manifest["metadata"]
    return f"{metadata['namespace']}/{metadata['name']}" if kind.namespaced else metadata["name"]


def path_of(kind: Kind, resource_id: str) -> str:
    """The path of the object with this id; without a namespace it lies in `default`."""
    namespace, _, name = resource_id.rpartition("/")
    return kind.path(name, namespace or "default")


class Kinds:
    """Finds the kind behind a type token, and remembers it."""

    def __init__(self, api: Callable[[], Api]) -> None:
        self._api = api
        self._lock = threading.Lock()
        self._known = {key: _built_in(key, plural) for key, plural in _BUILT_IN.items()}

    def checked(self, token: str) -> Kind:
        """As `named`, for Check: a custom resource whose CRD is yet to come counts as namespaced.

        Raises:
            KindError: the stand-in does not serve it.
        """
        api_version, name = _parts(token)
        try:
            return self.named(token)
        except (KindError, ClusterError):
            if not _is_custom(api_version):
                raise
            return Kind(api_version=api_version, name=name, plural="", namespaced=True)

    def named(self, token: str) -> Kind:
        """The kind behind a token such as `kubernetes:apps/v1:Deployment`.

        Raises:
            KindError: the stand-in does not serve it, or no CRD defines it.
            ClusterError: the cluster could not be asked.
        """
        api_version, name = _parts(token)
        if found := self._known.get(f"{api_version}/{name}"):
            return found
        if not _is_custom(api_version):
            served = ", ".join(sorted(key.rpartition("/")[2] for key in _BUILT_IN))
            raise KindError(
                f"the stand-in Kubernetes plugin does not know {name} ({api_version}); "
                f"it serves {served}, and custom resources"
            )
        return self._discovered(api_version, name)

    def declare(self, definition: Mapping[str, Any]) -> None:
        """Learn a kind from a CRD that this program is about to create, so that it can be checked.

        A definition whose names are not known yet teaches nothing.
        """
        spec = definition.get("spec")
        names = spec.get("names") if isinstance(spec, dict) else None
        if not isinstance(spec, dict) or not isinstance(names, dict):
            return
        for version in spec.get("versions") or []:
            self._remember(
                Kind(
                    api_version=f"{spec['group']}/{version['name']}",
                    name=names["kind"],
                    plural=names["plural"],
                    namespaced=spec["scope"] == "Namespaced",
                )
            )

    def _discovered(self, api_version: str, name: str) -> Kind:
        listing = self._api().read(f"/apis/{api_version}") or {}
        for found in listing.get("resources", []):
            if "/" not in found["name"]:  # subresources have their own rows
                self._remember(
                    Kind(
                        api_version=api_version,
                        name=found["kind"],
                        plural=found["name"],
                        namespaced=found["namespaced"],
                    )
                )
        with self._lock:
            kind = self._known.get(f"{api_version}/{name}")
        if kind is None:
            raise KindError(
                f"no CustomResourceDefinition of this cluster defines {name} ({api_version})"
            )
        return kind

    def _remember(self, kind: Kind) -> None:
        with self._lock:
            self._known.setdefault(f"{kind.api_version}/{kind.name}", kind)


def _parts(token: str) -> tuple[str, str]:
    _, version, name = token.split(":")
    return version.removeprefix("core/"), name


def _is_custom(api_version: str) -> bool:
    group, slash, _ = api_version.partition("/")
    return bool(slash) and "." in group and not group.endswith(".k8s.io")


def _built_in(key: str, plural: str) -> Kind:
    api_version, _, name = key.rpartition("/")
    return Kind(
        api_version=api_version,
        name=name,
        plural=plural.removeprefix("/"),
        namespaced=not plural.startswith("/"),
    )
