"""What Traefik's replicas route right now, from the API that each of them has.

One request a replica tells everything about an app: its lists, its services, and which of their
servers are up. Absent on purpose: any cache, since a stale answer would confirm a lie.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from canary.adapters.cluster.access import Ask, Direct, Endpoint, PodAddress, pod_proxy
from canary.adapters.cluster.forward import Forwarded
from canary.adapters.cluster.kubernetes import Cluster
from canary.adapters.routes.lists import Lists, Object
from canary.adapters.routes.replica import Replica
from canary.core.record import Record
from canary.core.seen import Live
from canary.errors import TraefikError

_THREADS = 8

Endpoints = Callable[[], Sequence[Endpoint]]


@dataclass(frozen=True, slots=True, kw_only=True)
class TraefikPods:
    """Where Traefik's replicas are: the ready pods that `selector` picks, API on `port`."""

    namespace: str
    selector: str = "app.kubernetes.io/name=traefik"
    port: int = 8080

    def endpoints(self, cluster: Cluster) -> Sequence[Endpoint]:
        """The replicas, through the API server's pod proxy.

        Raises:
            ClusterError: the pods cannot be listed.
        """
        return [
            pod_proxy("Traefik", cluster, address, raises=TraefikError)
            for address in self.addresses(cluster)
        ]

    def addresses(self, cluster: Cluster) -> list[PodAddress]:
        """The API's port on every ready pod."""
        path = f"/api/v1/namespaces/{self.namespace}/pods"
        pods = cluster.list_(path, label_selector=self.selector)
        names = sorted(pod["metadata"]["name"] for pod in pods if _serves(pod))
        return [PodAddress(namespace=self.namespace, pod=name, port=self.port) for name in names]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one replica answered."""

    name: str
    services: tuple[Object, ...]


def forwarded_replicas(cluster: Cluster, pods: TraefikPods) -> Endpoints:
    """Replicas through port-forwards, which stay open between looks while their pod is ready."""
    open_: dict[PodAddress, Forwarded] = {}

    def endpoints() -> Sequence[Endpoint]:
        wanted = pods.addresses(cluster)
        for gone in set(open_) - set(wanted):
            open_.pop(gone).close()
        for address in wanted:
            if address not in open_:
                open_[address] = Forwarded("Traefik", cluster, address, raises=TraefikError)
        return [open_[address] for address in wanted]

    return endpoints


def direct_replicas(urls: Sequence[str]) -> Endpoints:
    """Replicas whose API this machine can reach; connections are kept between looks."""
    endpoints = [Direct("Traefik", url, raises=TraefikError) for url in urls]
    return lambda: endpoints


def _serves(pod: Object) -> bool:
    if pod["metadata"].get("deletionTimestamp"):
        return False
    conditions = pod.get("status", {}).get("conditions") or []
    return any(c.get("type") == "Ready" and c.get("status") == "True" for c in conditions)


class TrafficView:
    """Asks all replicas at once and compares; `asked` answers for a namespace and an app."""

    def __init__(
        self, endpoints: Endpoints, asked: Callable[[str, str], Sequence[Found]] | None = None
    ) -> None:
        self._asked = asked or (lambda *names: asked_replicas(endpoints, "-".join(names)))

    def compare(self, lists: Lists, record: Record) -> Live:
        """Whether every replica routes as `record` says; see the Router port.

        Raises:
            TraefikError: a replica did not answer twice: what it routes is unknown.
            ClusterError: the replicas cannot be listed.
        """
        try:
            replicas = self._ask(lists)
        except TraefikError as error:
            if not error.retryable:
                raise
            replicas = self._ask(lists)  # it may have been deleted meanwhile: list again
        if not replicas:
            return Live(confirmed=False, text="no pod of Traefik is ready")
        missing = [text for text in (replica.missing(record) for replica in replicas) if text]
        return Live(
            confirmed=not missing,
            versions=frozenset().union(*(replica.versions for replica in replicas)),
            text="; ".join(missing),
        )

    def _ask(self, lists: Lists) -> list[Replica]:
        found = self._asked(lists.namespace, lists.app)
        return [Replica(name=one.name, lists=lists, services=one.services) for one in found]


def asked_replicas(endpoints: Endpoints, search: str) -> Sequence[Found]:
    """What every replica knows about services that have `search` in their name.

    Raises:
        TraefikError: a replica did not answer.
        ClusterError: the replicas cannot be listed.
    """
    replicas = endpoints()
    if len(replicas) <= 1:
        return [_found(replica, search) for replica in replicas]
    with ThreadPoolExecutor(min(_THREADS, len(replicas))) as threads:
        return list(threads.map(lambda replica: _found(replica, search), replicas))


def _found(endpoint: Endpoint, search: str) -> Found:
    params = {"search": search, "per_page": "10000"}
    response = endpoint.request(Ask(path="/api/http/services", params=params))
    if response.status_code == 404:
        raise TraefikError(f"{endpoint.name} has no API there: start it with --api")
    try:
        services = response.json()
    except (ValueError, RecursionError):
        services = None
    if response.is_error or not isinstance(services, list):
        raise TraefikError(
            f"{endpoint.name} answered {response.status_code} instead of its services",
            retryable=response.status_code >= 500,
        )
    return Found(name=endpoint.name, services=tuple(services))
