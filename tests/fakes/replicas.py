"""Fake replicas of Traefik's API over a fake API server, in the shapes that Traefik 3.7 answers."""

from __future__ import annotations

from typing import Any

from tests.fakes.cluster import Answer, FakeCluster
from tests.fakes.objects import Object

PODS = "/api/v1/namespaces/{namespace}/pods"
PROVIDER = "@kubernetescrd"


class FakeReplica:
    """One pod of Traefik: routes what the TraefikServices say once it has looked.

    `up` are the Services that have ready endpoints. `frozen` keeps it on what it knows. `routed`
    is whether an IngressRoute uses the lists: only then does Traefik track servers.
    """

    def __init__(self, cluster: FakeCluster, pod: str, namespace: str = "traefik") -> None:
        self._cluster = cluster
        self.up: set[str] = set()
        self.frozen = False
        self.routed = True
        self.status = 200
        self._services: dict[str, Any] = {}
        cluster.put(PODS.format(namespace=namespace), _pod(pod))
        target = f"{PODS.format(namespace=namespace)}/http:{pod}:8080"
        cluster.backends[target] = self._answer

    def _answer(self, _method: str, path: str, query: dict[str, str], _body: bytes) -> Answer:
        if path != "/api/http/services" or self.status != 200:
            return self.status if self.status != 200 else 404, "404 page not found"
        if not self.frozen:
            self.reload()
        found = [body for name, body in sorted(self._services.items()) if query["search"] in name]
        return 200, found[: int(query["per_page"])]

    def reload(self) -> None:
        """Route as the TraefikServices say now."""
        self._services = self._routes()

    def _routes(self) -> dict[str, Any]:
        services: dict[str, Any] = {}
        for path, body in list(self._cluster.objects.by_path.items()):
            if "/traefikservices/" not in path:
                continue
            namespace = path.split("/")[5]
            self._add(services, namespace, body)
        return services

    def _add(self, services: dict[str, Any], namespace: str, body: Object) -> None:
        name, spec = f"{namespace}-{body['metadata']['name']}", body["spec"]
        entry: Object = {"name": name + PROVIDER, "status": "enabled", "provider": "kubernetescrd"}
        if "weighted" in spec:
            members = spec["weighted"]["services"]
            listed = [
                {"name": self._use(services, namespace, m), "weight": m["weight"]} for m in members
            ]
            entry |= {"type": "weighted", "weighted": {"services": listed}}
            entry |= {"usedBy": [f"{namespace}-route{PROVIDER}"]} if self.routed else {}
        elif "mirroring" in spec:
            mirroring = spec["mirroring"]
            mirrors = [
                {"name": self._use(services, namespace, m), "percent": m["percent"]}
                for m in mirroring["mirrors"]
            ]
            main = self._use(services, namespace, mirroring)
            entry |= {"type": "mirroring", "mirroring": {"service": main, "mirrors": mirrors}}
        else:
            failover = spec["failover"]
            pair = {
                key: self._use(services, namespace, failover[key])
                for key in ("service", "fallback")
            }
            entry |= {"type": "failover", "failover": {**pair, "errors": failover["errors"]}}
        services[entry["name"]] = entry

    def _use(self, services: dict[str, Any], namespace: str, member: Object) -> str:
        if member["kind"] == "TraefikService":
            return f"{namespace}-{member['name']}{PROVIDER}"
        label = f"{namespace}-{member['name']}-{member['port']}"
        servers = ["http://10.0.0.1:9898"] if member["name"] in self.up else []
        entry: Object = {
            "name": label + PROVIDER,
            "type": "loadbalancer",
            "status": "enabled",
            "loadBalancer": {"servers": [{"url": url} for url in servers]},
        }
        if self.routed and servers:
            entry["serverStatus"] = dict.fromkeys(servers, "UP")
        services[entry["name"]] = entry
        return label


def _pod(name: str) -> Object:
    return {
        "metadata": {"name": name, "labels": {"app.kubernetes.io/name": "traefik"}},
        "status": {"conditions": [{"type": "Ready", "status": "True"}]},
    }
