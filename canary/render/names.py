"""What the objects of a stack are called and labelled."""

from __future__ import annotations

from typing import Final

APP_LABEL: Final = "app.kubernetes.io/name"
VERSION_LABEL: Final = "app.kubernetes.io/version"
MANAGER_LABEL: Final = "app.kubernetes.io/managed-by"
MANAGER: Final = "canary"
OWNER_ANNOTATION: Final = "canary.rollout/owner"

# The Services of what a stack installs beside its apps.
TRAEFIK_METRICS: Final = "canary-traefik-metrics"
PROMETHEUS: Final = "prometheus"
PROMETHEUS_PORT: Final = 9090
LOADTESTER: Final = "flagger-loadtester"
LOADTESTER_PORT: Final = 80
GUARD: Final = "canary-guard"


def version_name(app: str, version: str) -> str:
    """The Deployment, Service, HPA and PodDisruptionBudget of a version."""
    return f"{app}-{version}"


def fallback_name(app: str, version: str) -> str:
    """The Service that replays requests which the canary failed to the same pods."""
    return f"{app}-{version}-fallback"


def files_name(app: str, version: str) -> str:
    """The ConfigMap of a version's configured files."""
    return f"{app}-{version}-files"


def app_labels(app: str) -> dict[str, str]:
    """The labels of every object of an app."""
    return {APP_LABEL: app, MANAGER_LABEL: MANAGER}


def version_labels(app: str, version: str) -> dict[str, str]:
    """The labels of every object and pod of a version."""
    return {**app_labels(app), VERSION_LABEL: version}


def version_selector(app: str, version: str) -> dict[str, str]:
    """The labels by which a version's pods are selected."""
    return {APP_LABEL: app, VERSION_LABEL: version}


def system_labels(component: str) -> dict[str, str]:
    """The labels of every object of an installed component, such as Prometheus."""
    return {APP_LABEL: component, MANAGER_LABEL: MANAGER}


def system_selector(component: str) -> dict[str, str]:
    """The labels by which an installed component's pods are selected."""
    return {APP_LABEL: component}
