"""The guard: one small pod that puts traffic back when whoever carried out a run has died."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pulumi
import pulumi_kubernetes as k8s

import canary.guard
from canary.components.namespaces import Namespaces
from canary.components.parts import child, hardened, metadata, resources
from canary.config.stack import Guard
from canary.render.hardening import pod_security
from canary.render.names import GUARD, system_labels, system_selector

IMAGE: Final = "docker.io/library/python:3.11.14-alpine3.22"
USER: Final = 65534
PORT: Final = 8080
HOME: Final = "/opt/guard"
RBAC: Final = "rbac.authorization.k8s.io"

Map = dict[str, Any]
Apps = Mapping[str, tuple[str, ...]]
Rely = list[pulumi.Resource]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What the guard's objects are called, where its pod runs, and where it looks."""

    name: str
    namespace: str
    namespaces: tuple[str, ...]


class GuardPod(pulumi.ComponentResource):
    """Installs the guard, or nothing when the configuration says so or there is no app.

    `apps` has the names of the stack's apps by namespace, `owner` is the id on the stack's objects.
    The pod runs in the first of the namespaces, under a name that no other stack's guard has.

    Attributes:
        ready: what runs depend on.
    """

    TYPE: Final = "canary:components:Guard"

    def __init__(
        self,
        name: str,
        *,
        config: Guard,
        owner: pulumi.Input[str],
        apps: Apps,
        namespaces: Namespaces,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare it."""
        super().__init__(self.TYPE, name, {}, opts)
        self.ready: Rely = []
        if config.install and apps:
            place = Place(name=guard_name(), namespace=min(apps), namespaces=tuple(sorted(apps)))
            needs = self._rights(name, place, apps, namespaces)
            self.ready = [self._deployment(name, config, owner, place, needs)]
        self.register_outputs({})

    def _rights(self, name: str, place: Place, apps: Apps, namespaces: Namespaces) -> Rely:
        """Allow in each namespace what a restore of its apps needs."""
        account = k8s.core.v1.ServiceAccount(
            name,
            metadata=metadata(place.name, place.namespace, place.name),
            automount_service_account_token=False,
            opts=child(self, *namespaces.of(place.namespace)),
        )
        rights: Rely = [account]
        for namespace in place.namespaces:
            role = k8s.rbac.v1.Role(
                f"{name}-{namespace}",
                metadata=metadata(place.name, namespace, place.name),
                rules=access_rules(apps[namespace]),
                opts=child(self, *namespaces.of(namespace)),
            )
            rights.append(
                k8s.rbac.v1.RoleBinding(
                    f"{name}-{namespace}",
                    metadata=metadata(place.name, namespace, place.name),
                    role_ref={"apiGroup": RBAC, "kind": "Role", "name": place.name},
                    subjects=[
                        {
                            "kind": "ServiceAccount",
                            "name": place.name,
                            "namespace": place.namespace,
                        }
                    ],
                    opts=child(self, role, account),
                )
            )
        return rights

    def _deployment(
        self, name: str, config: Guard, owner: pulumi.Input[str], place: Place, needs: Rely
    ) -> pulumi.Resource:
        files = {key_of(path): text for path, text in mount().items()}
        digest = hashlib.sha256(repr(sorted(files.items())).encode()).hexdigest()[:10]
        # Named by its content: a change of it replaces the pod, and the old one is left as it was.
        code_name = f"{place.name}-{digest}"
        code = k8s.core.v1.ConfigMap(
            f"{name}-code",
            metadata=metadata(code_name, place.namespace, place.name),
            data=files,
            opts=child(self, *needs),
        )
        deployment: pulumi.Resource = k8s.apps.v1.Deployment(
            name,
            metadata=metadata(place.name, place.namespace, place.name),
            spec=deployment_spec(config, place, code_name, owner),
            opts=child(self, code),
        )
        return deployment


def guard_name() -> str:
    """Return the name of this stack's guard: several stacks may share a namespace."""
    stack = f"{pulumi.get_project()}/{pulumi.get_stack()}"
    return f"{GUARD}-{hashlib.sha256(stack.encode()).hexdigest()[:8]}"


def mount() -> dict[str, str]:
    """Return the guard's modules by the path below the mount: the very files that are tested."""
    home = Path(canary.guard.__file__).parent
    return {
        f"canary/guard/{path.name}": path.read_text(encoding="utf-8")
        for path in sorted(home.glob("*.py"))
    }


def key_of(path: str) -> str:
    """Return a file's key in the ConfigMap, which may not have a slash."""
    return path.replace("/", ".")


def access_rules(apps: tuple[str, ...]) -> list[Map]:
    """Return what the guard may do in a namespace: change these apps' routing, and end copies."""
    kept = ("", "-shielded", "-canary", "-canary-shielded")
    lists = [f"{app}{suffix}" for app in apps for suffix in (*kept, "-failover", "-mirror")]
    failovers = [f"{app}{suffix}" for app in apps for suffix in ("-failover", "-mirror")]
    return [
        {"apiGroups": ["traefik.io"], "resources": ["traefikservices"], "verbs": ["list"]},
        {
            "apiGroups": ["traefik.io"],
            "resources": ["traefikservices"],
            "resourceNames": lists,
            "verbs": ["get", "update"],
        },
        {
            "apiGroups": ["traefik.io"],
            "resources": ["traefikservices"],
            "resourceNames": failovers,
            "verbs": ["delete"],
        },
        {
            "apiGroups": [""],
            "resources": ["services"],
            "resourceNames": list(apps),
            "verbs": ["get", "update"],
        },
        *(
            {
                "apiGroups": [group],
                "resources": [resource],
                "resourceNames": [f"{app}-baseline" for app in apps],
                "verbs": ["get", "delete"],
            }
            for group, resource in (("apps", "deployments"), ("", "services"))
        ),
        {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["list"]},
        {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["list"]},
        {"apiGroups": [""], "resources": ["events"], "verbs": ["create"]},
    ]


def deployment_spec(config: Guard, place: Place, code_name: str, owner: pulumi.Input[str]) -> Map:
    """Return the Deployment's spec: one pod; a second one for a moment does no harm."""
    environment = {
        "PYTHONPATH": HOME,
        "PYTHONDONTWRITEBYTECODE": "1",
        "GUARD_OWNER": owner,
        "GUARD_NAMESPACES": " ".join(place.namespaces),
    }
    items = [{"key": key_of(path), "path": path} for path in mount()]
    return {
        "replicas": 1,
        "revisionHistoryLimit": 3,
        "selector": {"matchLabels": system_selector(place.name)},
        "template": {
            "metadata": {"labels": system_labels(place.name)},
            "spec": {
                "serviceAccountName": place.name,
                "automountServiceAccountToken": True,
                "enableServiceLinks": False,
                "securityContext": pod_security(USER),
                "terminationGracePeriodSeconds": 10,
                "containers": [_container(config, environment)],
                "volumes": [{"name": "code", "configMap": {"name": code_name, "items": items}}],
            },
        },
    }


def _container(config: Guard, environment: Mapping[str, pulumi.Input[str]]) -> Map:
    probe = {"port": "http", "path": "/readyz"}
    return hardened(
        {
            "name": "guard",
            "image": config.image or IMAGE,
            "command": ["python3", "-m", "canary.guard"],
            "env": [{"name": key, "value": value} for key, value in environment.items()],
            "ports": [{"name": "http", "containerPort": PORT}],
            "readinessProbe": {"httpGet": probe, "periodSeconds": 1, "timeoutSeconds": 3},
            "livenessProbe": {
                "httpGet": {**probe, "path": "/healthz"},
                "periodSeconds": 10,
                "timeoutSeconds": 5,
                "failureThreshold": 6,
            },
            "resources": resources({"cpu": "10m", "memory": "32Mi"}, config.resources),
            "volumeMounts": [{"name": "code", "mountPath": HOME, "readOnly": True}],
        }
    )
