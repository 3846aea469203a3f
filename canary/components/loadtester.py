"""The load tester: makes requests when a webhook asks for them.

It runs whatever command a caller sends, so nobody outside the cluster can reach it, and inside only
its neighbours and the system pods through which an API server forwards a proxied request.
"""

from __future__ import annotations

from typing import Any, Final

import pulumi
import pulumi_kubernetes as k8s

from canary.components.namespaces import Namespaces
from canary.components.parts import SKIP_AWAIT, child, hardened, metadata, resources
from canary.config.stack import Loadtester
from canary.render.hardening import pod_security
from canary.render.names import LOADTESTER, LOADTESTER_PORT, system_labels, system_selector

IMAGE: Final = "ghcr.io/fluxcd/flagger-loadtester:0.38.0"
USER: Final = 100  # the image's own
PORT: Final = 8080
LONGEST_TASK: Final = "1h"

Map = dict[str, Any]


class LoadTester(pulumi.ComponentResource):
    """Installs the load tester, or nothing when the configuration says so.

    Attributes:
        ready: what webhooks depend on.
    """

    TYPE: Final = "canary:components:LoadTester"

    def __init__(
        self,
        name: str,
        *,
        config: Loadtester,
        namespaces: Namespaces,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare it."""
        super().__init__(self.TYPE, name, {}, opts)
        self.ready: list[pulumi.Resource] = []
        if config.install:
            self._install(name, config, namespaces.of(config.namespace))
        self.register_outputs({})

    def _install(self, name: str, config: Loadtester, after: list[pulumi.Resource]) -> None:
        policy = k8s.networking.v1.NetworkPolicy(
            name,
            metadata=metadata(LOADTESTER, config.namespace, LOADTESTER),
            spec=policy_spec(config),
            opts=child(self, *after),
        )
        account = k8s.core.v1.ServiceAccount(
            name,
            metadata=metadata(LOADTESTER, config.namespace, LOADTESTER),
            automount_service_account_token=False,
            opts=child(self, *after),
        )
        deployment = k8s.apps.v1.Deployment(
            name,
            metadata=metadata(LOADTESTER, config.namespace, LOADTESTER),
            spec=deployment_spec(config),
            opts=child(self, policy, account),
        )
        k8s.core.v1.Service(
            name,
            metadata=metadata(LOADTESTER, config.namespace, LOADTESTER, SKIP_AWAIT),
            spec={
                "type": "ClusterIP",
                "selector": system_selector(LOADTESTER),
                "ports": [{"name": "http", "port": LOADTESTER_PORT, "targetPort": "http"}],
            },
            opts=child(self, *after),
        )
        self.ready = [deployment]


def policy_spec(config: Loadtester) -> Map:
    """Return who may connect to its one port: its own namespace, kube-system and named networks."""
    system = {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}
    networks = [{"ipBlock": {"cidr": network}} for network in config.allow_from]
    return {
        "podSelector": {"matchLabels": system_selector(LOADTESTER)},
        "policyTypes": ["Ingress"],
        "ingress": [
            {
                "from": [{"podSelector": {}}, {"namespaceSelector": system}, *networks],
                "ports": [{"port": PORT, "protocol": "TCP"}],
            },
        ],
    }


def deployment_spec(config: Loadtester) -> Map:
    """Return the Deployment's spec: one pod, which alone knows the gates that were opened."""
    return {
        "replicas": 1,
        "revisionHistoryLimit": 3,
        "selector": {"matchLabels": system_selector(LOADTESTER)},
        "template": {
            "metadata": {"labels": system_labels(LOADTESTER)},
            "spec": {
                "serviceAccountName": LOADTESTER,
                "automountServiceAccountToken": False,
                "enableServiceLinks": False,
                "securityContext": pod_security(USER),
                "containers": [_container(config)],
                "volumes": [{"name": "tmp", "emptyDir": {}}],
            },
        },
    }


def _container(config: Loadtester) -> Map:
    probe = {"httpGet": {"path": "/healthz", "port": "http"}, "timeoutSeconds": 5}
    return hardened(
        {
            "name": "loadtester",
            "image": config.image or IMAGE,
            "args": [f"-port={PORT}", "-log-level=info", f"-timeout={LONGEST_TASK}"],
            "ports": [{"name": "http", "containerPort": PORT}],
            "readinessProbe": {**probe, "periodSeconds": 2},
            "livenessProbe": {**probe, "periodSeconds": 10, "failureThreshold": 6},
            "resources": resources({"cpu": "10m", "memory": "64Mi"}, config.resources),
            "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108 - a mount
        }
    )
