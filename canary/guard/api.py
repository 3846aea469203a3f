"""The API server, by the standard library: one connection, one request at a time.

The connection is kept: to open one for each look costs more than all the rest of it. Nothing is
repeated but a read whose connection the server had closed meanwhile.
"""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from canary.guard.decisions import Body
from canary.guard.errors import ApiError

TIMEOUT_S = 3.0
KINDS = {"PATCH": "application/merge-patch+json"}


@dataclass(slots=True, kw_only=True)
class Api:
    """Where it is and who we are; `token` is read for each request, since it is renewed in place.

    Not thread-safe. Every method raises ApiError.
    """

    url: str
    token: Callable[[], str]
    context: ssl.SSLContext | None = None
    kept: http.client.HTTPConnection | None = field(default=None, init=False)

    def call(self, method: str, path: str, body: Body | None = None) -> Body:
        """One request and its JSON answer."""
        data = None if body is None else json.dumps(body).encode()
        again = method == "GET" and self.kept is not None
        try:
            status, answer = self._exchange(method, path, data)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            if not again:
                raise ApiError(f"{method} {path} ({type(error).__name__})") from None
            return self.call(method, path, body)
        if status >= 300:
            raise ApiError(f"{method} {path}", status)
        try:
            value = json.loads(answer)
        except ValueError as error:
            raise ApiError(f"{method} {path} ({type(error).__name__})") from None
        return value if isinstance(value, dict) else {}

    def _exchange(self, method: str, path: str, data: bytes | None) -> tuple[int, bytes]:
        if self.kept is None:
            self.kept = self._connection()
        headers = {
            "Authorization": f"Bearer {self.token()}",
            "Content-Type": KINDS.get(method, "application/json"),
        }
        self.kept.request(method, path, body=data, headers=headers)
        response = self.kept.getresponse()
        answer = response.read()  # closes the connection, if that is what the server said
        return response.status, answer

    def _connection(self) -> http.client.HTTPConnection:
        parts = urlsplit(self.url)
        host = parts.hostname or ""
        if parts.scheme == "https":
            return http.client.HTTPSConnection(
                host, parts.port, timeout=TIMEOUT_S, context=self.context
            )
        return http.client.HTTPConnection(host, parts.port, timeout=TIMEOUT_S)

    def close(self) -> None:
        """Give the connection up; the next request opens another."""
        if self.kept is not None:
            self.kept.close()
            self.kept = None

    def find(self, path: str) -> Body | None:
        """One object, freshly read; None when there is none."""
        try:
            return self.call("GET", path)
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def items(self, path: str) -> list[Body]:
        """The items of a collection, freshly read."""
        found: list[Any] = self.call("GET", path).get("items") or []
        return found
