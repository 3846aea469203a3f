"""Prometheus's instant query: one question, one result, and whatever is neither is an error.

Absent on purpose: what is asked, and what a result means; see its callers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from canary.adapters import http
from canary.adapters.access import Ask, Endpoint
from canary.errors import MetricsError, QueryError
from canary.redaction import one_line

LONGEST = 300  # characters of a message
_TYPES = frozenset({"scalar", "string", "vector", "matrix"})
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class InstantQuery:
    """Asks one server; `timeout_s` None means the endpoint's default."""

    def __init__(self, endpoint: Endpoint, *, timeout_s: float | None = None) -> None:
        self.name = endpoint.name
        self._endpoint = endpoint
        self._timeout_s = timeout_s

    def result(self, promql: str, *wanted: str) -> Any:
        """The result of a query that yields one of the wanted types.

        Raises:
            MetricsError: retryable when Prometheus did not answer or was busy.
            QueryError: it answered, and the query is what is wrong.
        """
        return self.typed_result(promql, *wanted)[1]

    def typed_result(self, promql: str, *wanted: str) -> tuple[str, Any]:
        """The type ("scalar", "vector", "matrix") and the result; see `result`."""
        content = urlencode({"query": promql}).encode()
        ask = Ask(
            method="POST",
            path="/api/v1/query",
            content=content,
            headers=_FORM,
            timeout_s=self._timeout_s,
        )
        response = self._endpoint.request(ask)
        answer = http.json_of(response)
        data = answer.get("data")
        if response.is_error or answer.get("status") != "success" or not isinstance(data, dict):
            raise self._refused(response, answer)
        if warnings := answer.get("warnings"):
            # Part of the data is missing, and nothing says which part.
            raise self._nonsense(f"answered with warnings: {warnings}", retryable=True)
        kind = str(data.get("resultType"))
        if kind in wanted and "result" in data:
            return kind, data["result"]
        text = f"answered a {kind}, not a {' or '.join(wanted)}"
        if kind in _TYPES and kind not in wanted:  # a query's type is the same whatever the data
            raise QueryError(f"{self.name} {text}")
        raise self._nonsense(text)

    def _refused(self, response: http.Response, answer: Mapping[str, Any]) -> MetricsError:
        status = response.status_code
        if status == 400 and answer.get("errorType") == "bad_data":
            says = one_line(str(answer.get("error", "")), LONGEST)
            return QueryError(f"{self.name} refuses the query: {says}")
        busy = status == 429 or status >= 500
        if answer.get("error"):
            return self._nonsense(f"refused ({status}): {answer['error']}", retryable=busy)
        if response.is_error:
            return self._nonsense(f"answered {status}: {http.excerpt(response)}", retryable=busy)
        return self._nonsense(f"does not answer as Prometheus does: {http.excerpt(response)}")

    def _nonsense(self, text: str, *, retryable: bool = False) -> MetricsError:
        return MetricsError(one_line(f"{self.name} {text}", LONGEST), retryable=retryable)
