"""Traefik: the ingress that splits an app's traffic and counts what comes of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pulumi
import pulumi_kubernetes as k8s

from canary.components.crds import API_VERSION, TraefikCrds
from canary.components.namespaces import Namespaces
from canary.components.parts import SKIP_AWAIT, child, metadata
from canary.components.traefik_specs import (
    NAME,
    access_rules,
    deployment_spec,
    pod_selector,
    ready_route_spec,
    service_spec,
)
from canary.config.stack import Kubernetes, Traefik
from canary.render.names import system_labels

Rely = Sequence[pulumi.Resource]


class TraefikIngress(pulumi.ComponentResource):
    """Installs Traefik, or nothing when the configuration names one that exists.

    Attributes:
        ready: what traffic through Traefik depends on.
    """

    TYPE: Final = "canary:components:Traefik"

    def __init__(
        self,
        name: str,
        *,
        config: Traefik,
        kubernetes: Kubernetes,
        namespaces: Namespaces,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare it; `kubernetes` is how the definitions' end of life reaches the cluster."""
        super().__init__(self.TYPE, name, {}, opts)
        self.ready: list[pulumi.Resource] = []
        if config.install:
            access = kubernetes.model_dump(by_alias=True, exclude_none=True)
            crds = TraefikCrds(f"{name}-crds", access=access, opts=child(self))
            self._install(name, config, crds.definitions, namespaces.of(config.namespace))
        self.register_outputs({})

    def _install(self, name: str, config: Traefik, crds: Rely, namespace: Rely) -> None:
        needs = [*self._rbac(name, config.namespace, namespace), *crds]
        needs.append(self._ready_route(name, config.namespace, [*crds, *namespace]))
        deployment = k8s.apps.v1.Deployment(
            name,
            metadata=metadata(NAME, config.namespace, NAME),
            spec=deployment_spec(config),
            opts=child(self, *needs),
        )
        # A load balancer's address is worth waiting for; nothing else about a Service is.
        annotations = {} if config.service_type == "LoadBalancer" else SKIP_AWAIT
        k8s.core.v1.Service(
            name,
            metadata=metadata(
                NAME, config.namespace, NAME, {**annotations, **config.service_annotations}
            ),
            spec=service_spec(config),
            opts=child(self, *namespace),
        )
        k8s.policy.v1.PodDisruptionBudget(
            name,
            metadata=metadata(NAME, config.namespace, NAME),
            spec={"maxUnavailable": 1, "selector": {"matchLabels": pod_selector(config)}},
            opts=child(self, *namespace),
        )
        self.ready = [deployment]

    def _rbac(self, name: str, namespace: str, after: Rely) -> list[pulumi.Resource]:
        """Allow Traefik to read what it watches; cluster-scoped names carry the stack."""
        cluster_name = f"{namespace}-{NAME}-{pulumi.get_stack()}"
        labelled = {"name": cluster_name, "labels": system_labels(NAME)}
        account = k8s.core.v1.ServiceAccount(
            name, metadata=metadata(NAME, namespace, NAME), opts=child(self, *after)
        )
        role = k8s.rbac.v1.ClusterRole(
            name, metadata=labelled, rules=access_rules(), opts=child(self)
        )
        binding = k8s.rbac.v1.ClusterRoleBinding(
            name,
            metadata=labelled,
            role_ref={
                "apiGroup": "rbac.authorization.k8s.io",
                "kind": "ClusterRole",
                "name": cluster_name,
            },
            subjects=[{"kind": "ServiceAccount", "name": NAME, "namespace": namespace}],
            opts=child(self, role, account),
        )
        return [account, binding]

    def _ready_route(self, name: str, namespace: str, after: Rely) -> pulumi.Resource:
        """Route /ping as users' requests are routed: it answers once the routes are loaded."""
        route: pulumi.Resource = k8s.apiextensions.CustomResource(
            f"{name}-ready",
            api_version=API_VERSION,
            kind="IngressRoute",
            metadata=metadata("traefik-ready", namespace, NAME),
            spec=ready_route_spec(),
            opts=child(self, *after),
        )
        return route
