"""NetworkPolicies: who may connect to Traefik's inner ports, Prometheus and the guard.

Only ports that users do not need are closed. The load tester has a policy of its own, in any case.
Absent on purpose: what Traefik and the guard may connect to, for that is every app, and an API
server whose address no rule can name.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import pulumi
import pulumi_kubernetes as k8s

from canary.components import traefik_specs
from canary.components.guard_specs import PORT as GUARD_PORT
from canary.components.namespaces import Namespaces
from canary.components.parts import child, metadata
from canary.config.stack import NetworkPolicies, Prometheus, StackConfig, Traefik
from canary.render.names import PROMETHEUS, PROMETHEUS_PORT, system_selector

DNS_PORT: Final = 53

Map = dict[str, Any]


class Policies(pulumi.ComponentResource):
    """Declares a policy for each of what this stack installs, or none unless it is asked for.

    `guard` is the guard's name and namespace, None where there is none.
    """

    TYPE: Final = "canary:components:Policies"

    def __init__(
        self,
        name: str,
        *,
        config: StackConfig,
        guard: tuple[str, str] | None,
        namespaces: Namespaces,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare it."""
        super().__init__(self.TYPE, name, {}, opts)
        for what, (where, spec) in policies(config, guard).items():
            k8s.networking.v1.NetworkPolicy(
                f"{name}-{what}",
                metadata=metadata(what, where, what),
                spec=spec,
                opts=child(self, *namespaces.of(where)),
            )
        self.register_outputs({})


def policies(config: StackConfig, guard: tuple[str, str] | None) -> dict[str, tuple[str, Map]]:
    """Return namespace and spec of each policy by the name of what it is about."""
    if not config.network_policies.install:
        return {}
    found: dict[str, tuple[str, Map]] = {}
    if config.traefik.install:
        found[traefik_specs.NAME] = (config.traefik.namespace, traefik_spec(config))
    if config.prometheus.install:
        found[PROMETHEUS] = (config.prometheus.namespace, prometheus_spec(config))
    if guard is not None:
        found[guard[0]] = (guard[1], guard_spec(guard[0], config.prometheus))
    return found


def traefik_spec(config: StackConfig) -> Map:
    """Return who may connect to Traefik: all to its entry points, few to metrics and the API.

    Entry points that `traefik.args` adds are closed: they want a policy of their own.
    """
    traefik = config.traefik
    users = [traefik_specs.WEB_PORT, traefik_specs.WEBSECURE_PORT]
    return {
        "podSelector": {"matchLabels": traefik_specs.pod_selector(traefik)},
        "policyTypes": ["Ingress"],
        "ingress": [
            {"ports": _ports(users)},
            {"from": [_scraper(config.prometheus)], "ports": _ports([traefik.metrics_port])},
            {"from": _system(config.network_policies), "ports": _ports([traefik.api_port])},
        ],
    }


def prometheus_spec(config: StackConfig) -> Map:
    """Return who may ask Prometheus, and that it asks Traefik and names alone."""
    return {
        "podSelector": {"matchLabels": system_selector(PROMETHEUS)},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [
            {
                "from": [{"podSelector": {}}, *_system(config.network_policies)],
                "ports": _ports([PROMETHEUS_PORT]),
            },
        ],
        "egress": [
            {"to": [_proxies(config.traefik)], "ports": _ports([config.traefik.metrics_port])},
            {"ports": [*_ports([DNS_PORT]), {"port": DNS_PORT, "protocol": "UDP"}]},
        ],
    }


def guard_spec(name: str, prometheus: Prometheus) -> Map:
    """Return who may ask the guard how it is; the kubelet of its node always may."""
    return {
        "podSelector": {"matchLabels": system_selector(name)},
        "policyTypes": ["Ingress"],
        "ingress": [{"from": [_within(prometheus.namespace)], "ports": _ports([GUARD_PORT])}],
    }


def _system(config: NetworkPolicies) -> list[Map]:
    """Whence an API server's proxy comes: the system's pods, or networks that are named."""
    networks = [{"ipBlock": {"cidr": network}} for network in config.allow_from]
    return [_within("kube-system"), *networks]


def _within(namespace: str) -> Map:
    return {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}}}


def _scraper(prometheus: Prometheus) -> Map:
    """Our Prometheus alone, or whatever is in the namespace of another one."""
    pods = {"podSelector": {"matchLabels": system_selector(PROMETHEUS)}}
    return _within(prometheus.namespace) | (pods if prometheus.install else {})


def _proxies(traefik: Traefik) -> Map:
    selector = {"matchLabels": traefik_specs.pod_selector(traefik)}
    return _within(traefik.namespace) | {"podSelector": selector}


def _ports(numbers: Iterable[int]) -> list[Map]:
    return [{"port": number, "protocol": "TCP"} for number in numbers]
