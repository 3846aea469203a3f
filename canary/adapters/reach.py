"""How a webhook's URL is reached from where Pulumi runs.

`http://flagger-loadtester.test/` names a Service, which a machine outside the cluster cannot
resolve: it is asked through the API server's proxy if there is such a Service. Everything else is
asked directly. The API server is asked rather than the resolver, which may take its time to say no.
"""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable
from urllib.parse import SplitResult, urlsplit

from canary.adapters.access import Direct, Endpoint, ServiceAddress, service_proxy
from canary.adapters.kubernetes import Cluster
from canary.errors import ClusterError, HookError

_SERVICE = re.compile(r"(?P<service>[a-z0-9-]+)\.(?P<namespace>[a-z0-9-]+)(\.svc(\.[a-z0-9.-]+)?)?")
_WHAT = "its server"


def resolves(host: str, port: int) -> bool:
    """Whether this machine's resolver knows the host."""
    try:
        return bool(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    except (OSError, UnicodeError):
        return False


class Reach:
    """Finds the endpoint and the path for a URL; without a `cluster` everything is direct.

    Thread-safe. May block as long as the API server takes, so it is not for the loop. `known` asks
    the resolver where the API server does not let us look.
    """

    def __init__(
        self, cluster: Cluster | None = None, *, known: Callable[[str, int], bool] = resolves
    ) -> None:
        self._cluster = cluster
        self._known = known
        self._lock = threading.Lock()
        self._direct: dict[str, Direct] = {}

    def __call__(self, url: str) -> tuple[Endpoint, str]:
        """The endpoint, and path and query to ask it for."""
        parts = urlsplit(url)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        address = service_address(parts)
        if self._cluster is None or address is None:
            return self._at(parts), path
        if not self._is_service(self._cluster, address, parts):
            return self._at(parts), path
        return service_proxy(_WHAT, self._cluster, address, raises=HookError), path

    def _is_service(self, cluster: Cluster, address: ServiceAddress, parts: SplitResult) -> bool:
        path = f"/api/v1/namespaces/{address.namespace}/services/{address.service}"
        try:
            return cluster.find(path) is not None
        except ClusterError:
            return not self._known(parts.hostname or "", int(address.port))

    def _at(self, parts: SplitResult) -> Direct:
        base = f"{parts.scheme}://{parts.netloc}"
        with self._lock:
            if base not in self._direct:
                self._direct[base] = Direct(_WHAT, base, raises=HookError)
            return self._direct[base]


def service_address(parts: SplitResult) -> ServiceAddress | None:
    """The Service that a URL names as `<service>.<namespace>[.svc[.<cluster domain>]]`."""
    named = _SERVICE.fullmatch((parts.hostname or "").rstrip("."))
    if named is None:
        return None
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return ServiceAddress(
        namespace=named["namespace"], service=named["service"], port=port, scheme=parts.scheme
    )
