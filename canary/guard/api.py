"""The API server, by the standard library: one request, one JSON answer, no repetition."""

from __future__ import annotations

import http.client
import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from canary.guard.decisions import Body
from canary.guard.errors import ApiError

TIMEOUT_S = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """Where it is and who we are; `token` is read for each request, since it is renewed in place.

    Every method raises ApiError.
    """

    url: str
    token: Callable[[], str]
    context: ssl.SSLContext | None = None

    def call(self, method: str, path: str, body: Body | None = None) -> Body:
        """One request and its JSON answer."""
        request = urllib.request.Request(  # noqa: S310 - the API server's address
            f"{self.url}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.token()}", "Content-Type": "application/json"},
        )
        handlers: list[Any] = [urllib.request.ProxyHandler({})]
        if self.context is not None:
            handlers.append(urllib.request.HTTPSHandler(context=self.context))
        opener = urllib.request.build_opener(*handlers)
        try:
            with opener.open(request, timeout=TIMEOUT_S) as answer:
                value = json.loads(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                raise ApiError(f"{method} {path}", error.code) from None
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise ApiError(f"{method} {path} ({type(error).__name__})") from None
        return value if isinstance(value, dict) else {}

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
        return list(self.call("GET", path).get("items") or [])
