"""How a webhook's URL is reached from where Pulumi runs.

`http://flagger-loadtester.test/` names a Service, which a machine outside the cluster cannot
resolve: it is reached through a door, if there is such a Service. Everything else is asked
directly. The API server is asked rather than the resolver, which may take its time to say no.
"""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable
from urllib.parse import SplitResult, urlsplit

from canary.adapters.cluster.access import Direct, Endpoint, ServiceAddress
from canary.adapters.cluster.kubernetes import Cluster
from canary.errors import ClusterError, HookError

_SERVICE = re.compile(r"(?P<service>[a-z0-9-]+)\.(?P<namespace>[a-z0-9-]+)(\.svc(\.[a-z0-9.-]+)?)?")
WHAT = "its server"

Door = Callable[[ServiceAddress], Endpoint | None]


def resolves(host: str, port: int) -> bool:
    """Whether this machine's resolver knows the host."""
    try:
        return bool(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    except (OSError, UnicodeError):
        return False


def into(
    cluster: Cluster,
    door: Callable[[ServiceAddress], Endpoint],
    *,
    known: Callable[[str, int], bool] = resolves,
) -> Door:
    """The door to Services that exist; `known` is asked where we may not look."""

    def opened(address: ServiceAddress) -> Endpoint | None:
        path = f"/api/v1/namespaces/{address.namespace}/services/{address.service}"
        try:
            exists = cluster.find(path) is not None
        except ClusterError:
            exists = not known(f"{address.service}.{address.namespace}", int(address.port))
        return door(address) if exists else None

    return opened


class Reach:
    """Finds the endpoint and the path for a URL; without a `door` everything is direct.

    Thread-safe. May block as long as the API server takes, so it is not for the loop. Endpoints
    are kept, so that their connections are.
    """

    def __init__(self, door: Door | None = None) -> None:
        self._door = door
        self._lock = threading.Lock()
        self._kept: dict[tuple[str, bool], Endpoint] = {}

    def __call__(self, url: str) -> tuple[Endpoint, str]:
        """The endpoint, and path and query to ask it for."""
        return self._reached(url, verified=True)

    def unverified(self, url: str) -> tuple[Endpoint, str]:
        """The same, but whatever certificate a server shows outside the cluster is trusted."""
        return self._reached(url, verified=False)

    def _reached(self, url: str, *, verified: bool) -> tuple[Endpoint, str]:
        parts = urlsplit(url)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        base = f"{parts.scheme}://{parts.netloc}"
        with self._lock:
            key = (base, verified)
            if key not in self._kept:
                direct = Direct(WHAT, base, raises=HookError, verify=verified)
                self._kept[key] = self._inside(parts) or direct
            return self._kept[key], path

    def _inside(self, parts: SplitResult) -> Endpoint | None:
        address = service_address(parts)
        return None if self._door is None or address is None else self._door(address)


def service_address(parts: SplitResult) -> ServiceAddress | None:
    """The Service that a URL names as `<service>.<namespace>[.svc[.<cluster domain>]]`."""
    named = _SERVICE.fullmatch((parts.hostname or "").rstrip("."))
    if named is None:
        return None
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return ServiceAddress(
        namespace=named["namespace"], service=named["service"], port=port, scheme=parts.scheme
    )
