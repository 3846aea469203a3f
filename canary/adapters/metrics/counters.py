"""Traefik's counters out of Prometheus: raw samples in one query, never a rate.

Whatever is not exactly what Prometheus promises is an error rather than a number: a wrong count
would be judged, a missing one only holds. Absent on purpose: arithmetic; see `canary.core.samples`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, Protocol

from canary.adapters.cluster.access import Endpoint
from canary.adapters.metrics.prometheus import LONGEST, InstantQuery
from canary.core.seen import Kind, Series, Side
from canary.errors import MetricsError
from canary.redaction import one_line

_KINDS: Mapping[str, Kind] = {
    "traefik_service_requests_total": Kind.REQUESTS,
    "traefik_service_request_duration_seconds_bucket": Kind.BUCKET,
    "traefik_config_reloads_total": Kind.RELOADS,
}
# A stream lasts as long as its reader likes, so its duration does not tell a quick version.
_STREAMS = frozenset({"websocket", "sse"})

Labels = Mapping[str, str]


class Source(Protocol):
    """Where the samples come from: one's own question, or a common one."""

    @property
    def name(self) -> str:
        """What the server is called in messages."""

    def time(self) -> Any:
        """Prometheus's clock, as it answers; raises MetricsError."""

    def rows(self, services: Collection[str], window_s: float) -> Any:
        """The matrix for these services and for Traefik itself; raises MetricsError."""


class Alone:
    """A Source that asks for one app."""

    def __init__(self, endpoint: Endpoint, *, timeout_s: float | None = None) -> None:
        self.name = endpoint.name
        self._server = InstantQuery(endpoint, timeout_s=timeout_s)

    def time(self) -> Any:
        """See Source."""
        return self._server.result("time()", "scalar")

    def rows(self, services: Collection[str], window_s: float) -> Any:
        """See Source."""
        return self._server.result(query(services, window_s), "matrix")


class PrometheusMetrics:
    """Implements `canary.ports.Metrics` for one app; `port` as the TraefikServices name it."""

    def __init__(self, source: Source, namespace: str, app: str, port: int | str) -> None:
        self._source = source
        self._namespace = namespace
        self._app = app
        self._port = port

    def now_s(self) -> float:
        """Prometheus's clock, unix seconds."""
        return _sample(self._source.time())[1]

    def samples(self, versions: Mapping[str, str], window_s: float) -> Sequence[Series]:
        """Every sample of the last `window_s` seconds; an absent or "" version has none.

        Raises:
            MetricsError: retryable when Prometheus did not answer or was busy.
        """
        sides = self._sides(versions)
        answer = self._source.rows(sides, window_s)
        if not isinstance(answer, list):
            raise MetricsError(f"{self._source.name} answered a matrix that is no list")
        rows = [(_labels(row), _points(row)) for row in answer]
        return [
            _series(labels, points, sides)
            for labels, points in _one_job_per_target(rows)
            if not (_is_bucket(labels) and labels.get("protocol") in _STREAMS)
        ]

    def _sides(self, versions: Mapping[str, str]) -> dict[str, Side]:
        """Traefik's service labels, and whose requests each of them counts."""
        primary, canary = versions.get("primary", ""), versions.get("canary", "")
        compared = versions.get("baseline") or primary
        named = (
            (canary, "", Side.CANARY),
            (compared, "", Side.PRIMARY),
            (primary, "-fallback", Side.FALLBACK),
        )
        return {self._label(version + end): side for version, end, side in named if version}

    def _label(self, version: str) -> str:
        return f"{self._namespace}-{self._app}-{version}-{self._port}@kubernetescrd"


def query(services: Iterable[str], window_s: float) -> str:
    """One selector for everything: a range cannot be combined with `or`.

    The last alternative is empty, which matches series without the label: the reload counter.
    """
    names = "|".join(_KINDS)
    alternatives = "|".join([*(_regex(service) for service in services), ""])
    matchers = f"__name__=~{_string(names)},service=~{_string(alternatives)}"
    return f"{{{matchers}}}[{max(1, round(window_s * 1000))}ms]"


def _regex(text: str) -> str:
    """`text` for RE2, taken literally; RE2 refuses a backslash before most other characters."""
    return re.sub(r"([\\.+*?()|\[\]{}^$])", r"\\\1", text)


def _string(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _labels(row: Any) -> Labels:
    labels = row.get("metric") if isinstance(row, dict) else None
    if not isinstance(labels, dict) or not all(isinstance(v, str) for v in labels.values()):
        raise MetricsError("Prometheus answered a series without labels")
    if labels.get("__name__") not in _KINDS or not labels.get("instance"):
        raise MetricsError(one_line(f"Prometheus answered a foreign series: {labels}", LONGEST))
    return labels


def _points(row: Mapping[str, Any]) -> tuple[tuple[float, float], ...]:
    values = row.get("values")
    if not isinstance(values, list) or not values:
        raise MetricsError("Prometheus answered a series without samples")
    points = tuple(_sample(value) for value in values)
    if any(later[0] <= earlier[0] for earlier, later in pairwise(points)):
        raise MetricsError("Prometheus answered samples out of order")
    return points


def _sample(value: Any) -> tuple[float, float]:
    """[seconds, "number"], both finite and not negative: counters and clocks are."""
    match value:
        case [float() | int() as at_s, str() as text] if not isinstance(at_s, bool):
            number = _number(text)
            if math.isfinite(at_s) and math.isfinite(number) and number >= 0:
                return float(at_s), number
    raise MetricsError(one_line(f"Prometheus answered {value!r}, which is no sample", LONGEST))


def _number(text: str) -> float:
    """NaN for whatever is no number."""
    try:
        return float(text)
    except ValueError:
        return math.nan


def _is_bucket(labels: Labels) -> bool:
    return _KINDS[labels["__name__"]] is Kind.BUCKET


def _one_job_per_target(
    rows: Sequence[tuple[Labels, tuple[tuple[float, float], ...]]],
) -> list[tuple[Labels, tuple[tuple[float, float], ...]]]:
    """A target that two jobs scrape would be counted twice: the first job's name wins."""
    jobs: dict[str, str] = {}
    for labels, _ in rows:
        target, job = labels["instance"], labels.get("job", "")
        jobs[target] = min(job, jobs.get(target, job))
    return [row for row in rows if row[0].get("job", "") == jobs[row[0]["instance"]]]


def _series(
    labels: Labels, points: tuple[tuple[float, float], ...], sides: Mapping[str, Side]
) -> Series:
    kind = _KINDS[labels["__name__"]]
    if kind is Kind.RELOADS:
        return Series(kind=kind, side=Side.PRIMARY, target=labels["instance"], points=points)
    side = sides.get(labels.get("service", ""))
    if side is None or not labels.get("code") or not labels.get("method"):
        raise MetricsError(one_line(f"Prometheus answered a foreign series: {labels}", LONGEST))
    return Series(
        kind=kind,
        side=side,
        target=labels["instance"],
        code=labels["code"],
        method=labels["method"],
        le_s=_edge_s(labels) if kind is Kind.BUCKET else 0.0,
        points=points,
    )


def _edge_s(labels: Labels) -> float:
    edge_s = _number(labels.get("le", ""))
    if math.isnan(edge_s):
        raise MetricsError(one_line(f"Prometheus answered a bucket without edge: {labels}", 300))
    return edge_s
