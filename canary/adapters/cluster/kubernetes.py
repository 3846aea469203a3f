"""The API server, as the few verbs that a run needs.

Thread-safe: one pooled HTTP client for all apps. Reads and requests that were provably not carried
out are repeated a few times; a write whose fate is unknown is not, since only its caller can tell
by reading back. Absent on purpose: watches, typed objects, pagination.
"""

from __future__ import annotations

import copy
import json
import socket
import threading
from collections.abc import Callable, Mapping
from typing import Any, Self

from canary.adapters import http
from canary.adapters.cluster.connection import Call, Connection
from canary.adapters.cluster.kubeconfig import Login, Source
from canary.adapters.cluster.refusals import refusal
from canary.errors import ClusterError

FIELD_MANAGER = "canary"
MERGE_PATCH = "application/merge-patch+json"

Object = dict[str, Any]
Lister = Callable[[str, str], list[Object]]

_PAUSES_S = (0.2, 0.6)  # before the second and the third attempt
_BUSY = frozenset({429, 500, 502, 503, 504})


class Cluster:
    """One API server and who we are to it.

    Paths are the API's own, e.g. "/api/v1/namespaces/test/services/podinfo". Every method raises
    ClusterError (`retryable` when the same call may succeed later) and writes may raise
    ConflictError; both say on one line what to do, and never show a credential.
    """

    def __init__(
        self,
        login: Login,
        *,
        renew: Callable[[], Login] | None = None,
        timeout_s: float = 5.0,
        transport: http.BaseTransport | None = None,
        pause: Callable[[float], object] | None = None,
    ) -> None:
        self._connection = Connection(login, renew=renew, timeout_s=timeout_s, transport=transport)
        self._timeout_s = timeout_s
        self._pause = pause or threading.Event().wait
        self._demand: Callable[[], object] = _nothing
        self._lister: Lister | None = None

    @classmethod
    def connect(
        cls,
        *,
        context: str = "",
        kubeconfig_path: str = "",
        kubeconfig_text: str = "",
        timeout_s: float = 5.0,
    ) -> Self:
        """Log in as a kubeconfig says (or the pod's account); no request is made.

        Raises:
            ClusterError: no such context, an unreadable kubeconfig, a failing credential plugin.
        """
        source = Source(context=context, path=kubeconfig_path, text=kubeconfig_text)
        return cls(source.login(), renew=source.login, timeout_s=timeout_s)

    @property
    def host(self) -> str:
        """The API server's address without credentials."""
        return http.address(self._connection.login.host)

    @property
    def context(self) -> str:
        """The context's name, for messages."""
        return self._connection.login.context

    def wall_s(self) -> float:
        """Unix seconds by the API server's clock, by which it says how old objects are."""
        return self._connection.wall_s()

    def fellow(self, lister: Lister | None = None) -> Cluster:
        """The same server over the same connections, for another run: with a fence of its own.

        `lister` answers `list_app` in its stead.
        """
        other = copy.copy(self)
        other._lister = lister  # noqa: SLF001
        other.fence(_nothing)
        return other

    def fence(self, demand: Callable[[], object]) -> None:
        """From now on ask `demand` before every write; what it raises is raised instead.

        Events and what goes through the proxies are no writes.
        """
        self._demand = demand

    def close(self) -> None:
        """Close all connections, those of fellows too."""
        self._connection.close()

    def read(self, path: str) -> Object:
        """One object; a missing one is a ClusterError with status 404."""
        return self._call("GET", path)

    def find(self, path: str) -> Object | None:
        """One object, None when there is none."""
        try:
            return self.read(path)
        except ClusterError as error:
            if error.status == 404:
                return None
            raise

    def list_(
        self, path: str, *, label_selector: str = "", field_selector: str = ""
    ) -> list[Object]:
        """The items of a collection."""
        selectors = {"labelSelector": label_selector, "fieldSelector": field_selector}
        params = {key: value for key, value in selectors.items() if value}
        return list(self._call("GET", path, params=params).get("items") or [])

    def list_app(self, path: str, app: str) -> list[Object]:
        """The items of a collection that carry an app's label."""
        if self._lister is not None:
            return self._lister(path, app)
        return self.list_(path, label_selector=f"app.kubernetes.io/name={app}")

    def create(self, path: str, body: Object) -> Object:
        """Add to the collection at `path`; ConflictError when it exists."""
        return self._call("POST", path, body=body)

    def replace(self, path: str, body: Object) -> Object:
        """Replace one object; compare-and-swap when `body` carries a resourceVersion."""
        return self._call("PUT", path, body=body)

    def patch(self, path: str, body: Object, content_type: str = MERGE_PATCH) -> Object:
        """Merge into one object."""
        return self._call("PATCH", path, body=body, content_type=content_type)

    def delete(self, path: str, *, resource_version: str = "", uid: str = "") -> None:
        """Delete one object; absent is fine, changed since `resource_version` is ConflictError.

        So is another one of its name, whose `uid` differs.
        """
        wanted = {"resourceVersion": resource_version, "uid": uid}
        found = {key: value for key, value in wanted.items() if value}
        conditions = {"preconditions": found} if found else {}
        body: Object = {"apiVersion": "v1", "kind": "DeleteOptions", **conditions}
        try:
            self._call("DELETE", path, body=body)
        except ClusterError as error:
            if error.status != 404:
                raise

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float | None = None,
    ) -> http.Response:
        """One exchange whatever its status, for proxies; only a missing answer raises."""
        call = Call(
            method=method,
            path=path,
            params=params or {},
            content=content,
            headers=headers or {},
            timeout_s=timeout_s or self._timeout_s,
        )
        sent = self._connection.exchange(call)
        for pause_s in _PAUSES_S:
            if not _repeatable(call, sent):
                break
            self._pause(min(_wanted_pause_s(sent, pause_s), call.timeout_s))
            sent = self._connection.exchange(call)
        if isinstance(sent, http.Response):
            return sent
        raise ClusterError(
            f"the API server at {self.host} {http.complaint(sent, call.timeout_s)}; "
            f"is the context `{self.context}` right?",
            retryable=True,
        ) from sent

    def tunnel(self, namespace: str, pod: str, port: int) -> socket.socket:
        """A byte stream to a pod's port; the caller closes it."""
        return self._connection.login.tunnel(f"/api/v1/namespaces/{namespace}/pods/{pod}", port)

    def _call(
        self,
        method: str,
        path: str,
        *,
        body: Object | None = None,
        content_type: str = "application/json",
        params: Mapping[str, str] | None = None,
    ) -> Object:
        if method != "GET":
            self._demand()
        response = self.request(
            method,
            path,
            params=_parameters(method, params),
            content=None if body is None else json.dumps(body).encode(),
            headers={} if body is None else {"Content-Type": content_type},
        )
        if response.is_error:
            raise refusal(response, path=path, host=self.host, context=self.context)
        answer = http.json_of(response)
        if not answer:
            raise ClusterError(f"{self.host} did not answer in JSON; is it an API server?")
        return answer


def _nothing() -> None:
    """No fence."""


def _parameters(method: str, params: Mapping[str, str] | None) -> Mapping[str, str]:
    if method in ("GET", "DELETE"):
        return params or {}
    return {"fieldManager": FIELD_MANAGER, **(params or {})}


def _repeatable(call: Call, sent: http.Response | http.TransportError) -> bool:
    """Whether asking again is safe, useful and bounded: a timeout has used up its time."""
    if isinstance(sent, http.Response):
        if call.method == "GET":
            return sent.status_code in _BUSY
        # Behind the proxy it is a server's own answer, and its caller's business.
        return sent.status_code == 429 and "/proxy/" not in call.path
    if http.timed_out(sent):
        return False
    return call.method == "GET" or http.never_sent(sent)


def _wanted_pause_s(sent: http.Response | http.TransportError, pause_s: float) -> float:
    if isinstance(sent, http.TransportError):
        return pause_s
    wanted = sent.headers.get("Retry-After", "")
    return max(pause_s, float(wanted)) if wanted.isdigit() else pause_s
