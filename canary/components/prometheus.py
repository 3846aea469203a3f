"""Prometheus: keeps what Traefik counted. It needs no right in the cluster, so it has none.

Traefik's replicas are found by the name of their headless Service, so each is a target of its own.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final

import pulumi
import pulumi_kubernetes as k8s
import yaml

from canary.components.namespaces import Namespaces
from canary.components.parts import SKIP_AWAIT, child, hardened, metadata, resources
from canary.components.traefik_specs import metrics_service_spec
from canary.config.stack import Prometheus, Traefik
from canary.render.hardening import pod_security
from canary.render.names import (
    PROMETHEUS,
    PROMETHEUS_PORT,
    TRAEFIK_METRICS,
    system_labels,
    system_selector,
)

IMAGE: Final = "docker.io/prom/prometheus:v2.42.0"
USER: Final = 65534
DATA: Final = "/prometheus"
SETTINGS: Final = "/etc/prometheus"

Map = dict[str, Any]


class PrometheusServer(pulumi.ComponentResource):
    """Installs Prometheus, or nothing when the configuration names one that exists.

    Attributes:
        ready: what judging depends on.
    """

    TYPE: Final = "canary:components:Prometheus"

    def __init__(
        self,
        name: str,
        *,
        config: Prometheus,
        traefik: Traefik,
        namespaces: Namespaces,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare it; `traefik` says where the metrics are."""
        super().__init__(self.TYPE, name, {}, opts)
        self.ready: list[pulumi.Resource] = []
        if config.install:
            self._install(name, config, traefik, namespaces)
        self.register_outputs({})

    def _install(
        self, name: str, config: Prometheus, traefik: Traefik, namespaces: Namespaces
    ) -> None:
        after = namespaces.of(config.namespace)
        self._targets(name, traefik, namespaces)
        settings = settings_text(config, traefik)
        # Named by its content: a change of it replaces the pod, and the old one is left as it was.
        settings_name = f"{PROMETHEUS}-{hashlib.sha256(settings.encode()).hexdigest()[:10]}"
        needs = [
            k8s.core.v1.ConfigMap(
                f"{name}-settings",
                metadata=metadata(settings_name, config.namespace, PROMETHEUS),
                data={"prometheus.yml": settings},
                opts=child(self, *after),
            ),
            k8s.core.v1.ServiceAccount(
                name,
                metadata=metadata(PROMETHEUS, config.namespace, PROMETHEUS),
                automount_service_account_token=False,
                opts=child(self, *after),
            ),
            *self._claim(name, config, after),
        ]
        deployment = k8s.apps.v1.Deployment(
            name,
            metadata=metadata(PROMETHEUS, config.namespace, PROMETHEUS),
            spec=deployment_spec(config, settings_name),
            opts=child(self, *needs),
        )
        k8s.core.v1.Service(
            name,
            metadata=metadata(PROMETHEUS, config.namespace, PROMETHEUS, SKIP_AWAIT),
            spec=service_spec(),
            opts=child(self, *after),
        )
        self.ready = [deployment]

    def _targets(self, name: str, traefik: Traefik, namespaces: Namespaces) -> None:
        """Declare the name under which Traefik's replicas are found, whoever installed them."""
        k8s.core.v1.Service(
            f"{name}-targets",
            metadata=metadata(TRAEFIK_METRICS, traefik.namespace, PROMETHEUS, SKIP_AWAIT),
            spec=metrics_service_spec(traefik),
            opts=child(self, *namespaces.of(traefik.namespace)),
        )

    def _claim(
        self, name: str, config: Prometheus, after: list[pulumi.Resource]
    ) -> list[pulumi.Resource]:
        """Declare a volume when asked for; not awaited, since it may wait for its first pod."""
        if config.storage is None:
            return []
        storage_class = config.storage.storage_class
        claim = k8s.core.v1.PersistentVolumeClaim(
            name,
            metadata=metadata(PROMETHEUS, config.namespace, PROMETHEUS, SKIP_AWAIT),
            spec={
                "accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": config.storage.size}},
                **({"storageClassName": storage_class} if storage_class else {}),
            },
            opts=child(self, *after),
        )
        return [claim]


def settings_text(config: Prometheus, traefik: Traefik) -> str:
    """Return prometheus.yml: every replica of Traefik, found and scraped at the same pace."""
    interval = _duration(config.scrape_interval)
    target = {
        "names": [f"{TRAEFIK_METRICS}.{traefik.namespace}.svc"],
        "type": "A",
        "port": traefik.metrics_port,
        "refresh_interval": interval,
    }
    settings = {
        "global": {"scrape_interval": interval, "scrape_timeout": interval},
        "scrape_configs": [{"job_name": "traefik", "dns_sd_configs": [target]}],
    }
    return yaml.safe_dump(settings, sort_keys=False)


def deployment_spec(config: Prometheus, settings_name: str) -> Map:
    """Return the Deployment's spec: one pod at a time, for two cannot share the data."""
    data: Map = {"persistentVolumeClaim": {"claimName": PROMETHEUS}}
    if config.storage is None:
        data = {"emptyDir": {}}
    return {
        "replicas": 1,
        "revisionHistoryLimit": 3,
        "strategy": {"type": "Recreate"},
        "selector": {"matchLabels": system_selector(PROMETHEUS)},
        "template": {
            "metadata": {"labels": system_labels(PROMETHEUS)},
            "spec": {
                "serviceAccountName": PROMETHEUS,
                "automountServiceAccountToken": False,
                "enableServiceLinks": False,
                "securityContext": pod_security(USER),
                "terminationGracePeriodSeconds": 60,
                "containers": [_container(config)],
                "volumes": [
                    {"name": "settings", "configMap": {"name": settings_name}},
                    {"name": "data", **data},
                ],
            },
        },
    }


def _container(config: Prometheus) -> Map:
    probe = {"port": "http", "path": "/-/ready"}
    return hardened(
        {
            "name": PROMETHEUS,
            "image": config.image or IMAGE,
            "args": [
                f"--config.file={SETTINGS}/prometheus.yml",
                f"--storage.tsdb.path={DATA}",
                f"--storage.tsdb.retention.time={_duration(config.retention)}",
                f"--web.listen-address=:{PROMETHEUS_PORT}",
            ],
            "ports": [{"name": "http", "containerPort": PROMETHEUS_PORT}],
            "readinessProbe": {"httpGet": probe, "periodSeconds": 1, "timeoutSeconds": 3},
            "livenessProbe": {
                "httpGet": {**probe, "path": "/-/healthy"},
                "periodSeconds": 10,
                "timeoutSeconds": 5,
                "failureThreshold": 6,
            },
            "resources": resources({"cpu": "100m", "memory": "256Mi"}, config.resources),
            "volumeMounts": [
                {"name": "settings", "mountPath": SETTINGS, "readOnly": True},
                {"name": "data", "mountPath": DATA},
            ],
        }
    )


def _duration(duration_s: float) -> str:
    """Return a duration as Prometheus writes it, which knows no fractions."""
    milliseconds = max(1, round(duration_s * 1000))
    return f"{milliseconds}ms" if milliseconds % 1000 else f"{milliseconds // 1000}s"


def service_spec() -> Map:
    """Return the Service's spec: inside the cluster only."""
    return {
        "type": "ClusterIP",
        "selector": system_selector(PROMETHEUS),
        "ports": [{"name": "http", "port": PROMETHEUS_PORT, "targetPort": "http"}],
    }
