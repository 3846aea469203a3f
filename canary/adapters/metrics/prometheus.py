"""Prometheus's instant query: one question, one result, and whatever is neither is an error.

Absent on purpose: what is asked, and what a result means; see its callers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from canary.adapters import http
from canary.adapters.cluster.access import Ask, Endpoint
from canary.errors import MetricsError, QueryError
from canary.redaction import one_line

LONGEST = 300  # characters of a message
_TYPES = frozenset({"scalar", "string", "vector", "matrix"})
# (status, errorType) of a query that nobody needs to ask again: Prometheus says so, and
# VictoriaMetrics from 1.150 on, whose type is the status once more.
_WRONG = ((400, "bad_data"), (400, "400"))
# What only evaluation found is mostly the data's fault (422): series that match twice, or too many
# of them. Only these texts are of the query itself: the first of VictoriaMetrics, before 1.150 of
# its parser too, the last of Prometheus. What is not known is asked again: to end a run for what
# would have passed is the worse mistake.
_NEVER = re.compile(
    r"unparsed data|cannot find the first token|cannot expand WITH expressions"
    r"|\bun(?:known|supported) func|unexpected number of args|expecting at least \d+ arg"
    r"|invalid (?:regular expression|(?:source|destination) label name) in label_(?:replace|join)\("
    r"|^invalid label name "
)
# VictoriaMetrics tells the whole query before what is wrong with it, which would then be cut off.
_REPEATED = re.compile(r'error when executing query="(?:[^"\\]|\\.)*" for \([^)]*\): ')
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
        says = _REPEATED.sub("", str(answer.get("error") or ""))
        if (status, answer.get("errorType")) in _WRONG or (status == 422 and _NEVER.search(says)):
            return QueryError(f"{self.name} refuses the query: {one_line(says, LONGEST)}")
        busy = status == 429 or status >= 500
        if says:
            return self._nonsense(f"refused ({status}): {says}", retryable=busy)
        if response.is_error:
            return self._nonsense(f"answered {status}: {http.excerpt(response)}", retryable=busy)
        return self._nonsense(f"does not answer as Prometheus does: {http.excerpt(response)}")

    def _nonsense(self, text: str, *, retryable: bool = False) -> MetricsError:
        return MetricsError(one_line(f"{self.name} {text}", LONGEST), retryable=retryable)
