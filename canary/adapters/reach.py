"""How a webhook's URL is reached from where Pulumi runs.

`http://flagger-loadtester.test/` names a Service, which a machine outside the cluster cannot
resolve: it is then asked through the API server's proxy. Everything else is asked directly.
"""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable
from urllib.parse import SplitResult, urlsplit

from canary.adapters.access import Direct, Endpoint, ServiceAddress, service_proxy
from canary.adapters.kubernetes import Cluster
from canary.errors import HookError

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

    Thread-safe. May block as long as the resolver takes, so it is not for the loop.
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
        if self._known(parts.hostname or "", int(address.port)):
            return self._at(parts), path
        return service_proxy(_WHAT, self._cluster, address, raises=HookError), path

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
