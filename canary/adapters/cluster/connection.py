"""The pooled connections to one API server, and who we are to it: one for all runs of a process.

Absent on purpose: what is asked, and whether it may be asked again (`kubernetes`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from canary.adapters import http
from canary.adapters.clock import SystemClock
from canary.adapters.cluster.kubeconfig import Login
from canary.adapters.cluster.refusals import is_verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request."""

    method: str
    path: str
    params: Mapping[str, str]
    content: bytes | None
    headers: Mapping[str, str]
    timeout_s: float


class Connection:
    """Sends; thread-safe. With refused credentials it logs in anew, once for all threads."""

    def __init__(
        self,
        login: Login,
        *,
        renew: Callable[[], Login] | None = None,
        timeout_s: float = 5.0,
        transport: http.BaseTransport | None = None,
        clock: SystemClock | None = None,
    ) -> None:
        self.login = login
        self._renew = renew
        self._timeout_s = timeout_s
        self._transport = transport
        self._clock = clock or SystemClock()
        self._told_s: tuple[float, float] | None = None  # the server's clock, and ours then
        self._lock = threading.Lock()
        self._client = self._open()
        self._retired: list[http.Client] = []

    def exchange(self, call: Call) -> http.Response | http.TransportError:
        """Send once; with refused credentials once more after logging in anew."""
        login, client = self.login, self._client
        try:
            response = self._send(client, login, call)
            if response.status_code != 401 or not is_verdict(response) or not self._renewed(login):
                return response
            return self._send(self._client, self.login, call)
        except http.TransportError as error:
            return error

    def wall_s(self) -> float:
        """Unix seconds by the server's clock, which need not be this machine's."""
        if self._told_s is None:
            return self._clock.wall_s()
        server_s, at_s = self._told_s
        return server_s + self._clock.now_s() - at_s

    def close(self) -> None:
        """Close all of them."""
        for client in (self._client, *self._retired):
            client.close()

    def _send(self, client: http.Client, login: Login, call: Call) -> http.Response:
        token = login.token()
        response = client.request(
            call.method,
            call.path,
            params=call.params or None,
            content=call.content,
            headers={**call.headers, **({"Authorization": token} if token else {})},
            timeout=http.timeouts(call.timeout_s),
            extensions={"sni_hostname": login.server_name} if login.server_name else None,
        )
        told_s = http.sent_at(response)
        if told_s is not None:
            self._told_s = (told_s, self._clock.now_s())
        return response

    def _renewed(self, refused: Login) -> bool:
        """Log in anew unless another thread just did; False when there is nothing to renew."""
        if self._renew is None:
            return False
        with self._lock:
            if self.login is refused:
                # Requests of other threads are still on the old client: it is closed at the end.
                self._retired.append(self._client)
                self.login = self._renew()
                self._client = self._open()
        return True

    def _open(self) -> http.Client:
        return http.client(
            base_url=self.login.host,
            timeout_s=self._timeout_s,
            verify=self.login.verify,
            transport=self._transport,
        )
