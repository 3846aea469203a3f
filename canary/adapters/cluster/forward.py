"""A dependency behind a port-forward of the API server's, for roles that may not use its proxy.

No listener is opened on this machine: the HTTP client's connections are the forwarded streams.
Every new connection looks for a ready pod again, so that a restarted one is found.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from typing import Any

from canary.adapters import http
from canary.adapters.cluster import symptoms
from canary.adapters.cluster.access import Ask, PodAddress, ServiceAddress
from canary.adapters.cluster.kubernetes import Cluster, Object
from canary.errors import ClusterError, PortError


class Forwarded:
    """An Endpoint behind a port-forward to a Service's ready pod, or to one pod."""

    def __init__(
        self,
        what: str,
        cluster: Cluster,
        address: ServiceAddress | PodAddress,
        *,
        raises: type[PortError],
        timeout_s: float = 5.0,
    ) -> None:
        self.name = f"{what} ({_label(address)})"
        self._raises = raises
        self._timeout_s = timeout_s
        self._client = http.client(
            base_url="http://forwarded",
            timeout_s=timeout_s,
            transport=http.transport_over(_connector(cluster, address)),
        )

    def close(self) -> None:
        """Close the streams; the endpoint is of no use any more."""
        self._client.close()

    def request(self, ask: Ask) -> http.Response:
        """Ask once; see Endpoint."""
        bound_s = ask.timeout_s or self._timeout_s
        try:
            return ask.of(self._client, bound_s)
        except ClusterError as error:
            text = f"{self.name} cannot be asked: {error}"
            raise self._raises(text, retryable=error.retryable) from error
        except http.TransportError as error:
            text = f"{self.name} {http.complaint(error, bound_s)}"
            raise self._raises(text, retryable=True) from error


def _label(address: ServiceAddress | PodAddress) -> str:
    if isinstance(address, PodAddress):
        return f"pod {address.namespace}/{address.pod}"
    return f"service {address.namespace}/{address.service}"


def _connector(
    cluster: Cluster, address: ServiceAddress | PodAddress
) -> Callable[[], socket.socket]:
    def connect() -> socket.socket:
        pod = address if isinstance(address, PodAddress) else pod_behind(cluster, address)
        return cluster.tunnel(pod.namespace, pod.pod, pod.port)

    return connect


def pod_behind(cluster: Cluster, address: ServiceAddress) -> PodAddress:
    """A ready pod of a Service, and the container port that the Service's port means there.

    Raises:
        ClusterError: no such Service or port, or no pod is ready.
    """
    core = f"/api/v1/namespaces/{address.namespace}"
    service = cluster.read(f"{core}/services/{address.service}")
    selector = service["spec"].get("selector") or {}
    labels = ",".join(f"{key}={value}" for key, value in sorted(selector.items()))
    pods = cluster.list_(f"{core}/pods", label_selector=labels) if labels else []
    ready = [p for p in pods if symptoms.is_ready(p) and not symptoms.is_terminating(p)]
    if not ready:
        raise ClusterError("it has no ready pod", retryable=True)
    pod = min(ready, key=lambda body: str(body["metadata"]["name"]))
    port = _container_port(pod, _target(service, address))
    return PodAddress(namespace=address.namespace, pod=pod["metadata"]["name"], port=port)


def _target(service: Object, address: ServiceAddress) -> int | str:
    for port in service["spec"].get("ports") or []:
        if address.port in (port.get("port"), port.get("name")):
            target: int | str = port.get("targetPort") or port["port"]
            return target
    raise ClusterError(f"service {address.service} has no port {address.port}")


def _container_port(pod: Mapping[str, Any], target: int | str) -> int:
    if isinstance(target, int):
        return target
    for container in pod.get("spec", {}).get("containers") or []:
        for port in container.get("ports") or []:
            if port.get("name") == target:
                return int(port["containerPort"])
    raise ClusterError(f"pod {pod['metadata']['name']} has no port named {target}")
