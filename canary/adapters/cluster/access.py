"""How a dependency is reached: directly, or through the API server's proxy to a Service or pod.

An endpoint answers with whatever the dependency says, 500s included; it raises only when the
dependency could not be asked. Reading the answer is its caller's business.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlencode

from canary.adapters import http
from canary.adapters.cluster.kubernetes import Cluster
from canary.adapters.cluster.refusals import is_verdict, refusal
from canary.errors import ClusterError, PortError


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One request; `path` starts with a slash, `timeout_s` None means the endpoint's default.

    `secret` are parameters that are added to the path's own query; no text ever holds them.
    """

    method: str = "GET"
    path: str
    params: Mapping[str, str] | None = None
    secret: Mapping[str, str] | None = None
    content: bytes | None = None
    headers: Mapping[str, str] | None = None
    timeout_s: float | None = None

    def of(self, client: http.Client, bound_s: float) -> http.Response:
        """Send it once, with so many seconds for the answer.

        Raises:
            http.TransportError: there was none.
        """
        return client.request(
            self.method,
            self._with_secret,
            params=self.params,
            content=self.content,
            headers=self.headers,
            timeout=http.timeouts(bound_s),
        )

    @property
    def _with_secret(self) -> str:
        mark = "&" if "?" in self.path else "?"
        return f"{self.path}{mark}{urlencode(self.secret)}" if self.secret else self.path


class Endpoint(Protocol):
    """A dependency that can be asked."""

    @property
    def name(self) -> str:
        """What it is called in messages, e.g. "Prometheus (service monitoring/prometheus)"."""

    def request(self, ask: Ask) -> http.Response:
        """Ask once.

        Raises:
            PortError: of the kind the endpoint was made with; there was no answer.
        """


class Direct:
    """A dependency at a URL that this machine can reach."""

    def __init__(
        self,
        what: str,
        url: str,
        *,
        raises: type[PortError],
        timeout_s: float = 5.0,
        verify: ssl.SSLContext | bool = True,
        transport: http.BaseTransport | None = None,
    ) -> None:
        self.name = f"{what} ({http.address(url)})"
        self._raises = raises
        self._timeout_s = timeout_s
        self._client = http.client(
            base_url=url, timeout_s=timeout_s, verify=verify, transport=transport
        )

    def request(self, ask: Ask) -> http.Response:
        """Ask once; see Endpoint."""
        bound_s = ask.timeout_s or self._timeout_s
        try:
            return ask.of(self._client, bound_s)
        except http.TransportError as error:
            text = f"{self.name} {http.complaint(error, bound_s)}"
            raise self._raises(text, retryable=True) from error


class Proxied:
    """A dependency behind the API server's proxy; `target` is its API path without "/proxy"."""

    def __init__(
        self, what: str, cluster: Cluster, target: str, *, raises: type[PortError]
    ) -> None:
        self.name = what
        self._cluster = cluster
        self._target = target
        self._raises = raises

    def request(self, ask: Ask) -> http.Response:
        """Ask once; see Endpoint. What the API server itself refuses is an error.

        A login for the dependency is not sent: it would go out in place of ours, to the API server,
        or stand in its audit log.
        """
        if ask.secret:
            raise self._raises(
                f"{self.name} can be sent no secretQuery through the API server's proxy, which "
                "writes it into its audit log: set access.via to portForward or direct, or send "
                "a header"
            )
        if any(header.lower() == "authorization" for header in ask.headers or {}):
            raise self._raises(
                f"{self.name} can be sent no Authorization through the API server's proxy, which "
                "takes it for its own login: set access.via to portForward or direct, or send "
                "another header"
            )
        try:
            response = self._cluster.request(
                ask.method,
                f"{self._target}/proxy{ask.path}",
                params=ask.params,
                content=ask.content,
                headers=ask.headers,
                timeout_s=ask.timeout_s,
            )
        except ClusterError as error:
            raise self._raises(self._unasked(error, ask), retryable=error.retryable) from error
        if response.is_error and is_verdict(response):
            raise self._unreachable(response)
        return response

    def _unasked(self, error: ClusterError, ask: Ask) -> str:
        """Behind a proxy that answers, silence is the dependency's own far more often."""
        cause = error.__cause__
        if ask.timeout_s and isinstance(cause, http.TransportError) and http.timed_out(cause):
            within = http.complaint(cause, ask.timeout_s)
            return f"{self.name} {within} through the API server"
        return f"{self.name} cannot be asked: {error}"

    def _unreachable(self, response: http.Response) -> PortError:
        says = str(http.json_of(response).get("message", ""))
        if response.status_code == 503 and "no endpoints available" in says:
            return self._raises(f"{self.name} has no ready pod", retryable=True)
        if "error trying to reach service" in says:
            return self._raises(f"{self.name} refused the connection", retryable=True)
        error = refusal(
            response, path=self._target, host=self._cluster.host, context=self._cluster.context
        )
        return self._raises(f"{self.name} cannot be asked: {error}", retryable=error.retryable)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceAddress:
    """A port, by number or name, of a Service inside the cluster."""

    namespace: str
    service: str
    port: int | str
    scheme: str = "http"

    @property
    def target(self) -> str:
        """The API path that the proxy hangs under."""
        name = f"{self.scheme}:{self.service}:{self.port}"
        return f"/api/v1/namespaces/{self.namespace}/services/{name}"


def service_proxy(
    what: str, cluster: Cluster, address: ServiceAddress, *, raises: type[PortError]
) -> Proxied:
    """A Service through the API server's proxy."""
    name = f"{what} (service {address.namespace}/{address.service})"
    return Proxied(name, cluster, address.target, raises=raises)


@dataclass(frozen=True, slots=True, kw_only=True)
class PodAddress:
    """A port of one pod."""

    namespace: str
    pod: str
    port: int

    @property
    def target(self) -> str:
        """The API path that the proxy hangs under."""
        return f"/api/v1/namespaces/{self.namespace}/pods/http:{self.pod}:{self.port}"


def pod_proxy(
    what: str, cluster: Cluster, address: PodAddress, *, raises: type[PortError]
) -> Proxied:
    """One pod through the API server's proxy."""
    name = f"{what} (pod {address.namespace}/{address.pod})"
    return Proxied(name, cluster, address.target, raises=raises)
