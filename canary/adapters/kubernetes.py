"""The API server, as the few verbs that a run needs.

Thread-safe: one pooled HTTP client for all apps. Reads and requests that were provably not carried
out are repeated a few times; a write whose fate is unknown is not, since only its caller can tell
by reading back. Absent on purpose: watches, typed objects, pagination.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from canary.adapters import http
from canary.adapters.kubeconfig import Login, Source
from canary.adapters.refusals import is_verdict, refusal
from canary.errors import ClusterError

FIELD_MANAGER = "canary"
MERGE_PATCH = "application/merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"

Object = dict[str, Any]

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
        self._login = login
        self._renew = renew
        self._timeout_s = timeout_s
        self._transport = transport
        self._pause = pause or threading.Event().wait
        self._lock = threading.Lock()
        self._client = self._open()
        self._demand: Callable[[], object] = _nothing
        self._retired: list[http.Client] = []

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
        return http.address(self._login.host)

    @property
    def context(self) -> str:
        """The context's name, for messages."""
        return self._login.context

    def fence(self, demand: Callable[[], object]) -> None:
        """From now on ask `demand` before every write; what it raises is raised instead.

        Events and what goes through the proxies are no writes.
        """
        self._demand = demand

    def close(self) -> None:
        """Close all connections."""
        for client in (self._client, *self._retired):
            client.close()

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

    def create(self, path: str, body: Object) -> Object:
        """Add to the collection at `path`; ConflictError when it exists."""
        return self._call("POST", path, body=body)

    def replace(self, path: str, body: Object) -> Object:
        """Replace one object; compare-and-swap when `body` carries a resourceVersion."""
        return self._call("PUT", path, body=body)

    def patch(self, path: str, body: Object, content_type: str = MERGE_PATCH) -> Object:
        """Merge into one object."""
        return self._call("PATCH", path, body=body, content_type=content_type)

    def apply(self, path: str, body: Object, *, force: bool = False) -> Object:
        """Server-side apply; ConflictError names the other field manager unless `force`."""
        params = {"force": "true"} if force else {}
        return self._call("PATCH", path, body=body, content_type=APPLY_PATCH, params=params)

    def delete(self, path: str, *, resource_version: str = "") -> None:
        """Delete one object; absent is fine, changed since `resource_version` is ConflictError."""
        body: Object = {"apiVersion": "v1", "kind": "DeleteOptions"}
        if resource_version:
            body["preconditions"] = {"resourceVersion": resource_version}
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
        call = _Call(
            method=method,
            path=path,
            params=params or {},
            content=content,
            headers=headers or {},
            timeout_s=timeout_s or self._timeout_s,
        )
        sent = self._exchange(call)
        for pause_s in _PAUSES_S:
            if not _repeatable(call, sent):
                break
            self._pause(min(_wanted_pause_s(sent, pause_s), call.timeout_s))
            sent = self._exchange(call)
        if isinstance(sent, http.Response):
            return sent
        raise ClusterError(
            f"the API server at {self.host} {http.complaint(sent, call.timeout_s)}; "
            f"is the context `{self.context}` right?",
            retryable=True,
        ) from sent

    def tunnel(self, namespace: str, pod: str, port: int) -> socket.socket:
        """A byte stream to a pod's port; the caller closes it."""
        return self._login.tunnel(f"/api/v1/namespaces/{namespace}/pods/{pod}", port)

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

    def _exchange(self, call: _Call) -> http.Response | http.TransportError:
        """Send once; with refused credentials once more after logging in anew."""
        login, client = self._login, self._client
        try:
            response = _send(client, login, call)
            if response.status_code != 401 or not is_verdict(response) or not self._renewed(login):
                return response
            return _send(self._client, self._login, call)
        except http.TransportError as error:
            return error

    def _renewed(self, refused: Login) -> bool:
        """Log in anew unless another thread just did; False when there is nothing to renew."""
        if self._renew is None:
            return False
        with self._lock:
            if self._login is refused:
                # Requests of other threads are still on the old client: it is closed at the end.
                self._retired.append(self._client)
                self._login = self._renew()
                self._client = self._open()
        return True

    def _open(self) -> http.Client:
        return http.client(
            base_url=self._login.host,
            timeout_s=self._timeout_s,
            verify=self._login.verify,
            transport=self._transport,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    method: str
    path: str
    params: Mapping[str, str]
    content: bytes | None
    headers: Mapping[str, str]
    timeout_s: float


def _nothing() -> None:
    """No fence."""


def _send(client: http.Client, login: Login, call: _Call) -> http.Response:
    token = login.token()
    return client.request(
        call.method,
        call.path,
        params=call.params or None,
        content=call.content,
        headers={**call.headers, **({"Authorization": token} if token else {})},
        timeout=http.timeouts(call.timeout_s),
        extensions={"sni_hostname": login.server_name} if login.server_name else None,
    )


def _parameters(method: str, params: Mapping[str, str] | None) -> Mapping[str, str]:
    if method in ("GET", "DELETE"):
        return params or {}
    return {"fieldManager": FIELD_MANAGER, **(params or {})}


def _repeatable(call: _Call, sent: http.Response | http.TransportError) -> bool:
    """Whether asking again is safe, useful and bounded: a timeout has used up its time."""
    if isinstance(sent, http.Response):
        return sent.status_code == 429 or (call.method == "GET" and sent.status_code in _BUSY)
    if http.timed_out(sent):
        return False
    return call.method == "GET" or http.never_sent(sent)


def _wanted_pause_s(sent: http.Response | http.TransportError, pause_s: float) -> float:
    if isinstance(sent, http.TransportError):
        return pause_s
    wanted = sent.headers.get("Retry-After", "")
    return max(pause_s, float(wanted)) if wanted.isdigit() else pause_s
