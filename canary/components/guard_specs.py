"""What the guard's objects look like: the files it runs from, its rights and its pod."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pulumi

import canary.guard
from canary.adapters.outlets import alertforms
from canary.components.guard_charge import Charge
from canary.components.parts import hardened, resources
from canary.config.stack import Guard
from canary.core import notice
from canary.render.hardening import pod_security
from canary.render.names import system_labels, system_selector, version_name

IMAGE: Final = "docker.io/library/python:3.11.14-alpine3.22"
USER: Final = 65534
PORT: Final = 8080
HOME: Final = "/opt/guard"

ALERTS: Final = "alerts.json"

Map = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What the guard's objects are called, where it runs and looks, and whether it has company."""

    name: str
    namespace: str
    namespaces: tuple[str, ...]
    shared: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """The ConfigMap of what is mounted: its name, and the paths below the mount."""

    name: str
    paths: tuple[str, ...]


def mount(charge: Charge) -> dict[str, str]:
    """Return the files of the guard's pod by path: its modules as they are tested, and the alerts.

    Of the rest of the package it has the form of alerts alone.
    """
    guard = sorted(Path(canary.guard.__file__).parent.glob("*.py"))
    shared = (Path(notice.__file__), Path(alertforms.__file__))
    home = Path(canary.__file__).parent.parent
    modules = {str(path.relative_to(home)): path.read_text(encoding="utf-8") for path in guard}
    modules |= {str(path.relative_to(home)): path.read_text(encoding="utf-8") for path in shared}
    return {**modules, ALERTS: json.dumps(charge.alerts, sort_keys=True)}


def key_of(path: str) -> str:
    """Return a file's key in the ConfigMap, which may not have a slash."""
    return path.replace("/", ".")


def access_rules(apps: Mapping[str, str], secrets: Iterable[str]) -> list[Map]:
    """Return what the guard may do in a namespace: to its apps, and with the addresses of alerts.

    It changes their routing, ends copies, and stops the version that is released: a rule cannot
    tell versions by a pattern, and one for all Deployments would let it stop what serves.
    """
    addresses = [_rule(("", "secrets"), ["get"], secrets)] if secrets else []
    return [*(_app_rules(apps) if apps else []), *addresses]


def _app_rules(apps: Mapping[str, str]) -> list[Map]:
    kept = ("", "-shielded", "-canary", "-canary-shielded")
    passing = [f"{app}{suffix}" for app in apps for suffix in ("-failover", "-mirror")]
    lists = [*passing, *(f"{app}{suffix}" for app in apps for suffix in kept)]
    copies = [f"{app}-baseline" for app in apps]
    versions = [version_name(app, version) for app, version in apps.items()]
    traefik, services = ("traefik.io", "traefikservices"), ("", "services")
    deployments, scale = ("apps", "deployments"), ("apps", "deployments/scale")
    return [
        _rule(traefik, ["list"]),
        _rule(traefik, ["get", "update"], lists),
        _rule(traefik, ["delete"], passing),
        _rule(services, ["get", "update"], apps),
        _rule(deployments, ["get", "delete"], copies),
        _rule(services, ["get", "delete"], copies),
        _rule(deployments, ["get"], versions),
        _rule(scale, ["patch"], versions),
        _rule(("coordination.k8s.io", "leases"), ["list", "delete"]),
        _rule(("discovery.k8s.io", "endpointslices"), ["list"]),
        _rule(("", "events"), ["create"]),
    ]


def _rule(kind: tuple[str, str], verbs: list[str], names: Iterable[str] = ()) -> Map:
    group, resource = kind
    named = {"resourceNames": [*names]} if names else {}
    return {"apiGroups": [group], "resources": [resource], **named, "verbs": verbs}


def deployment_spec(config: Guard, place: Place, files: Files, owner: pulumi.Input[str]) -> Map:
    """Return the Deployment's spec; a pod more for a moment does no harm."""
    environment: dict[str, pulumi.Input[str]] = {
        "PYTHONPATH": HOME,
        "PYTHONDONTWRITEBYTECODE": "1",
        "GUARD_OWNER": owner,
        "GUARD_NAMESPACES": " ".join(place.namespaces),
        "GUARD_ALERTS": f"{HOME}/{ALERTS}",
        "GUARD_FAILED_TTL_S": f"{config.failed_version_ttl:g}",
    }
    if place.shared:
        environment["GUARD_LEASE"] = lease_path(place)
    spread = {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": system_selector(place.name)},
    }
    items = [{"key": key_of(path), "path": path} for path in files.paths]
    return {
        "replicas": config.replicas,
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
                **({"topologySpreadConstraints": [spread]} if place.shared else {}),
                "containers": [_container(config, environment)],
                "volumes": [{"name": "code", "configMap": {"name": files.name, "items": items}}],
            },
        },
    }


def account_of(place: Place) -> Map:
    """Return the guard's account, as a RoleBinding names it."""
    return {"kind": "ServiceAccount", "name": place.name, "namespace": place.namespace}


def lease_path(place: Place) -> str:
    """Return where the API has the Lease whose holder acts."""
    group = "/apis/coordination.k8s.io/v1"
    return f"{group}/namespaces/{place.namespace}/leases/{place.name}"


def lead_rules(place: Place) -> list[Map]:
    """Return what several guards may do to agree on who acts: change one Lease."""
    return [_rule(("coordination.k8s.io", "leases"), ["get", "update"], [place.name])]


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
