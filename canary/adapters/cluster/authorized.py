"""A dependency that wants a login, or sits behind a path: what every request to it carries besides.

The login is read when it is first needed and kept while it is accepted; a server that refuses it
(401, 403) makes it be read once more, since it may have been changed. Never in a message.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace

from canary.adapters import http
from canary.adapters.cluster.access import Ask, Endpoint
from canary.errors import ClusterError, PortError

_REFUSED = frozenset({401, 403})

Headers = Mapping[str, str]


class Authorized:
    """Implements `canary.adapters.cluster.access.Endpoint` over another one; thread-safe.

    `login` may raise ClusterError; `path` comes before that of every request.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        login: Callable[[], Headers],
        *,
        path: str = "",
        raises: type[PortError],
    ) -> None:
        self.name = endpoint.name
        self._endpoint = endpoint
        self._login = login
        self._path = path
        self._raises = raises
        self._lock = threading.Lock()
        self._kept: Headers | None = None

    def request(self, ask: Ask) -> http.Response:
        """Ask once, or twice where the login may have been changed; see Endpoint."""
        known = self._headers(stale=None)
        response = self._endpoint.request(self._asked(ask, known))
        if response.status_code not in _REFUSED:
            return response
        fresh = self._headers(stale=known)
        return response if fresh == known else self._endpoint.request(self._asked(ask, fresh))

    def _asked(self, ask: Ask, headers: Headers) -> Ask:
        return replace(
            ask, path=f"{self._path}{ask.path}", headers={**headers, **(ask.headers or {})}
        )

    def _headers(self, *, stale: Headers | None) -> Headers:
        """What is known, unless it is `stale`."""
        with self._lock:
            if self._kept is None or self._kept is stale:
                try:
                    self._kept = self._login()
                except ClusterError as error:
                    text = f"the login for {self.name} cannot be read: {error}"
                    raise self._raises(text, retryable=error.retryable) from error
            return self._kept
